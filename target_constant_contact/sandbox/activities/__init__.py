"""What the account works on: imports and exports, and what comes of each row."""
