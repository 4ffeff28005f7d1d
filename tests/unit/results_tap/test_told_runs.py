"""Which runs the tap tells, from which state on."""

from __future__ import annotations

import json
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from target_constant_contact.exceptions import TryLaterError
from target_constant_contact.reports.past_run import read_run
from target_constant_contact.reports.runs_in_order import PAGE, RunsInOrder
from target_constant_contact.results_tap import stream
from target_constant_contact.results_tap.streams import Destinations, Runs
from target_constant_contact.store.run_row import RunRow
from tests.support.results import Told, tell

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)


class Rows:
    """The runs of a store, as one process after the other writes them."""

    def __init__(self) -> None:
        self.clock = NOON
        self.known: dict[str, RunRow] = {}
        self.read: list[str] = []

    def begin(self, number: int, at: datetime) -> str:
        name = f"{at:%Y%m%dT%H%M%SZ}-{number:06x}"
        self.known[name] = RunRow(name, at.timestamp(), "pod", "/runs")
        return name

    def end(self, name: str, at: datetime) -> None:
        begun = read_run(self.known[name])
        times = {"started_at": begun.started_at.isoformat(), "ended_at": at.isoformat()}
        place = {"stream": "members", "lists": [], "read": 1}
        report = {"status": "completed", "totals": {}, "destinations": [place], **times}
        self.known[name] = RunRow(
            name, begun.started_at.timestamp(), "pod", "/runs", json.dumps(report)
        )

    def after(self, name: str, limit: int) -> list[RunRow]:
        found = [self.known[each] for each in sorted(self.known) if each > name][:limit]
        self.read += [row.run for row in found]
        return found

    def named(self, names: list[str]) -> list[RunRow]:
        return [self.known[name] for name in sorted(names) if name in self.known]

    def now(self) -> float:
        return self.clock.timestamp()


@pytest.fixture
def rows(monkeypatch: pytest.MonkeyPatch) -> Rows:
    return use(monkeypatch, Rows())


def use(monkeypatch: pytest.MonkeyPatch, rows: Rows) -> Rows:
    @contextmanager
    def opened(_place: Any) -> Any:
        yield RunsInOrder(rows)  # type: ignore[arg-type]

    monkeypatch.setattr(stream, "runs_in_order", opened)
    return rows


def statuses(told: Told) -> list[tuple[str, str]]:
    return [(record["run"], record["status"]) for record in told.records["runs"]]


def test_a_run_is_told_once(rows: Rows):
    name = rows.begin(1, NOON)
    rows.end(name, NOON + timedelta(minutes=1))

    first = tell()
    second = tell(first.state)

    assert statuses(first) == [(name, "completed")]
    assert first.runs("destinations") == [name]
    assert second.records == {}


def test_a_run_that_ends_after_others_that_began_later_is_told(rows: Rows):
    slow = rows.begin(1, NOON)
    quick = rows.begin(2, NOON + timedelta(minutes=1))
    rows.end(quick, NOON + timedelta(minutes=2))
    rows.clock = NOON + timedelta(hours=9)
    first = tell()
    rows.end(slow, NOON + timedelta(hours=9))
    second = tell(first.state)

    assert statuses(first) == [(slow, "unfinished"), (quick, "completed")]
    assert statuses(second) == [(slow, "completed")]
    assert second.state["bookmarks"]["runs"]["awaited"] == []


def test_of_two_runs_that_end_in_the_same_second_neither_is_lost(rows: Rows):
    ended = NOON + timedelta(minutes=1)
    one, other = rows.begin(1, NOON), rows.begin(2, NOON)
    rows.end(one, ended)
    first = tell()
    rows.end(other, ended)

    assert statuses(tell(first.state)) == [(other, "completed")]


def test_a_run_of_a_machine_whose_clock_is_slow_is_told(rows: Rows):
    rows.end(rows.begin(1, NOON), NOON)
    first = tell()
    slow = rows.begin(2, NOON - timedelta(minutes=50))
    rows.end(slow, NOON - timedelta(minutes=49))

    assert statuses(tell(first.state)) == [(slow, "completed")]


