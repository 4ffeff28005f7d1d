"""Signing in: grants, tokens and their renewal."""
