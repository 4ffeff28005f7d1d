"""Messages to people and programs about what has changed with a run."""
