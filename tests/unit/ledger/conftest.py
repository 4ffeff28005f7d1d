"""Fixtures for the tests of the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.ledgers import Exports

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def exports(tmp_path: Path) -> Iterator[Exports]:
    made = Exports(tmp_path / "ledger" / "account")
    yield made
    for ledger in made.ledgers:
        ledger.close()
