"""Sending imports and settling them, whatever becomes of an answer."""
