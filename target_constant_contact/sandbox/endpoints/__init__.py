"""What the account answers over HTTP: the API, the sign-in, and pages for people."""