def test_a_run_that_was_killed_is_told_once_and_waited_for_until_it_is_deleted(rows: Rows):
    killed = rows.begin(1, NOON)
    first = tell()
    second = tell(first.state)
    del rows.known[killed]
    third = tell(second.state or first.state)

    assert statuses(first) == [(killed, "unfinished")]
    # A run without an end is nothing to warn of.
    assert "replication value" not in first.log
    assert second.records == third.records == {}
    assert first.state["bookmarks"]["runs"]["awaited"] == [killed]
    assert third.state["bookmarks"]["runs"]["awaited"] == []


def test_what_was_told_long_ago_is_neither_read_nor_named_again(rows: Rows):
    for number in range(120):
        at = NOON - timedelta(days=30) + timedelta(hours=number)
        rows.end(rows.begin(number, at), at)
    first = tell()
    rows.read.clear()
    late = rows.begin(999, NOON)
    rows.end(late, NOON)
    second = tell(first.state)

    assert len(first.runs()) == 120
    assert statuses(second) == [(late, "completed")]
    assert set(rows.read) == {late}
    assert first.state["bookmarks"]["runs"]["told"] == []


def test_what_is_interrupted_goes_on_from_the_last_state_and_loses_nothing(
    rows: Rows, monkeypatch: pytest.MonkeyPatch
):
    names = []
    for number in range(130):
        at = NOON - timedelta(days=9) + timedelta(minutes=number)
        names.append(rows.begin(number, at))
        rows.end(names[-1], at)
    monkeypatch.setattr(Destinations, "STATE_MSG_FREQUENCY", 10)
    monkeypatch.setattr(RunsInOrder, "pages", broken_off(RunsInOrder.pages))
    first = tell()
    monkeypatch.undo()
    use(monkeypatch, rows)
    second = tell(first.states[-1])

    assert first.exit_code == 75
    # One page is told again: it was not known to be whole.
    assert [*first.runs("destinations")[:PAGE], *second.runs("destinations")] == names
    assert len(first.runs("destinations")) == 2 * PAGE
    assert second.runs() == names


def test_wherever_the_output_is_cut_off_the_last_state_in_it_loses_no_run(
    rows: Rows, monkeypatch: pytest.MonkeyPatch
):
    names = [rows.begin(number, NOON - timedelta(days=1)) for number in range(PAGE + 5)]
    for number, name in enumerate(names):
        rows.end(name, NOON - timedelta(hours=number * 7 % 10))
    monkeypatch.setattr(Runs, "STATE_MSG_FREQUENCY", 3)
    messages = [json.loads(line) for line in tell().stdout.splitlines()]
    has_come: list[str] = []
    lost = set()
    for message in messages:
        if message["type"] == "RECORD" and message["stream"] == "runs":
            has_come.append(message["record"]["run"])
        elif message["type"] == "STATE":
            lost |= {*names} - {*has_come} - {*tell(message["value"]).runs()}

    assert lost == set()


def broken_off(pages: Any) -> Any:
    def broken(runs: RunsInOrder, after: str) -> Any:
        yield from islice(pages(runs, after), 2)
        raise TryLaterError("the server has gone away")

    return broken


def test_runs_before_the_start_date_are_left_out_by_their_end(rows: Rows):
    early = rows.begin(1, NOON - timedelta(days=3))
    rows.end(early, NOON - timedelta(days=3))
    long = rows.begin(2, NOON - timedelta(days=3))
    rows.end(long, NOON - timedelta(days=1))

    assert tell(start_date="2026-11-28").runs() == [long]


def test_a_start_date_to_come_that_is_corrected_has_passed_by_no_later_run(rows: Rows):
    first = tell(start_date="2099-01-01")
    late = rows.begin(1, NOON)
    rows.end(late, NOON)

    assert first.runs() == []
    assert tell(first.state).runs() == [late]


