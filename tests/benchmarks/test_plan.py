"""The benchmark of plans compares what it says."""

from __future__ import annotations

from benchmarks import plan


def test_a_tenth_is_new_and_a_tenth_has_changed(tmp_path, monkeypatch):
    monkeypatch.setattr(plan, "BATCH", 300)
    found = plan.measure(2_000, tmp_path)
    (one,) = found.planned.lists
    assert (one.before, one.people) == (2_000, 2_000)
    assert (one.added, one.updated, one.unchanged) == (200, 180, 1_620)
    assert one.changes == {"last_name": 180}
    assert one.not_compared == ()
    assert found.planned.effort.imports == 7
