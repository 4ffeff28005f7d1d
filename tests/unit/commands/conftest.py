"""Where commands find what is kept."""

from __future__ import annotations

import pytest
from cryptography.fernet import Fernet


@pytest.fixture(params=["file", "server"])
def store_url(request, monkeypatch):
    """The store of commands: a file in `data_dir` (None), and a database that variables name."""
    if request.param == "file":
        return None
    url = request.getfixturevalue("postgres").new_url()
    monkeypatch.setenv("TARGET_CONSTANT_CONTACT_STORE_URL", url)
    monkeypatch.setenv("TARGET_CONSTANT_CONTACT_STORE_KEY", Fernet.generate_key().decode())
    return url
