"""The results of past runs as Singer streams, for a warehouse."""
