"""Fixtures for whole runs."""

from __future__ import annotations

import pytest

from tests.support.sweeping import Exports


@pytest.fixture
def exports(sandbox, tmp_path):
    return Exports(sandbox, tmp_path)


@pytest.fixture
def loaded(exports):
    """Forty people on the list, and two others who were there before."""
    assert exports.load(range(40)).exit_code == 0
    assert exports.sweep().exit_code == 0
    return exports
