"""Fixtures for tests of the sandbox itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from target_constant_contact.sandbox import ManualClock, Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def clock() -> ManualClock:
    """The sandbox's time, which stands still unless it is moved on."""
    return ManualClock()


@pytest.fixture
def sandbox(clock: ManualClock) -> Iterator[Sandbox]:
    """An account as it is without settings, on that clock."""
    with Sandbox(clock=clock) as account:
        yield account
