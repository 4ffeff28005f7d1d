"""What is written to the terminal, or to whatever else stands where one does."""
