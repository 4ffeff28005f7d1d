"""What was sent, on disk, and what of it may stand."""
