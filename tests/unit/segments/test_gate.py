"""The gate that rows pass before they are packed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_constant_contact.batches.batch import Destination
from target_constant_contact.segments.gate import Gate, Withheld
from target_constant_contact.segments.people import PeopleKey

if TYPE_CHECKING:
    from target_constant_contact.segments.gate import Rows

PLACES = (Destination("a", ("1",)), Destination("b", ("2",)))
KEYS = ("kay@example.com", "lou@example.com")
BODIES = (b"{}", b"{}")


class Fixed:
    """Withholds the rows at fixed positions."""

    def __init__(self, reason: str, *places: int) -> None:
        self.says = Withheld("suppressed", reason)
        self._places = places
        self.seen: list[Rows] = []

    def withheld(self, rows: Rows) -> tuple[int, ...]:
        self.seen.append(rows)
        return self._places


def no_key() -> str:
    raise AssertionError("nobody needs the key")


def test_a_gate_without_rules_is_open_and_the_store_is_not_asked_for_its_key():
    gate = Gate(PeopleKey(no_key))
    assert gate.is_open
    gate.add(Fixed("one", 0))
    assert not gate.is_open
    assert gate.withheld(KEYS, BODIES, PLACES).keys() == {0}


def test_the_first_rule_gives_the_reason_and_all_rules_see_all_rows():
    gate, first, second = Gate(PeopleKey(no_key)), Fixed("first", 1), Fixed("second", 0, 1)
    gate.add(first)
    gate.add(second)
    found = gate.withheld(KEYS, BODIES, PLACES)
    assert {place: why.reason for place, why in found.items()} == {1: "first", 0: "second"}
    assert second.seen[0].keys == KEYS
    assert second.seen[0].destinations == PLACES


def test_rules_share_the_hashes_of_rows_which_are_made_once():
    people = PeopleKey(lambda: "ab" * 32)
    gate, one, other = Gate(people), Fixed("one"), Fixed("other")
    gate.add(one)
    gate.add(other)
    assert gate.withheld(KEYS, BODIES, PLACES) == {}
    assert one.seen[0] is other.seen[0]
    assert one.seen[0].hashes is other.seen[0].hashes
    assert list(one.seen[0].hashes) == [people.hash(key) for key in KEYS]
