"""The importer's own decisions, with a client that answers what the test says.

The way over real sockets is tested in tests/sandbox.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from target_constant_contact.api.models import Activity
from target_constant_contact.batch import Destination, ImportBatch
from target_constant_contact.exceptions import (
    ApiError,
    ImportFailedError,
    InterruptedRunError,
    QueueFullError,
    ServiceUnavailableError,
    TryLaterError,
)
from target_constant_contact.importer import Importer

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

    def __init__(self, **options: Any) -> None:
        self.client = FakeClient()
        self.settled: list[tuple[int, int]] = []
        self.woken = threading.Event()
        options.setdefault("poll_seconds", (0.0,))
        self.importer = Importer(
            self.client, on_settled=self._on_settled, on_failed=self.woken.set, **options
        )

    def _on_settled(self, flight: Any, _activity: Any, settlement: Any, _seconds: float) -> None:
        self.settled.append((flight.batch.number, settlement.landed))

    def run(self, *batches: ImportBatch) -> None:
        for item in batches:
            self.importer.submit(item, no_check)
        self.importer.finish(no_check)


def submit_all(importer: Importer, numbers: range, check: Callable[[], None]) -> None:
    for number in numbers:
        importer.submit(batch(number), check)


def no_check() -> None:
    """Nothing asks the run to stop."""


@pytest.fixture
def case() -> Iterator[Case]:
    made = Case()
    yield made
    made.importer.give_up(0)


def test_every_batch_is_settled_before_the_run_is_finished(case):
    case.client.states["a1"] = iter([activity("a1", "processing"), completed("a1")])
    case.run(batch(1), batch(2))
    assert sorted(case.settled) == [(1, 2), (2, 2)]


def test_a_run_without_batches_is_finished_at_once(case):
    case.run()
    assert case.settled == []


def test_a_csv_import_carries_its_lists_and_permission():
    case = Case(import_format="csv")
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


def test_an_activity_that_takes_too_long_fails_the_run_as_try_later():
    ticks = iter(range(0, 100_000, 20))
    case = Case(timeout_seconds=60, clock=lambda: float(next(ticks)))
    case.client.states["a1"] = iter([activity("a1", "processing")] * 100)
    with pytest.raises(TryLaterError, match=r"a1 .*within 1 minutes.*'processing'"):
        case.run(batch(1))


def test_an_activity_that_is_never_found_fails_the_run_as_try_later():
    ticks = iter(range(0, 100_000, 20))
    case = Case(timeout_seconds=60, clock=lambda: float(next(ticks)))
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
    case.client.listed = [completed("a1"), completed("a2")]
    case.run(batch(1), batch(2))
    assert gate.is_set()
    assert case.client.polls == ["recent"]


def test_an_activity_that_the_collection_does_not_show_is_asked_for_by_itself(case):
    case.importer._flights._poll_seconds = (0.3,)
    case.client.listed = [completed("a1")]
    case.run(batch(1), batch(2))
    assert case.client.polls == ["recent", "a2"]
    assert sorted(case.settled) == [(1, 2), (2, 2)]


def test_a_collection_that_shows_none_of_ours_is_not_asked_for_again(case):
    case.importer._flights._poll_seconds = (0.3,)
    for name in ("a1", "a2"):
        case.client.states[name] = iter([activity(name, "processing"), completed(name)])
    case.run(batch(1), batch(2))
    assert case.client.polls.count("recent") == 1
    assert sorted(case.settled) == [(1, 2), (2, 2)]


def test_a_full_queue_lets_the_batch_wait_and_come_again(case, monkeypatch, caplog):
    monkeypatch.setattr("target_constant_contact.importer.QUEUE_FULL_SECONDS", 0.0)
    failures = iter([QueueFullError("The queue is full."), None])

    def on_import(_number: int) -> None:
        if error := next(failures, None):
            raise error

    case.client.on_import = on_import
    case.run(batch(1))
    assert case.settled == [(1, 2)]
    assert "The queue is full. Trying again" in caplog.text


def test_a_queue_that_stays_full_ends_the_run_as_try_later(monkeypatch):
    monkeypatch.setattr("target_constant_contact.importer.QUEUE_FULL_SECONDS", 0.0)
    ticks = iter(range(0, 100_000, 20))
    case = Case(timeout_seconds=60, clock=lambda: float(next(ticks)))

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
    case.importer.submit(batch(1), no_check)
    case.importer.give_up(0.05)
    assert case.settled == []


def test_a_blocked_submit_listens_to_the_check(case):
    release = threading.Event()
    case.client.on_import = lambda _number: release.wait(5)
    calls = []

    def check() -> None:
        calls.append(1)
        raise InterruptedRunError("stop")

    case.importer.submit(batch(1), no_check)
    with pytest.raises(InterruptedRunError):
        submit_all(case.importer, range(2, 6), check)
    release.set()
    assert calls == [1]


def test_an_error_that_nobody_foresaw_reaches_the_main_thread(case):
    case.client.states["a1"] = iter([RuntimeError("bug")])
    with pytest.raises(RuntimeError):
        case.run(batch(1))
    assert case.woken.is_set()
