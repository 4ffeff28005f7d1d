"""Fixtures for the tests of the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from target_constant_contact.store.postgres import PostgresServer
from target_constant_contact.store.sqlite import SqliteFile
from tests.support.ledgers import Exports

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def make_exports(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[Callable[[str], Exports]]:
    """Exports with their ledger in a store of a kind: memory, file or server."""
    made: list[Exports] = []

    def make(kind: str) -> Exports:
        if kind == "server":
            url = request.getfixturevalue("postgres").new_url()
            made.append(Exports(lambda **options: PostgresServer(url, **options)))
        else:
            path = tmp_path / "store.sqlite" if kind == "file" else None
            made.append(Exports(lambda **options: SqliteFile(path, **options)))
        return made[-1]

    yield make
    for each in made:
        for ledger in each.ledgers:
            ledger.close()
        each.database.close()


@pytest.fixture
def exports(make_exports: Callable[[str], Exports]) -> Exports:
    """Exports with their ledger in memory."""
    return make_exports("memory")
