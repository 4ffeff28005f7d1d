"""A load that only pretends to write knows all that a load knows, and leaves the store as it is."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from target_constant_contact.batches.batch import Destination
from target_constant_contact.segments.flags import IN_SEGMENT, PUT
from target_constant_contact.segments.gate import Rows
from target_constant_contact.segments.hash_set import HashSet
from target_constant_contact.segments.loads import Loads
from target_constant_contact.segments.memory import Memory
from target_constant_contact.segments.people import PeopleKey
from target_constant_contact.segments.pretended import PretendedSegments
from target_constant_contact.segments.stored import parts_of
from target_constant_contact.settings.streams import StreamSettings
from target_constant_contact.store.segments import SegmentRows
from target_constant_contact.store.sqlite import SqliteFile
from target_constant_contact.store.versions import prepare

PEOPLE = PeopleKey(lambda: "00" * 32)
PLACE = Destination("members", ("list",))
OVERWRITES = StreamSettings("members", overwrites=True)
NAMES = st.lists(st.sampled_from(["a", "b", "c", "d", "e"]))


def load(segments, run, names):
    """Load a segment; return what it has proven, and what is remembered then."""
    loads = Loads(segments, PEOPLE, run, 100, dict)
    loads.begin("members", PLACE.list_ids, OVERWRITES)
    keys = [f"{name}@example.com" for name in names]
    loads.note(Rows(PEOPLE, keys, [name.encode() for name in names], [PLACE] * len(names)), {})
    loads.flush(PLACE)
    loads.merge()
    proven = [(row.stream, row.list_id, row.run, row.state) for row in loads.seal()]
    return proven, remembered(segments)


def remembered(segments):
    with parts_of(segments.members("members", "list")) as parts:
        columns = [*Memory(parts).columns()]
    return [pair for hashes, values in columns for pair in zip(hashes, values, strict=True)]


def everything(segments):
    return segments.all(), segments.owners(), remembered(segments)


@settings(max_examples=12)
@given(nights=st.lists(NAMES, min_size=1, max_size=3), last=NAMES)
def test_it_comes_to_the_same_as_a_load(nights, last):
    database = SqliteFile(None)
    prepare(database)
    try:
        for number, names in enumerate(nights):
            load(SegmentRows(database, "account"), f"run {number}", names)
        before = everything(SegmentRows(database, "account"))
        pretended = load(PretendedSegments(database, "account"), "last", last)
        assert everything(SegmentRows(database, "account")) == before
        assert load(SegmentRows(database, "account"), "last", last) == pretended
    finally:
        database.close()


def test_who_would_leave_is_judged_by_what_the_load_would_leave(database):
    load(SegmentRows(database, "account"), "first", ["a", "b", "c"])
    segments = PretendedSegments(database, "account")
    load(segments, "second", ["a"])
    there = HashSet(PEOPLE.hashes(f"{name}@example.com" for name in "abcx"))
    found = Memory(segments.members("members", "list")).judge(there, "managed")
    assert (found.before, found.stay, found.not_ours, len(found.leavers)) == (4, 1, 1, 2)


def test_what_was_written_is_read_again_and_owned_once(database):
    segments = PretendedSegments(database, "account")
    assert segments.own("list", "members") == "members"
    assert segments.own("list", "others") == "members"
    assert SegmentRows(database, "account").owners() == {}
    assert segments.of("members", "list") is None
    segments.add("members", "list", "run", "loading")
    segments.begin("members", "next", "loading", "", None)
    assert segments.of("members", "list").run == "next"
    assert SegmentRows(database, "account").all() == []


def test_a_list_that_follows_a_stream_goes_on_to_do_so(database):
    SegmentRows(database, "account").own("list", "others")
    assert PretendedSegments(database, "account").own("list", "members") == "others"


def test_who_is_loaded_is_in_the_segment_and_a_load_that_is_forgotten_is_not(database):
    real = SegmentRows(database, "account").members("members", "list")
    real.add_load("killed", 0, b"of the store")
    segments = PretendedSegments(database, "account")
    members = segments.members("members", "list")
    members.add_load("killed", 1, b"of memory")
    assert [*members.load("killed")] == [b"of the store", b"of memory"]
    members.forget_load("killed")
    assert [*members.load("killed")] == []
    assert [*real.load("killed")] == [b"of the store"]
    assert members.is_empty()
    load(segments, "dry", ["a"])
    assert not members.is_empty()
    assert real.is_empty()


def test_the_memory_of_a_list_is_changed_for_the_run_only(database):
    load(SegmentRows(database, "account"), "first", ["a"])
    members = PretendedSegments(database, "account").members("members", "list")
    assert not members.is_empty()
    Memory(members).forget(PEOPLE.hash("a@example.com"))
    assert Memory(members).counts().people == 0
    real = SegmentRows(database, "account").members("members", "list")
    assert Memory(real).counts().put == 1


@pytest.mark.parametrize("flag", [IN_SEGMENT, PUT])
def test_an_interrupted_load_is_absorbed_and_stays_interrupted(database, flag):
    real = SegmentRows(database, "account")
    loads = Loads(real, PEOPLE, "killed", 100, dict)
    loads.begin("members", PLACE.list_ids, OVERWRITES)
    loads.note(Rows(PEOPLE, ["a@example.com"], [b"a"], [PLACE]), {})
    loads.flush(PLACE)
    segments = PretendedSegments(database, "account")
    load(segments, "dry", ["b"])
    values = dict(remembered(segments))
    assert bool(values[PEOPLE.hash("a@example.com")] & flag) is (flag == PUT)
    assert real.unfinished_loads("members", "dry") == [("list", "killed")]
