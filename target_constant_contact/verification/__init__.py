"""Which rows did not land, and why."""
