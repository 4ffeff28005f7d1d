"""Everything that a run needs, looked at one thing after the other; nothing is sent."""
