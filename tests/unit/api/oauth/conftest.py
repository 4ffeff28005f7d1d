"""Stores of connections, on each database."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from target_constant_contact.store.cipher import Cipher
from target_constant_contact.store.postgres import PostgresServer
from target_constant_contact.store.sqlite import SqliteFile
from target_constant_contact.store.versions import prepare

KEY = Fernet.generate_key().decode()


@pytest.fixture
def opened():
    """Open a store: a file, or a database at a URL; closed at the end."""
    made = []

    def make(place, key=KEY):
        database = SqliteFile(place) if isinstance(place, Path) else PostgresServer(place)
        made.append(database)
        prepare(database)
        if database.kind == "postgresql":
            database.cipher = Cipher(key)
        return database

    yield make
    for each in made:
        each.close()


@pytest.fixture(params=["file", "server"])
def place(request, tmp_path):
    """An empty store, on each database."""
    if request.param == "server":
        return request.getfixturevalue("postgres").new_url()
    return tmp_path / "data" / "store.sqlite"
