"""People are erased from all that the store remembers."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

import pytest

from target_constant_contact.data_folder import DataFolder
from target_constant_contact.exceptions import StorageError
from target_constant_contact.segments.erasing import erase
from target_constant_contact.segments.flags import IN_SEGMENT, SENT
from target_constant_contact.segments.hash_set import HashSet
from target_constant_contact.segments.memory import Memory
from target_constant_contact.segments.parts import pack_rows
from target_constant_contact.segments.people import PeopleKey
from target_constant_contact.store.leavers import LeaverRows
from target_constant_contact.store.opening import open_store
from target_constant_contact.store.place import StorePlace
from target_constant_contact.store.segments import SegmentRows
from target_constant_contact.store.suppressions import Suppressions

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from target_constant_contact.store.database import Database

KAY, LOU = "kay@example.com", "lou@example.com"


@pytest.fixture
def place(tmp_path: Path) -> StorePlace:
    return StorePlace(DataFolder(tmp_path / "data"))


@pytest.fixture
def store(place: StorePlace) -> Iterator[Database]:
    opened = open_store(place)
    yield opened
    opened.close()


def test_an_erased_person_is_suppressed_and_in_no_memory(store, place):
    people = PeopleKey.of(store)
    both = people.hashes((KAY, LOU))
    for account in ("a", "b"):
        members = SegmentRows(store, account).members("members", "list")
        Memory(members).adopt(HashSet(both))
        LeaverRows(store, account).put({("members", "list"): HashSet(both).packed()})
    LeaverRows(store, "a").put({("others", "list"): HashSet(both[:1]).packed()})
    done = erase(place, [KAY])
    assert (done.people, done.suppressed, done.traces) == (1, 1, 5)
    assert Suppressions(store).persons() == {people.person(KAY)}
    for account in ("a", "b"):
        members = SegmentRows(store, account).members("members", "list")
        assert [*Memory(members).columns()] != []
        assert {one for hashes, _ in Memory(members).columns() for one in hashes} == {both[1]}
        (packed,) = LeaverRows(store, account).read("members").values()
        assert [*HashSet.unpacked(packed)] == [both[1]]
    assert LeaverRows(store, "a").streams() == ["members"]


def test_an_erased_person_is_gone_from_what_an_interrupted_run_has_noted(store, place):
    both = PeopleKey.of(store).hashes((KAY, LOU))
    rows = SegmentRows(store, "a")
    members = rows.members("members", "list")
    sent = array("Q", [IN_SEGMENT | SENT] * 2)
    members.add_load("20260920T0", 1, pack_rows(both, sent))
    assert erase(place, [KAY]).traces == 1
    assert members.runs() == []
    assert {one for hashes, _ in Memory(members).columns() for one in hashes} == {both[1]}


def test_a_person_can_be_erased_again(place):
    assert erase(place, [KAY]).suppressed == 1
    again = erase(place, [KAY, LOU])
    assert (again.people, again.suppressed, again.traces) == (2, 1, 0)


def test_people_are_suppressed_also_where_what_is_remembered_is_damaged(store, place):
    LeaverRows(store, "a").put({("members", "list"): b"abc"})
    with pytest.raises(StorageError, match="is damaged"):
        erase(place, [KAY])
    assert len(Suppressions(store).persons()) == 1
