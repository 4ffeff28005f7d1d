"""How the account behaves: speed, faults, limits, and the log of its requests."""
