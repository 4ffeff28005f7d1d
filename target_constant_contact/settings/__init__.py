"""The settings: how they are declared, and how they are read."""
