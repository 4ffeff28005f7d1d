"""Fixtures for whole runs."""

from __future__ import annotations

import pytest

from target_constant_contact.listeners import registry
from tests.support.plans import Plans
from tests.support.sweeping import Exports


@pytest.fixture
def exports(sandbox, tmp_path):
    return Exports(sandbox, tmp_path)


@pytest.fixture
def plan(sandbox, tmp_path):
    return Plans(sandbox, tmp_path)


@pytest.fixture
def told(monkeypatch):
    """All events of the runs of a test, in order."""
    events = []

    def listen(source, _settings, _database):
        source.listen(events.append)

    monkeypatch.setattr(registry, "LISTENERS", (*registry.LISTENERS, listen))
    return events


@pytest.fixture
def loaded(exports):
    """Forty people on the list, and two others who were there before."""
    assert exports.load(range(40)).exit_code == 0
    assert exports.sweep().exit_code == 0
    return exports
