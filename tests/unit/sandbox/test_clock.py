"""The sandbox's clocks."""

from __future__ import annotations

import time
from types import SimpleNamespace

import pytest

from target_constant_contact.sandbox import FastClock, ManualClock
from target_constant_contact.sandbox.data import clock


def test_a_fast_clock_runs_so_many_times_as_fast(monkeypatch):
    real = ManualClock(100.0)
    monkeypatch.setattr(clock, "time", SimpleNamespace(monotonic=real))
    fast = FastClock(60, now=1_000.0)
    assert fast() == 1_000.0
    real.advance(2.5)
    assert fast() == 1_150.0


def test_a_fast_clock_begins_at_the_present_moment():
    assert abs(FastClock(1)() - time.time()) < 60


@pytest.mark.parametrize("speed", [0, -1, float("inf"), float("nan")])
def test_a_clock_that_does_not_run_forward_is_none(speed):
    with pytest.raises(ValueError, match="forward"):
        FastClock(speed)
