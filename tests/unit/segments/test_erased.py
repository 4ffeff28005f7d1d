"""People who were erased."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_constant_contact.segments.erased import Erased
from target_constant_contact.segments.gate import Gate
from target_constant_contact.segments.people import PeopleKey
from target_constant_contact.store.suppressions import Suppressions

if TYPE_CHECKING:
    from target_constant_contact.store.database import Database

KEYS = ("kay@example.com", "lou@example.com")


def test_rows_of_people_who_were_erased_are_withheld(database: Database):
    people, store = PeopleKey.of(database), Suppressions(database)
    assert store.add([people.person(KEYS[1])]) == 1
    gate = Gate(people)
    gate.add(Erased(people, store.persons()))
    found = gate.withheld(KEYS, (b"", b""), ())
    assert {place: (why.place, why.reason) for place, why in found.items()} == {
        1: ("suppressed", "erased")
    }


def test_a_person_can_be_erased_again(database: Database):
    people, store = PeopleKey.of(database), Suppressions(database)
    persons = [*map(people.person, KEYS)]
    assert store.add(persons[:1]) == 1
    assert store.add([*persons, *persons]) == 1
    assert store.persons() == {*persons}


def test_the_store_holds_no_address_and_no_hash_that_can_be_made_without_its_key(
    database: Database,
):
    people, store = PeopleKey.of(database), Suppressions(database)
    store.add(map(people.person, KEYS))
    others = PeopleKey(lambda: "00" * 32)
    assert store.persons().isdisjoint(map(others.person, KEYS))
    assert not any("example" in person for person in store.persons())
