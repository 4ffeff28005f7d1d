"""Who has unsubscribed is asked for before anybody is sent."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from target_constant_contact.api.models import ContactStatus
from target_constant_contact.exceptions import ApiError, InterruptedRunError
from target_constant_contact.segments.hash_set import HashSet
from target_constant_contact.segments.opt_outs import (
    DAYS,
    FEW,
    MOST_PAGES,
    OptOutReading,
    Question,
    Unsubscribed,
    question,
)
from target_constant_contact.segments.people import PeopleKey
from target_constant_contact.store.opt_out_row import OptOutRow
from target_constant_contact.store.suppressions import Suppressions
from target_constant_contact.waiting import Waiting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from target_constant_contact.store.database import Database

DAY = 86_400
NOW = 10_000 * DAY
PEOPLE = PeopleKey(lambda: "ab" * 32)


def known(*addresses: str, read: float = NOW - DAY, whole: float = NOW - DAY) -> OptOutRow:
    return OptOutRow(read, whole, HashSet(PEOPLE.hashes(addresses)).packed())


class Service:
    """An account that answers with contacts, or not."""

    def __init__(self, *contacts: Any) -> None:
        self._contacts = contacts
        self.asked: list[dict[str, Any]] = []
        self.go_on = threading.Event()
        self.go_on.set()

    def contacts(self, **asked: Any) -> Iterator[ContactStatus]:
        self.asked.append(asked)
        for contact in self._contacts:
            self.go_on.wait()
            if isinstance(contact, Exception):
                raise contact
            address, permission = contact
            yield ContactStatus(permission, email=address)


def read(service: Service, asked: Question, row: OptOutRow | None = None) -> OptOutRow:
    reading = OptOutReading(service, asked, PEOPLE, row, NOW)
    reading.start()
    found = reading.result(Waiting(), 10)
    assert found is not None
    return found


def people(row: OptOutRow) -> set[int]:
    return {*HashSet.unpacked(row.people)}


@pytest.mark.parametrize(
    ("row", "since"),
    [
        (None, None),
        (known(), None),
        (OptOutRow(NOW - DAY, NOW - DAY, bytes(8 * FEW)), None),
        (OptOutRow(NOW - DAY, NOW - 2 * DAY, bytes(8 * (FEW + 1))), NOW - 2 * DAY),
        (OptOutRow(NOW - DAY, NOW - DAYS * DAY, bytes(8 * (FEW + 1))), None),
    ],
    ids=["never asked", "nobody", "few", "many", "many, long ago"],
)
def test_all_are_asked_for_where_they_are_few_or_not_known_well(row, since):
    assert question(row, NOW, 10_000) == Question(since, MOST_PAGES)


@pytest.mark.parametrize(("left", "pages"), [(0, 0), (1, 0), (9, 4), (1_000, MOST_PAGES)])
def test_at_most_half_of_the_requests_that_are_left_are_for_it(left, pages):
    assert question(None, NOW, left).pages == pages


def test_all_who_have_unsubscribed_take_the_place_of_what_was_known():
    service = Service(("Kay@Example.com", "unsubscribed"), ("lou@example.com", "unsubscribed"))
    found = read(service, Question(None, 4), known("mia@example.com"))
    assert people(found) == {*PEOPLE.hashes(("kay@example.com", "lou@example.com"))}
    assert (found.read_at, found.whole_at) == (NOW, NOW)
    assert service.asked == [{"status": "unsubscribed", "optout_after": None, "most_pages": 5}]


def test_those_since_the_last_time_come_to_those_who_are_known():
    service = Service(("kay@example.com", "unsubscribed"))
    found = read(service, Question(NOW - 2 * DAY, 4), known("mia@example.com"))
    assert people(found) == {*PEOPLE.hashes(("kay@example.com", "mia@example.com"))}
    assert (found.read_at, found.whole_at) == (NOW, NOW - DAY)
    assert service.asked[0]["optout_after"].timestamp() == NOW - 2 * DAY


def test_what_there_were_too_many_of_is_asked_for_again_by_the_next_run():
    service = Service(*((f"m{number}@example.com", "unsubscribed") for number in range(600)))
    found = read(service, Question(NOW - 2 * DAY, 1), known())
    assert len(people(found)) == 500
    assert found.read_at == NOW - DAY


def test_a_service_that_answers_with_others_too_leaves_nobody_else_out():
    service = Service(
        ("kay@example.com", "implicit"), ("lou@example.com", "unsubscribed"), ("", "unsubscribed")
    )
    assert people(read(service, Question(None, 4))) == {PEOPLE.hash("lou@example.com")}


def test_an_error_of_the_service_is_raised_where_the_answer_is_waited_for():
    service = Service(("kay@example.com", "unsubscribed"), ApiError("no", status=400))
    with pytest.raises(ApiError, match="no"):
        read(service, Question(None, 4))


def test_an_answer_that_takes_too_long_is_waited_for_no_longer():
    service = Service(("kay@example.com", "unsubscribed"))
    service.go_on.clear()
    reading = OptOutReading(service, Question(None, 4), PEOPLE, None, NOW)
    reading.start()
    times = iter(range(100))
    try:
        assert reading.result(Waiting(clock=lambda: next(times)), 5) is None
    finally:
        service.go_on.set()


def test_a_signal_ends_the_waiting():
    service = Service(("kay@example.com", "unsubscribed"))
    service.go_on.clear()
    reading = OptOutReading(service, Question(None, 4), PEOPLE, None, NOW)
    reading.start()

    def stop() -> None:
        raise InterruptedRunError("stopped")

    try:
        with pytest.raises(InterruptedRunError):
            reading.result(Waiting(raise_if_stopped=stop), 5)
    finally:
        service.go_on.set()


def test_it_is_asked_once_who_has_unsubscribed_when_the_first_row_comes():
    asked = []

    def learn() -> list[int]:
        asked.append(1)
        return [2, 4]

    rule = Unsubscribed(learn)
    assert not asked
    for hashes, places in (([1, 2, 3, 4], [1, 3]), ([4], [0]), ([5], [])):
        rows: Any = type("Rows", (), {"hashes": hashes})
        assert [*rule.withheld(rows)] == places
    assert asked == [1]


def test_the_store_has_them_by_account(database: Database):
    store = Suppressions(database)
    assert store.opt_outs("a") is None
    for row in (known("kay@example.com"), known("lou@example.com", read=NOW)):
        store.put_opt_outs("a", row)
        assert store.opt_outs("a") == row
    assert store.opt_outs("b") is None
