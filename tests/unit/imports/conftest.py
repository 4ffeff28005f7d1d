"""Fixtures for the tests of imports."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

import pytest

from target_constant_contact.waiting import Waiting
from tests.support.imports import Case

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from target_constant_contact.store.database import Database


OF_WAITING = {field.name for field in fields(Waiting)}


@pytest.fixture
def make() -> Iterator[Callable[..., Case]]:
    """Make cases with options of the importer and of its waiting, and close them."""
    made: list[Case] = []

    def make(database: Database | None = None, **options: Any) -> Case:
        waiting = {name: options.pop(name) for name in [*options] if name in OF_WAITING}
        made.append(Case(waiting, database, **options))
        return made[-1]

    yield make
    for item in made:
        item.close()


@pytest.fixture
def case(make: Callable[..., Case]) -> Case:
    return make()