def test_a_state_that_has_only_a_time_means_the_runs_that_have_ended_since(rows: Rows):
    early = rows.begin(1, NOON - timedelta(days=3))
    rows.end(early, NOON - timedelta(days=3))
    late = rows.begin(2, NOON - timedelta(days=1))
    rows.end(late, NOON - timedelta(days=1))
    bookmark = {"replication_key": "ended_at", "replication_key_value": "2026-11-28T00:00:00Z"}

    assert tell({"bookmarks": {"runs": bookmark}}).runs() == [late]


def test_the_state_has_the_latest_end_of_a_run(rows: Rows):
    slow = rows.begin(1, NOON)
    rows.end(rows.begin(2, NOON + timedelta(seconds=1)), NOON + timedelta(minutes=1))
    rows.end(slow, NOON + timedelta(hours=2))

    bookmark = tell().state["bookmarks"]["runs"]

    assert bookmark["replication_key"] == "ended_at"
    assert bookmark["replication_key_value"] == "2026-11-29T14:00:00+00:00"


def test_a_name_that_is_none_of_a_run_is_passed_over(rows: Rows):
    rows.known["zzz"] = RunRow("zzz", 0.0, "pod", "/", "{}")
    rows.known["../../etc"] = RunRow("../../etc", 0.0, "pod", "/", "{}")
    name = rows.begin(1, NOON)
    rows.end(name, NOON)

    first = tell()

    assert first.runs() == [name]
    assert tell(first.state).records == {}


@pytest.mark.parametrize(
    "bookmark",
    [
        {"position": 5},
        {"position": "yesterday"},
        {"position": "", "told": 5},
        {"position": "", "awaited": ["x"]},
        {"position": "", "told": [5]},
        {"replication_key_value": "soon"},
        {"replication_key_value": 5},
    ],
)
def test_a_state_of_something_else_is_one_line_and_no_record(rows: Rows, bookmark: dict[str, Any]):
    rows.end(rows.begin(1, NOON), NOON)

    told = tell({"bookmarks": {"imports": bookmark}})

    assert told.exit_code == 78
    assert told.log.count("--state: the bookmark of stream 'imports' is none") == 1
    assert told.records == {}


_MINUTES = st.integers(min_value=0, max_value=600)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    runs=st.lists(st.tuples(_MINUTES, _MINUTES, st.integers(-14, 14)), max_size=12),
    looks=st.lists(_MINUTES, max_size=4),
)
def test_whenever_one_looks_each_run_that_has_ended_is_told_once(
    monkeypatch: pytest.MonkeyPatch, runs: list[tuple[int, int, int]], looks: list[int]
):
    """Machines with clocks of their own begin and end runs; the tap looks now and then."""
    rows = use(monkeypatch, Rows())
    names: dict[int, str] = {}
    told: list[tuple[str, str]] = []
    state: dict[str, Any] = {}
    happens = sorted(
        [(begun, 0, n) for n, (begun, _, _) in enumerate(runs)]
        + [(begun + lasted, 1, n) for n, (begun, lasted, _) in enumerate(runs)]
        + [(look, 2, 0) for look in [*looks, 2_000]]
    )
    for minute, what, number in happens:
        now = NOON + timedelta(minutes=minute)
        rows.clock = now
        # Each clock is up to 28 minutes beside that of another machine, which is less than an hour.
        by_its_clock = now + timedelta(minutes=runs[number][2] if runs and what < 2 else 0)
        if what == 0:
            names[number] = rows.begin(number, by_its_clock)
        elif what == 1:
            rows.end(names[number], by_its_clock)
        else:
            found = tell(state)
            state = found.state or state
            told += statuses(found)

    ended = [name for name, status in told if status == "completed"]
    unfinished = [name for name, status in told if status == "unfinished"]
    assert sorted(ended) == sorted(names.values())
    assert len(unfinished) == len(set(unfinished))
