"""Fixtures for the tests of imports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.imports import Case

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def make() -> Iterator[Callable[..., Case]]:
    """Make cases with options of the importer and of its waiting, and close them."""
    made: list[Case] = []

    def make(import_format: Any = "json", folder: Path | None = None, **waiting: Any) -> Case:
        made.append(Case(waiting, folder, import_format=import_format))
        return made[-1]

    yield make
    for item in made:
        item.close()


@pytest.fixture
def case(make: Callable[..., Case]) -> Case:
    return make()
