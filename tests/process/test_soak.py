"""A run through trouble of every kind ends with the right account."""

from __future__ import annotations

from tests.process.soak import soak


def test_a_run_through_faults_of_every_kind_ends_as_if_there_were_none(tmp_path):
    """The large one is `python -m tests.process.soak`."""
    found = soak(tmp_path, rows=8_000, batch_rows=400, percent=30, seed=1)
    assert found.exit_code == 0, found.log
    assert found.same
    assert found.state == 8_000
    assert found.twice == 0
    assert "looking among the recent activities" in found.log
