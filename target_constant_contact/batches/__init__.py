"""Contacts packed into the bodies of import requests."""
