"""The commands beside the Singer command: what people need while setting up, and afterwards."""
