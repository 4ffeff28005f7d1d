"""Whoever shows a run can be taken out, and the run is the same."""

from __future__ import annotations

import re

import pytest

from target_constant_contact.events.kinds import (
    ImportSent,
    ImportSettled,
    ImportsPolled,
    ListSwept,
    RowsRejected,
    RunBegun,
    RunEnded,
    StreamMapped,
)
from target_constant_contact.listeners import registry
from target_constant_contact.sandbox import Fault
from tests.support.target import member, record, schema, state

ROWS = [schema(), *map(member, range(3)), record(EmailAddress="no address"), state(1)]
NAMES = [begin.__module__.rpartition(".")[2] for begin in registry.LISTENERS]


@pytest.mark.parametrize("left_out", range(len(NAMES)), ids=NAMES)
def test_a_run_is_the_same_without_any_one_of_them(export, sandbox, monkeypatch, left_out):
    others = [each for at, each in enumerate(registry.LISTENERS) if at != left_out]
    monkeypatch.setattr(registry, "LISTENERS", tuple(others))
    done = export(*ROWS, max_rejected_percent=100)
    assert done.exit_code == 0
    assert done.states == [1]
    assert {f"member{n}@example.com" for n in range(3)} <= set(sandbox.members("Newsletter"))


def test_a_run_is_told_from_its_beginning_to_its_end(export, told):
    export(*ROWS, max_rejected_percent=100)
    assert isinstance(told[0], RunBegun)
    assert isinstance(told[-1], RunEnded)
    (mapped,) = [event for event in told if isinstance(event, StreamMapped)]
    assert (mapped.stream, mapped.lists) == ("members", ("Newsletter",))
    assert mapped.sent.startswith("email <- EmailAddress")
    (sent,) = [event for event in told if isinstance(event, ImportSent)]
    (settled,) = [event for event in told if isinstance(event, ImportSettled)]
    assert sent.activity_id == settled.activity_id
    assert (sent.rows, settled.landed) == (3, 3)
    assert sum(event.rows for event in told if isinstance(event, RowsRejected)) == 1
    assert any(isinstance(event, ImportsPolled) for event in told)
    assert told[-1].document["totals"]["landed"] == 3
    assert told[-1].export == told[0].export == told[-1].document["export"]


def test_nothing_of_a_person_and_no_secret_is_told(export, told):
    export(*ROWS, max_rejected_percent=100)
    assert not re.search(r"member\d|no address", repr(told))
    assert "access_token" not in told[-1].document["settings"]


def test_the_end_of_a_run_that_fails_is_told_too(export, sandbox, told):
    sandbox.add_fault(Fault("POST", "/activities/contacts_json_import", action="quota_exceeded"))
    assert export(*ROWS).exit_code == 75
    assert (told[-1].status, told[-1].error is None) == ("failed", False)


def test_a_list_that_the_end_of_a_load_sweeps_is_told(export, told):
    settings = {"load_method": "overwrite", "overwrite_when": "end_of_input"}
    export(schema(), *map(member, range(12)), **settings)
    told.clear()
    assert export(schema(), *map(member, range(10)), **settings).exit_code == 0
    (swept,) = [event for event in told if isinstance(event, ListSwept)]
    assert (swept.list_name, swept.outcome, swept.taken_off) == ("Newsletter", "swept", 2)
