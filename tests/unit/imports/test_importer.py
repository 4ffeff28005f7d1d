"""The importer's own decisions, with a client that answers what the test says.

The way over real sockets is tested in tests/end_to_end.
"""

from __future__ import annotations

import tempfile
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from target_constant_contact.api.models import Activity
from target_constant_contact.batches.batch import Destination, ImportBatch
from target_constant_contact.exceptions import (
    ApiError,
    ImportFailedError,
    InterruptedRunError,
    LostAnswerError,
    QueueFullError,
    ServiceUnavailableError,
    TryLaterError,
)
from target_constant_contact.imports.importer import MAX_LOSSES, MAX_WAITING, Importer
from target_constant_contact.ledger.ledger import Ledger
from target_constant_contact.waiting import Waiting
from tests.support.waiting import AT_ONCE, stop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PLACE = Destination("members", ("list-a",))


def batch(number: int, rows: int = 2) -> ImportBatch:
    return ImportBatch(number, PLACE, None, rows, 0, b"{}", {f"k{number}": 1})


def activity(activity_id: str, state: str, **counters: int) -> Activity:
    return Activity(activity_id, state, counters)


class FakeClient:
    """Answers imports with activities a1, a2 ... and polls with what `states` says."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.polls: list[str] = []
        self.states: dict[str, Iterator[Activity | Exception]] = {}
        self.on_import: Callable[[int], None] = lambda _number: None
        self.listed: list[Activity] = []

    def import_json(self, body: bytes) -> Activity:
        self.on_import(len(self.sent) + 1)
        self.sent.append(f"json {body!r}")
        return activity(f"a{len(self.sent)}", "initialized")

    def import_csv(self, file: bytes, list_ids: Any, sms_permission_to_send: Any = None) -> Any:
        self.sent.append(f"csv {file!r} {list_ids} {sms_permission_to_send}")
        return activity(f"a{len(self.sent)}", "initialized")

    def activity(self, activity_id: str) -> Activity:
        self.polls.append(activity_id)
        answer = next(self.states.get(activity_id, iter(())), completed(activity_id))
        if isinstance(answer, Exception):
            raise answer
        return answer

    def recent_activities(self) -> list[Activity]:
        self.polls.append("recent")
        return self.listed


def completed(activity_id: str, rows: int = 2) -> Activity:
    return activity(activity_id, "completed", items_total_count=rows + 1, person_count=rows)


class Case:
    """An importer with its client and what it reported."""

    def __init__(self, waiting: dict[str, Any], **options: Any) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self.client = FakeClient()
        self.ledger_folder = Path(self._folder.name) / "account" / "export"
        self.ledger = Ledger(self.ledger_folder, "run")
        self.ledger.open(AT_ONCE)
        self.settled: list[tuple[int, int]] = []
        self.woken = threading.Event()
        self.importer = Importer(
            self.client,
            self.ledger,
            Waiting(**{"poll_seconds": (0.0,)} | waiting),
            on_settled=self._on_settled,
            on_failed=self.woken.set,
            **options,
        )

    def _on_settled(self, done: Any) -> None:
        self.settled.append((done.batch.number, done.settlement.landed))

    def close(self) -> None:
        self.importer.give_up(0)
        self.ledger.close()
        self._folder.cleanup()

    def run(self, *batches: ImportBatch) -> None:
        for item in batches:
            self.importer.submit(item)
        self.importer.finish()


@pytest.fixture
def make() -> Iterator[Callable[..., Case]]:
    """Make cases with options of the importer and of its waiting, and close them."""
    made: list[Case] = []

    def make(import_format: Any = "json", **waiting: Any) -> Case:
        made.append(Case(waiting, import_format=import_format))
        return made[-1]

    yield make
    for item in made:
        item.close()


@pytest.fixture
def case(make: Callable[..., Case]) -> Case:
    return make()


def test_every_batch_is_settled_before_the_run_is_finished(case):
    case.client.states["a1"] = iter([activity("a1", "processing"), completed("a1")])
    case.run(batch(1), batch(2))
    assert sorted(case.settled) == [(1, 2), (2, 2)]


def test_a_run_without_batches_is_finished_at_once(case):
    case.run()
    assert case.settled == []


def test_a_csv_import_carries_its_lists_and_permission(make):
    case = make(import_format="csv")
    case.run(ImportBatch(1, PLACE, "explicit", 2, 0, b"email", {"a": 1}))
    assert case.client.sent == ["csv b'email' ('list-a',) explicit"]


@pytest.mark.parametrize(
    ("state", "error"),
    [
        ("failed", ImportFailedError),
        ("cancelled", ImportFailedError),
        ("timed_out", TryLaterError),
    ],
)
def test_an_activity_that_ends_badly_fails_the_run_and_is_not_settled(case, state, error):
    case.client.states["a1"] = iter([activity("a1", state)])
    with pytest.raises(error, match=rf"a1 .*{state}.* 2 rows"):
        case.run(batch(1))
    assert case.settled == []
    assert case.woken.is_set()


def test_an_unknown_state_counts_as_unfinished(case):
    case.client.states["a1"] = iter([activity("a1", "dreaming"), completed("a1")])
    case.run(batch(1))
    assert case.client.polls == ["a1", "a1"]
    assert case.settled == [(1, 2)]


def test_an_activity_that_cannot_be_found_yet_is_asked_for_again(case):
    missing = ApiError("not found", status=404)
    case.client.states["a1"] = iter([missing, completed("a1")])
    case.run(batch(1))
    assert case.settled == [(1, 2)]


def test_another_error_of_a_poll_fails_the_run(case):
    case.client.states["a1"] = iter([ApiError("teapot", status=418)])
    with pytest.raises(ApiError, match="teapot"):
        case.run(batch(1))


def test_an_activity_that_takes_too_long_fails_the_run_as_try_later(make):
    ticks = iter(range(0, 100_000, 20))
    case = make(timeout_seconds=60, clock=lambda: float(next(ticks)))
    case.client.states["a1"] = iter([activity("a1", "processing")] * 100)
    with pytest.raises(TryLaterError, match=r"a1 .*within 1 minutes.*'processing'"):
        case.run(batch(1))


def test_an_activity_that_is_never_found_fails_the_run_as_try_later(make):
    ticks = iter(range(0, 100_000, 20))
    case = make(timeout_seconds=60, clock=lambda: float(next(ticks)))
    case.client.states["a1"] = iter([ApiError("not found", status=404)] * 100)
    with pytest.raises(TryLaterError, match="not found"):
        case.run(batch(1))


def test_several_activities_are_asked_for_with_one_request(case):
    gate = threading.Event()

    def on_import(number: int) -> None:
        if number == 2:
            gate.set()

    case.client.on_import = on_import
    case.importer._flights._poll_seconds = (0.3,)
    case.importer._flights._first_wait = 0.3
    case.client.listed = [completed("a1"), completed("a2")]
    case.run(batch(1), batch(2))
    assert gate.is_set()
    assert case.client.polls == ["recent"]


def test_an_activity_that_the_collection_does_not_show_is_asked_for_by_itself(case):
    case.importer._flights._poll_seconds = (0.3,)
    case.importer._flights._first_wait = 0.3
    case.client.listed = [completed("a1")]
    case.run(batch(1), batch(2))
    assert case.client.polls == ["recent", "a2"]
    assert sorted(case.settled) == [(1, 2), (2, 2)]


def test_a_collection_that_shows_none_of_ours_is_not_asked_for_again(case):
    case.importer._flights._poll_seconds = (0.3,)
    case.importer._flights._first_wait = 0.3
    for name in ("a1", "a2"):
        case.client.states[name] = iter([activity(name, "processing"), completed(name)])
    case.run(batch(1), batch(2))
    assert case.client.polls.count("recent") == 1
    assert sorted(case.settled) == [(1, 2), (2, 2)]


def test_a_full_queue_lets_the_batch_wait_and_come_again(case, monkeypatch, caplog):
    monkeypatch.setattr("target_constant_contact.imports.importer.QUEUE_FULL_SECONDS", 0.0)
    failures = iter([QueueFullError("The queue is full."), None])

    def on_import(_number: int) -> None:
        if error := next(failures, None):
            raise error

    case.client.on_import = on_import
    case.run(batch(1))
    assert case.settled == [(1, 2)]
    assert "The queue is full. Trying again" in caplog.text


def test_a_queue_that_stays_full_ends_the_run_as_try_later(make, monkeypatch):
    monkeypatch.setattr("target_constant_contact.imports.importer.QUEUE_FULL_SECONDS", 0.0)
    ticks = iter(range(0, 100_000, 20))
    case = make(timeout_seconds=60, clock=lambda: float(next(ticks)))

    def on_import(_number: int) -> None:
        raise QueueFullError("The queue is full.")

    case.client.on_import = on_import
    with pytest.raises(QueueFullError):
        case.run(batch(1))


def test_after_a_failed_request_nothing_more_is_sent_and_the_rest_is_settled(case):
    def on_import(number: int) -> None:
        if number == 2:
            raise ServiceUnavailableError("down")

    case.client.on_import = on_import
    case.client.states["a1"] = iter([activity("a1", "processing")] * 3)
    with pytest.raises(ServiceUnavailableError):
        case.run(batch(1), batch(2), batch(3))
    case.importer.give_up(5)
    assert case.settled == [(1, 2)]
    assert len(case.client.sent) == 1


def test_giving_up_waits_no_longer_than_it_was_told(case):
    case.client.states["a1"] = iter([activity("a1", "processing")] * 10_000)
    case.importer.submit(batch(1))
    case.importer.give_up(0.05)
    assert case.settled == []


def test_a_blocked_submit_listens_to_a_signal(make):
    release = threading.Event()
    case = make(raise_if_stopped=stop)
    case.client.on_import = lambda _number: release.wait(5)
    for number in range(1, MAX_WAITING + 2):
        case.importer.submit(batch(number))
        while number == 1 and case.importer._flights.waiting:
            time.sleep(0.001)
    with pytest.raises(InterruptedRunError):
        case.importer.submit(batch(6))
    release.set()
    case.importer.give_up(5)


def test_an_error_that_nobody_foresaw_reaches_the_main_thread(case):
    case.client.states["a1"] = iter([RuntimeError("bug")])
    with pytest.raises(RuntimeError):
        case.run(batch(1))
    assert case.woken.is_set()


# Answers that are lost


def lose(*numbers: int) -> Callable[[int], None]:
    """Lose the answers of these tries, counted from 1; the service has not taken them."""
    tries = iter(range(1, 1_000))

    def on_import(_number: int) -> None:
        if next(tries) in numbers:
            raise LostAnswerError("POST /import got no usable answer")

    return on_import


def imported(name: str, state: str = "completed", rows: int = 2) -> Activity:
    counters = {"items_total_count": rows + 1, "person_count": rows} if state == "completed" else {}
    return Activity(name, state, counters, created_at=datetime.now(UTC))


def test_a_lost_import_that_the_service_has_taken_is_not_sent_again(case):
    case.client.on_import = lose(1)
    case.client.listed = [imported("found")]
    case.run(batch(1))
    assert case.client.sent == []
    assert case.settled == [(1, 2)]
    assert case.ledger.has_activity("found")


def test_a_lost_import_that_is_missed_twice_is_sent_again(case, caplog):
    case.client.on_import = lose(1)
    case.run(batch(1))
    assert case.client.polls[:2] == ["recent", "recent"]
    assert len(case.client.sent) == 1
    assert case.settled == [(1, 2)]
    assert "got no usable answer; looking among the recent activities" in caplog.text


def test_a_lost_import_waits_for_an_unfinished_activity_that_may_be_it(case):
    case.client.on_import = lose(1)
    listed = iter([[imported("found", "processing")]] * 3 + [[imported("found")]] * 9)
    case.client.recent_activities = lambda: next(listed)
    case.run(batch(1))
    assert case.client.sent == []
    assert case.settled == [(1, 2)]


def test_an_import_of_this_run_is_not_taken_for_a_lost_one(case):
    case.client.on_import = lose(2)
    case.client.listed = [imported("a1")]
    case.run(batch(1), batch(2))
    assert len(case.client.sent) == 2
    assert sorted(case.settled) == [(1, 2), (2, 2)]


def test_what_was_there_before_the_last_accepted_import_is_not_taken_for_a_lost_one(case):
    earlier = datetime.now(UTC) - timedelta(seconds=30)
    answers = iter([imported("a1", "initialized"), imported("a2", "initialized")])
    case.client.on_import = lose(2)
    real = case.client.import_json
    case.client.import_json = lambda body: real(body) and next(answers)
    case.client.listed = [Activity("other", "completed", imported("x").counters, (), earlier)]
    case.run(batch(1), batch(2))
    assert len(case.client.sent) == 2


def test_nothing_else_is_sent_before_a_lost_import_is_cleared_up(case):
    """Two lost imports could not be told apart."""
    case.client.on_import = lose(1)
    order = []
    case.client.recent_activities = lambda: order.append("look") or []
    real = case.client.import_json
    case.client.import_json = lambda body: order.append("send") or real(body)
    case.run(batch(1), batch(2))
    assert order == ["send", "look", "look", "send", "send"]


def test_a_service_that_never_answers_imports_ends_the_run_as_try_later(case):
    case.client.on_import = lose(*range(1, 100))
    with pytest.raises(ServiceUnavailableError, match=rf"{MAX_LOSSES} times in a row"):
        case.run(batch(1))


def test_doubts_that_do_not_clear_up_end_the_run_as_try_later(make):
    ticks = iter(range(0, 100_000, 20))
    case = make(timeout_seconds=60, clock=lambda: float(next(ticks)))
    case.client.on_import = lose(1)
    case.client.listed = [imported("other", "processing")]
    with pytest.raises(TryLaterError, match=r"2 rows of stream 'members' could not be found out"):
        case.run(batch(1))
    assert case.client.sent == []


# An interrupted run


def interrupt(make: Callable[..., Case], *batches: ImportBatch) -> Case:
    """A run that has sent these batches, all completed, and was killed; the next one has begun."""
    first = make()
    for item in batches:
        entry = first.ledger.begin(item, "json")
        first.ledger.accept(entry, activity(f"old{item.number}", "initialized"))
    first.ledger.close()
    second = make()
    second.ledger.close()
    second.ledger = second.importer._ledger = Ledger(first.ledger_folder, "second")
    second.ledger.open(AT_ONCE)
    for entry in second.ledger.accepted:
        second.ledger.confirm(entry, completed(entry.activity_id))
    return second


def test_a_batch_that_an_interrupted_run_has_sent_is_settled_and_not_sent(make):
    case = interrupt(make, batch(1))
    done = []
    case.importer._on_settled = done.append
    case.run(batch(1), batch(2))
    assert len(case.client.sent) == 1
    by_number = {item.batch.number: item for item in done}
    assert by_number[1].taken_up
    assert by_number[1].activity.activity_id == "old1"
    assert not by_number[2].taken_up


def test_a_batch_is_sent_again_when_something_else_about_its_people_is_on_its_way(make):
    """Otherwise the value on its way would end on top of a later one."""
    later = ImportBatch(2, PLACE, None, 2, 0, b"later", {"ann": 2})
    case = interrupt(make, later)
    gate = threading.Event()
    case.client.on_import = lambda _number: gate.wait(5)
    case.importer.submit(ImportBatch(1, PLACE, None, 2, 0, b"new", {"ann": 1}))
    case.importer.submit(later)
    gate.set()
    case.importer.finish()
    assert case.client.sent == ["json b'new'", "json b'later'"]
