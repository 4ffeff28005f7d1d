"""Stores for tests, closed at their end."""

from __future__ import annotations

import pytest

from target_constant_contact.store.postgres import PostgresServer
from target_constant_contact.store.sqlite import SqliteFile
from target_constant_contact.store.versions import prepare
from tests.support.stored import fill


@pytest.fixture
def opened():
    """Keep what a test has opened, to close it."""
    kept = []

    def keep(database):
        kept.append(database)
        return database

    yield keep
    for each in kept:
        each.close()


@pytest.fixture
def file(tmp_path):
    """The file of a store."""
    return tmp_path / "data" / "store.sqlite"


@pytest.fixture(params=["file", "server"])
def connect(request, opened, file):
    """Connect to one empty store, in a file and on a server."""
    if request.param == "file":
        return lambda **options: opened(SqliteFile(file, **options))
    url = request.getfixturevalue("postgres").new_url()
    schema = "my_store" if "schema" in request.param else None
    return lambda **options: opened(PostgresServer(url, schema, **options))


@pytest.fixture(params=["file", "server"])
def target(request, opened, tmp_path):
    """An empty store of either kind, to import into."""
    database = opened(
        SqliteFile(tmp_path / "target" / "store.sqlite")
        if request.param == "file"
        else PostgresServer(request.getfixturevalue("postgres").new_url())
    )
    return fill(database, {})


@pytest.fixture
def url(postgres):
    """A database of a server, without tables."""
    return postgres.new_url()


@pytest.fixture
def machine(url, opened):
    """Connect to one database with tables, as a machine of its own would."""

    def make(**options):
        made = opened(PostgresServer(url, **options))
        prepare(made)
        return made

    return make
