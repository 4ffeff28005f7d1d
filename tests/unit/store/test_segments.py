"""Segments in the store: what loads have proven, which stream a list follows, and who is in."""

from __future__ import annotations

from dataclasses import replace

import pytest

from target_constant_contact.store.segment_row import SegmentRow
from target_constant_contact.store.segments import SegmentRows, all_members


@pytest.fixture
def rows(target):
    """The segments of an account, in a store of either kind."""
    return SegmentRows(target, "account-1")


def states(rows):
    return {(each.stream, each.list_id): (each.run, each.state) for each in rows.all()}


def begin(rows, stream="members", lists=("list-1",), run="run-1"):
    rows.begin(stream, run, "loading", "", None)
    for list_id in lists:
        rows.add(stream, list_id, run, "loading")


def sealed(rows, run, stream="members", list_id="list-1", state="sealed"):
    return rows.conclude([SegmentRow(stream, list_id, run, 0.0, state)])


def test_a_load_that_begins_voids_what_an_earlier_one_has_proven(rows):
    begin(rows)
    assert sealed(rows, "run-1") == []
    begin(rows, run="run-2")
    assert states(rows) == {("members", "list-1"): ("run-2", "loading")}


def test_a_load_voids_the_seals_of_lists_that_its_stream_went_to_before(rows):
    begin(rows, lists=("list-1", "list-2"))
    begin(rows, "others", ("list-3",))
    begin(rows, lists=(), run="run-2")
    assert states(rows) == {
        ("members", "list-1"): ("run-2", "loading"),
        ("members", "list-2"): ("run-2", "loading"),
        ("others", "list-3"): ("run-1", "loading"),
    }


def test_a_load_proves_nothing_once_another_run_has_begun_one(rows):
    begin(rows)
    begin(rows, run="run-2")
    (lost,) = sealed(rows, "run-1")
    assert lost.run == "run-1"
    assert rows.of("members", "list-1").state == "loading"


def test_what_a_load_has_proven_is_of_its_account_only(rows, target):
    begin(rows)
    other = SegmentRows(target, "account-2")
    assert other.all() == []
    begin(other)
    sealed(other, "run-1", state="void")
    assert rows.of("members", "list-1").state == "loading"


def test_the_row_of_a_segment_says_why_it_is_void(rows):
    begin(rows)
    found = rows.of("members", "list-1")
    assert found.loaded_at > 0
    rows.conclude([replace(found, state="void", reason="nobody came")])
    assert rows.of("members", "list-1").reason == "nobody came"
    assert rows.of("members", "list-2") is None


def test_a_list_follows_the_stream_that_was_first(rows):
    assert rows.own("list-1", "members") == "members"
    assert rows.own("list-1", "others") == "members"
    assert rows.owners() == {"list-1": "members"}


def test_a_released_list_follows_no_stream_and_its_segment_is_forgotten(rows, target):
    begin(rows, lists=("list-1", "list-2"))
    for list_id in ("list-1", "list-2"):
        rows.own(list_id, "members")
        rows.members("members", list_id).write(3, b"people")
        rows.members("members", list_id).add_load("run-1", 1, b"rows")
    assert rows.release("list-1") == "members"
    assert rows.release("list-1") is None
    assert [*states(rows)] == [("members", "list-2")]
    assert rows.owners() == {"list-2": "members"}
    assert rows.members("members", "list-1").is_empty()
    assert len(all_members(target)) == 1


def test_parts_of_a_memory_are_what_was_written_last(rows):
    members = rows.members("members", "list-1", "Newsletter")
    assert members.name == "stream 'members' and list 'Newsletter'"
    assert members.is_empty()
    assert members.read(3) == b""
    members.write(3, b"one")
    members.write(3, b"two")
    members.write(4, b"other")
    assert (members.read(3), members.read(4)) == (b"two", b"other")
    assert not members.is_empty()
    assert rows.members("members", "list-2").read(3) == b""


def test_what_is_about_to_be_sent_comes_back_in_its_order(rows):
    members = rows.members("members", "list-1")
    for number in (1, 2, 10, 3):
        members.add_load("run-1", number, b"%d" % number)
    members.add_load("run-1", 3, b"once more")
    members.add_load("run-2", 1, b"another run")
    assert [*members.load("run-1")] == [b"1", b"2", b"once more", b"10"]
    assert rows.unfinished_loads("members", "run-1") == [("list-1", "run-2")]
    members.forget_load("run-2")
    assert rows.unfinished_loads("members", "run-1") == []


def test_all_streams_may_remember_a_list(rows, target):
    for stream in ("members", "others"):
        rows.members(stream, "list-1").write(1, stream.encode())
    rows.members("members", "list-2").write(1, b"elsewhere")
    SegmentRows(target, "account-2").members("members", "list-1").write(1, b"elsewhere")
    assert [each.read(1) for each in rows.memories("list-1")] == [b"members", b"others"]


def test_a_small_memory_is_read_and_written_at_once(rows):
    members = rows.members("members", "list-1")
    assert members.read_all(10) == {}
    members.write_all({1: b"one", 2: b"two"})
    members.write_all({2: b"new", 3: b"three"})
    members.write_all({})
    assert members.read_all(11) == {1: b"one", 2: b"new", 3: b"three"}
    assert members.read_all(10) is None
