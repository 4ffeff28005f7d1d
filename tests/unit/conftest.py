"""Fixtures for the tests of rooms that use a store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from target_constant_contact.store.sqlite import SqliteFile
from target_constant_contact.store.versions import prepare

if TYPE_CHECKING:
    from collections.abc import Iterator

    from target_constant_contact.store.database import Database


@pytest.fixture
def database() -> Iterator[Database]:
    """A store in memory, with its tables."""
    made = SqliteFile(None)
    prepare(made)
    yield made
    made.close()
