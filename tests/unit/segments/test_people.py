"""People are told apart by hashes, which say nothing without the store's key."""

from __future__ import annotations

from target_constant_contact.segments.people import PeopleKey


def test_the_same_person_has_the_same_hash_in_every_process_of_a_store(database):
    one, other = PeopleKey.of(database), PeopleKey.of(database)
    assert one.hashes(["ann@example.com", "bob@example.com"]) == other.hashes(
        ["ann@example.com", "bob@example.com"]
    )
    assert one.hash("ann@example.com") == other.hashes(["ann@example.com"])[0]
    assert one.person("ann@example.com") == other.person("ann@example.com")


def test_another_store_knows_the_same_person_by_another_hash():
    one, other = PeopleKey(lambda: "01" * 32), PeopleKey(lambda: "02" * 32)
    assert one.hash("ann@example.com") != other.hash("ann@example.com")
    assert one.person("ann@example.com") != other.person("ann@example.com")


def test_two_people_have_two_hashes():
    key = PeopleKey(lambda: "01" * 32)
    people = [f"member{number}@example.com" for number in range(5_000)]
    assert len(set(key.hashes(people))) == len({*map(key.person, people)}) == 5_000


def test_the_key_is_read_when_it_is_needed_and_once():
    asked = []

    def read():
        asked.append("key")
        return "01" * 32

    key = PeopleKey(read)
    assert asked == []
    key.hashes(["ann@example.com"])
    key.person("ann@example.com")
    assert asked == ["key"]
