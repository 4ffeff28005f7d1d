"""From a record to a contact."""
