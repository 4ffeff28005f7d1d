"""Rows on their way into batches: alone or many at once, the result is the same."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from target_constant_contact.batches.batch import BatchLimits, Destination, ImportBatch
from target_constant_contact.batches.chunk import Chunk
from target_constant_contact.contacts.contact import Rejection
from target_constant_contact.contacts.encoding import encode_contact
from target_constant_contact.events.events import Events
from target_constant_contact.exceptions import SettingsError
from target_constant_contact.run.accounting import Accounting
from target_constant_contact.run.intake import Intake
from target_constant_contact.segments.gate import Gate, Rows, Withheld
from target_constant_contact.segments.people import PeopleKey

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PLACE = Destination("members", ("list-a",))


@pytest.fixture
def accounting(tmp_path: Path) -> Iterator[Accounting]:
    made = Accounting(
        tmp_path, max_rejected_percent=50, encode=str, write_state=None, events=Events()
    )
    yield made
    made.close()


@pytest.fixture
def sent() -> list[ImportBatch]:
    return []


@pytest.fixture
def gate() -> Gate:
    return Gate(PeopleKey(lambda: "00"))


@pytest.fixture
def intake(accounting: Accounting, gate: Gate, sent: list[ImportBatch]) -> Any:
    def make(*, most: int = 1_000, **limits: int) -> Intake:
        settings: Any = SimpleNamespace(
            import_format="json", limits=BatchLimits(**limits), max_profiles_per_export=most
        )
        return Intake(settings, accounting, gate, sent.append)

    return make


def key(number: int) -> str:
    return f"m{number}@example.com"


def body(number: int, **properties: str) -> bytes:
    return encode_contact({"email": key(number), **properties})


def chunk(numbers: range, unfit: tuple[int, ...] = (), **properties: str) -> Chunk:
    return Chunk(
        [(PLACE, None)] * len(numbers),
        [key(number) for number in numbers],
        [body(number, **properties) for number in numbers],
        unfit,
    )


def test_rows_that_are_taken_together_may_not_exceed_the_profiles_of_an_export(intake, accounting):
    rows = intake(most=50)
    rows.add(PLACE, key(0), body(0))
    with pytest.raises(SettingsError, match="more than 50 profiles"):
        rows.add_chunk(chunk(range(1, 101)), 0)
    assert accounting.rows == 51


def test_as_many_profiles_as_are_allowed_may_be_taken_together(intake, accounting):
    rows = intake(most=50)
    rows.add(PLACE, key(0), body(0))
    assert rows.add_chunk(chunk(range(1, 50)), 0) == 49
    assert accounting.rows == 50


def test_rows_that_join_earlier_ones_are_no_further_profiles(intake, accounting):
    rows = intake(most=50)
    for _ in range(3):
        assert rows.add_chunk(chunk(range(50)), 0) == 50
    assert accounting.report.totals.merged == 100


def test_a_chunk_is_taken_up_to_each_row_that_cannot_be_sent(intake, accounting, sent):
    rows = intake()
    taken = chunk(range(100), unfit=(0, 7, 8, 60, 99))
    reached = [rows.add_chunk(taken, start) for start in (0, 1, 8, 9, 61, 100)]
    assert reached == [0, 7, 8, 60, 99, 100]
    assert accounting.rows == 95
    rows.send_rest()
    assert [batch.rows for batch in sent] == [95]


@pytest.mark.parametrize("large", [3, 40])
def test_a_chunk_is_taken_up_to_a_row_that_is_too_large(intake, accounting, large):
    rows = intake(size=5_000)
    numbers = range(50)
    given = chunk(numbers)
    bodies = [body(n, note="x" * 6_000) if n == large else body(n) for n in numbers]
    taken = Chunk(given.routes, given.keys, bodies, ())
    assert rows.add_chunk(taken, 0) == large
    assert accounting.rows == large
    assert rows.add_chunk(taken, large + 1) == 50
    assert accounting.rows == 49


def test_a_batch_that_is_full_is_passed_on_with_its_rows_in_order(intake, sent):
    rows = intake(rows=30)
    assert rows.add_chunk(chunk(range(70)), 0) == 70
    rows.send_rest()
    assert [batch.rows for batch in sent] == [30, 30, 10]
    assert [batch.first_row for batch in sent] == [0, 30, 60]


def test_only_the_rows_that_contradict_wait_and_state_waits_from_the_first_of_them(intake, sent):
    rows = intake(rows=50)
    rows.add_chunk(chunk(range(50)), 0)
    later = chunk(range(25, 75))
    bodies = [body(n, note="new") if n in {40, 45} else body(n) for n in range(25, 75)]
    rows.add_chunk(Chunk(later.routes, later.keys, bodies, ()), 0)
    rows.send_rest()
    assert [(batch.rows, batch.first_row, batch.waits_for) for batch in sent] == [
        (50, 0, frozenset()),
        (48, 50, frozenset()),
        (2, 65, frozenset({1})),
    ]


def test_near_repeats_do_not_keep_the_other_rows_from_being_taken_at_once(intake, monkeypatch):
    rows, elsewhere = intake(), Destination("members", ("list-z",))
    rows.add_chunk(chunk(range(100)), 0)
    rows.add(elsewhere, key(900), body(900))
    alone = []
    add = rows._packer.add
    monkeypatch.setattr(
        rows._packer, "add", lambda place, row, *given: alone.append(row) or add(place, row, *given)
    )
    given = chunk(range(100, 200))
    keys, bodies = [*given.keys], [*given.bodies]
    keys[60], bodies[60] = key(3), body(3, note="new")
    keys[80], bodies[80] = keys[20], body(120, note="new")
    # On another list, a row is more than a new value.
    keys[90], bodies[90] = keys[30], body(130, note="new")
    routes = [*given.routes]
    routes[90] = elsewhere, None
    assert rows.add_chunk(Chunk(routes, keys, bodies, ()), 0) == 100
    assert alone == [191]
    assert (rows._accounting.rows, rows._accounting.report.totals.merged) == (201, 2)
    values = {
        each: batch.contacts[each]
        for batch in rows._packer._open
        for each in [*batch.contacts.keys]
    }
    for number in (3, 120, 130):
        assert values[key(number)] == body(number, note="new")


class Odd:
    """Withholds every row whose number is odd, and notes what it has seen."""

    says = Withheld("suppressed", "odd")

    def __init__(self) -> None:
        self.seen: list[str] = []

    def withheld(self, rows: Rows) -> Iterator[int]:
        self.seen += rows.keys
        return (at for at, one in enumerate(rows.keys) if int(one.split("@")[0][1:]) % 2)


@pytest.fixture
def odd(gate: Gate) -> Odd:
    rule = Odd()
    gate.add(rule)
    return rule


def test_rows_that_are_withheld_are_counted_and_in_no_batch(intake, accounting, sent, odd):
    rows = intake()
    assert rows.add_chunk(chunk(range(60)), 0) == 60
    assert rows.add(PLACE, key(61), body(61))
    assert rows.add(PLACE, key(62), body(62))
    rows.send_rest()
    counts = accounting.report.totals
    assert (accounting.rows, counts.read, counts.suppressed) == (62, 62, 31)
    assert accounting.report.withheld == {("members", "odd"): 31}
    assert [batch.rows for batch in sent] == [31]
    assert b"m62@" in sent[0].body
    assert not any(f"m{number}@".encode() in sent[0].body for number in range(1, 62, 2))
    assert odd.seen == [key(number) for number in (*range(60), 61, 62)]


@pytest.mark.usefixtures("odd")
def test_a_chunk_with_withheld_rows_is_taken_up_to_each_row_that_cannot_be_sent(intake, accounting):
    rows = intake()
    taken = chunk(range(100), unfit=(9, 60))
    assert [rows.add_chunk(taken, start) for start in (0, 10, 61)] == [9, 60, 100]
    assert accounting.report.totals.suppressed == 4 + 25 + 20
    assert accounting.rows == 98


@pytest.mark.usefixtures("odd")
@pytest.mark.parametrize("large", [0, 20, 21, 48])
def test_withheld_rows_after_one_that_is_too_large_are_counted_once(intake, accounting, large):
    rows = intake(size=5_000)
    given = chunk(range(50))
    bodies = [body(n, note="x" * 6_000) if n == large else body(n) for n in range(50)]
    taken = Chunk(given.routes, given.keys, bodies, ())
    reached = rows.add_chunk(taken, 0)
    if large % 2:
        # Nobody tries to send it.
        assert reached == 50
    else:
        assert (reached, accounting.rows) == (large, large)
        assert rows.add_chunk(taken, large + 1) == 50
    assert accounting.report.totals.suppressed == 25
    assert accounting.rows == 50 - (large % 2 == 0)


@pytest.mark.usefixtures("odd")
def test_values_that_are_left_out_of_withheld_rows_are_not_counted(intake, accounting):
    rows, bad = intake(), Rejection("bad", "birthday")
    given = chunk(range(50))
    rows.add_chunk(Chunk(given.routes, given.keys, given.bodies, (), {2: [bad], 3: [bad]}), 0)
    rows.add(PLACE, key(51), body(51), [bad])
    rows.add(PLACE, key(52), body(52), [bad])
    assert accounting.report.dropped == {("members", "bad", "birthday"): 2}


@pytest.mark.usefixtures("odd")
def test_state_waits_for_no_row_that_is_withheld(tmp_path, gate):
    states: list[Any] = []
    accounting = Accounting(
        tmp_path, max_rejected_percent=50, encode=str, write_state=states.append, events=Events()
    )
    settings: Any = SimpleNamespace(
        import_format="json", limits=BatchLimits(), max_profiles_per_export=9
    )
    rows = Intake(settings, accounting, gate, lambda _: None)
    rows.add(PLACE, key(1), body(1))
    accounting.add_state({"after": 1})
    assert states == [{"after": 1}]
    rows.add_chunk(chunk(range(1, 3)), 0)
    accounting.add_state({"after": 3})
    assert states == [{"after": 1}]
    accounting.close()
