"""What an interrupted run has sent is known before anything new is sent."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from target_constant_contact.api.models import Activity
from target_constant_contact.batches.batch import Destination, ImportBatch
from target_constant_contact.exceptions import ApiError, InterruptedRunError
from target_constant_contact.imports.recovery import Recovery
from target_constant_contact.imports.schedule import MAX_ONE_BY_ONE
from target_constant_contact.store.sqlite import SqliteFile
from tests.support.fakes import Clock, stop
from tests.support.ledgers import Exports
from tests.support.saying import saying

if TYPE_CHECKING:
    from collections.abc import Iterator

    from target_constant_contact.ledger.ledger import Ledger

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
PLACE = Destination("members", ("list-a",))


def batch(number: int) -> ImportBatch:
    return ImportBatch(
        number, PLACE, None, 2, 0, b"body %d" % number, saying({f"k{number}": number})
    )


def activity(name: str, state: str = "completed", created_at: datetime = NOW) -> Activity:
    counters = {"person_count": 2, "items_total_count": 3} if state == "completed" else {}
    return Activity(name, state, counters, created_at=created_at)


class Service:
    """Shows one state of its activities after the other."""

    def __init__(self, *states: list[Activity]) -> None:
        self._states = list(states)
        self.unlisted: dict[str, Activity] = {}
        self.asked: list[str] = []

    def recent_activities(self) -> list[Activity]:
        self.asked.append("recent")
        return self._states.pop(0) if len(self._states) > 1 else self._states[0]

    def activity(self, activity_id: str) -> Activity:
        self.asked.append(activity_id)
        if activity_id not in self.unlisted:
            raise ApiError("not found", status=404)
        return self.unlisted[activity_id]


@pytest.fixture
def exports() -> Iterator[Exports]:
    made = Exports(lambda **options: SqliteFile(None, **options))
    made.clock = NOW.timestamp
    yield made
    made.database.close()


@pytest.fixture
def ledger(exports: Exports) -> Iterator[Ledger]:
    """The ledger of the next run; an interrupted one has sent batch 1 (a1) and lost batch 2."""
    first = exports.start("first")
    first.accept(first.begin(batch(1), "json"), activity("a1", "initialized"))
    first.begin(batch(2), "csv")
    first.close()
    exports.clock = (NOW + timedelta(hours=1)).timestamp
    second = exports.start("second")
    yield second
    second.close()


def lost(ledger: Ledger, state: str = "completed") -> Activity:
    """The activity that the request without an answer has made."""
    return replace(activity("a2", state), source_file_name=ledger.in_doubt[0].file_name)


def take_up(ledger: Ledger, service: Service, **options: Any) -> Clock:
    clock = Clock()
    Recovery(service, ledger, clock.waiting(poll_seconds=(1, 5), **options)).run()
    return clock


def test_an_import_that_has_ended_well_is_not_sent_again(ledger):
    take_up(ledger, Service([activity("a1")]))
    assert ledger.take_up(batch(1), "json") == activity("a1")


def test_an_unfinished_import_is_waited_for(ledger):
    service = Service([activity("a1", "processing")], [activity("a1", "processing")])
    service._states.append([activity("a1")])
    clock = take_up(ledger, service)
    assert clock.now >= 6
    assert ledger.take_up(batch(1), "json")


def test_an_import_that_failed_is_sent_again(ledger):
    take_up(ledger, Service([activity("a1", "failed")]))
    assert ledger.take_up(batch(1), "json") is None


def test_an_import_that_the_service_no_longer_knows_is_sent_again(ledger):
    service = Service([])
    take_up(ledger, service)
    assert "a1" in service.asked
    assert ledger.take_up(batch(1), "json") is None


def test_an_import_beyond_the_recent_ones_is_asked_for_by_itself(ledger):
    service = Service([])
    service.unlisted["a1"] = activity("a1")
    take_up(ledger, service)
    assert ledger.take_up(batch(1), "json")


def test_another_error_is_raised(ledger, monkeypatch):
    def refuse(_self: Any, _activity_id: str) -> Activity:
        raise ApiError("teapot", status=418)

    monkeypatch.setattr(Service, "activity", refuse)
    with pytest.raises(ApiError, match="teapot"):
        take_up(ledger, Service([]))


def test_an_import_whose_answer_was_lost_is_found_among_the_recent_ones(ledger):
    found = lost(ledger)
    take_up(ledger, Service([activity("a1"), found]))
    assert ledger.take_up(batch(2), "csv") == found


def test_a_lost_import_that_is_unfinished_is_waited_for(ledger):
    found = lost(ledger)
    clock = take_up(ledger, Service([activity("a1"), lost(ledger, "processing")], [found]))
    assert clock.now > 0
    assert ledger.take_up(batch(2), "csv") == found


def test_an_import_of_as_many_rows_is_not_taken_for_the_lost_one(ledger):
    take_up(ledger, Service([activity("a1"), activity("a2")]))
    assert ledger.take_up(batch(2), "csv") is None


def test_one_that_may_be_the_lost_import_is_waited_for(ledger):
    """What is sent again must not be overtaken by it."""
    service = Service([activity("a1"), activity("a2", "processing")], [activity("a1")])
    take_up(ledger, service)
    assert service.asked.count("recent") == 3
    assert ledger.take_up(batch(2), "csv") is None


def test_what_is_older_than_the_import_accepted_before_is_not_waited_for(ledger):
    """The service's own clock tells more than this machine's."""
    older = activity("other", "processing", created_at=NOW - timedelta(seconds=30))
    service = Service([activity("a1"), older])
    take_up(ledger, service)
    assert service.asked == ["recent", "recent"]


def test_an_import_that_was_accepted_later_does_not_tell_how_old_a_lost_one_may_be(exports):
    assert_waited_for(exports, lost=2, accepted=1)


def test_one_that_was_begun_before_but_accepted_later_does_not_tell_either(exports):
    """Several are under way at a time."""
    assert_waited_for(exports, accepted=1, lost=2)


def assert_waited_for(exports: Exports, **numbers: int) -> None:
    """One of two batches, begun in this order, is accepted; what may be the other is waited for."""
    first = exports.start("first")
    begun = {name: first.begin(batch(number), "json") for name, number in numbers.items()}
    later = activity("a1", created_at=NOW + timedelta(seconds=30))
    first.accept(begun["accepted"], later)
    first.close()
    exports.clock = (NOW + timedelta(hours=1)).timestamp
    second = exports.start("second")
    service = Service([later, activity("a2", "processing")], [later])
    take_up(second, service)
    second.close()
    assert service.asked == ["recent"] * 3


IN_FLIGHT = 30


@pytest.fixture
def many(exports: Exports) -> Iterator[Ledger]:
    """The ledger of the next run; an interrupted one had many in flight, and some in doubt."""
    first = exports.start("first")
    for number in range(IN_FLIGHT):
        first.accept(first.begin(batch(number), "csv"), activity(f"a{number}", "initialized"))
    for number in range(IN_FLIGHT, IN_FLIGHT + 4):
        first.begin(batch(number), "csv")
    first.close()
    exports.clock = (NOW + timedelta(hours=1)).timestamp
    second = exports.start("second")
    yield second
    second.close()


def test_several_in_doubt_are_found_with_the_same_requests(many):
    lost = [
        replace(activity(f"lost{entry.number}"), source_file_name=entry.file_name)
        for entry in many.in_doubt
    ]
    service = Service([*(activity(f"a{n}") for n in range(IN_FLIGHT)), *lost])
    take_up(many, service)
    assert service.asked == ["recent"]
    for number in range(IN_FLIGHT + 4):
        assert many.take_up(batch(number), "csv")


def test_what_the_collection_does_not_show_is_asked_for_once_and_then_in_turns(many):
    service, asked = Service([]), Counter()
    unfinished = {f"a{number}" for number in range(IN_FLIGHT)}

    def ask(activity_id):
        asked[activity_id] += 1
        if asked[activity_id] == 3:
            unfinished.discard(activity_id)
        return activity(activity_id, "processing" if activity_id in unfinished else "completed")

    service.activity = ask
    rounds = len(unfinished)
    take_up(many, service, timeout_seconds=3_600)
    assert set(asked.values()) == {3}
    assert service.asked.count("recent") >= 1 + 2 * rounds / MAX_ONE_BY_ONE


def test_a_queue_that_moves_on_is_waited_for_longer_than_an_import_may_take(many):
    """They are worked off one by one."""
    names = [f"a{number}" for number in range(IN_FLIGHT)]
    states = [
        [
            activity(name, "completed" if place < done else "processing")
            for place, name in enumerate(names)
        ]
        for done in range(IN_FLIGHT + 1)
        for _ in range(5)
    ]
    clock = take_up(many, Service(*states), timeout_seconds=60)
    assert clock.now > 10 * 60
    assert many.take_up(batch(IN_FLIGHT - 1), "csv")


def test_a_lost_import_that_is_missed_twice_is_sent_again(ledger):
    service = Service([activity("a1")])
    take_up(ledger, service)
    assert service.asked == ["recent", "recent"]
    assert ledger.take_up(batch(2), "csv") is None


def test_a_lost_import_may_show_up_late(ledger):
    found = lost(ledger)
    take_up(ledger, Service([activity("a1")], [activity("a1"), found]))
    assert ledger.take_up(batch(2), "csv") == found


def test_what_never_ends_is_not_waited_for_longer_than_an_import_may_take(ledger, caplog):
    clock = take_up(ledger, Service([activity("a1", "processing")]))
    assert 60 <= clock.now <= 66
    assert "a1 of the interrupted run is still unfinished after 1 minute;" in caplog.text
    assert ledger.take_up(batch(1), "json") is None


def test_waiting_listens_to_a_signal(ledger):
    with pytest.raises(InterruptedRunError):
        take_up(ledger, Service([activity("a1", "processing")]), raise_if_stopped=stop)


def test_it_is_said_which_run_is_taken_up(ledger, caplog):
    caplog.set_level(logging.INFO)
    take_up(ledger, Service([activity("a1")]))
    assert "Run first was interrupted; asking what became of its 2 imports" in caplog.text


def test_without_an_interrupted_run_nothing_is_asked(exports):
    fresh = exports.start("run")
    service = Service([])
    take_up(fresh, service)
    fresh.close()
    assert service.asked == []
