"""One run of an export, from its first row to its end."""
