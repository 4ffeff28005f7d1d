"""What a run would change in the account, found out without changing anything."""
