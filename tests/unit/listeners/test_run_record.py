"""What the store knows of a run, where the store is gone."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from target_constant_contact.events.events import Events
from target_constant_contact.events.kinds import RunBegun, RunEnded
from target_constant_contact.exceptions import TryLaterError
from target_constant_contact.listeners import run_record
from target_constant_contact.store import database as database_room
from target_constant_contact.store import runs as runs_room
from target_constant_contact.store.database import PAUSES
from target_constant_contact.store.postgres import PostgresServer


@pytest.fixture
def waited():
    """The seconds that were waited for the server."""
    return []


BEGUN = RunBegun("a-run", "load", "key", "a-run", datetime.now(UTC))


def ended(*, failed: bool = False) -> RunEnded:
    error = "stopped" if failed else None
    return RunEnded("a-run", "load", "key", "a-run", "", error, 1.0, 1, {"requests": 1})


@pytest.fixture
def events(waited):
    """Those of a run whose store is on a server that is gone."""
    server = PostgresServer("postgresql://a:b@127.0.0.1:1/none", sleep=waited.append)
    events = Events()
    run_record.listen(events, SimpleNamespace(), server)
    yield events
    server.close()


@pytest.fixture
def begun(events, monkeypatch):
    """The same, gone since the run has begun."""
    with monkeypatch.context() as before:
        before.setattr(runs_room.RunRows, "put", lambda *_, **__: None)
        events.tell(BEGUN)
    return events


def test_a_run_does_not_begin_without_it(events):
    with pytest.raises(TryLaterError):
        events.tell(BEGUN)


@pytest.mark.parametrize(("failed", "pauses"), [(False, [*PAUSES]), (True, [])])
def test_the_end_is_one_warning_and_waits_only_where_there_is_time(
    begun, waited, caplog, failed, pauses
):
    begun.tell(ended(failed=failed))
    assert waited == pauses
    (line,) = caplog.messages
    assert line.startswith("The store does not have the report of this run: the store at 127.0.0.1")


def test_the_end_does_not_wait_for_a_minute_where_each_try_takes_long(begun, monkeypatch):
    """As where somebody holds the lock of the table for long: all rows have landed by then."""
    clock, tries = [0.0], []

    def held_up(*_):
        clock[0] += 10
        tries.append(clock[0])
        raise OSError

    monkeypatch.setattr(runs_room, "_put", held_up)
    monkeypatch.setattr(database_room, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    monkeypatch.setattr(PostgresServer, "_begun", lambda *_, **__: nullcontext())
    begun.tell(ended())
    assert tries == [10, 20]
