"""Leavers and scratch lists as rows of the store."""

from __future__ import annotations

import pytest

from target_constant_contact.store.leavers import LeaverRows
from target_constant_contact.store.scratch_lists import ScratchRows


@pytest.fixture
def rows(target):
    return LeaverRows(target, "account")


def test_leavers_are_kept_by_stream_and_list(rows):
    rows.put({("members", "l1"): b"1", ("members", "l2"): b"2", ("others", "l1"): b"3"})
    assert rows.read("members") == {"l1": b"1", "l2": b"2"}
    assert rows.read("others") == {"l1": b"3"}
    assert rows.read("none") == {}
    assert rows.streams() == ["members", "others"]


def test_what_is_put_takes_the_place_of_what_was_there(rows):
    rows.put({("members", "l1"): b"1", ("members", "l2"): b"2"})
    rows.put({("members", "l1"): b"11"})
    assert rows.read("members") == {"l1": b"11", "l2": b"2"}
    rows.put({("members", "l1"): b"", ("members", "l2"): b""})
    assert rows.streams() == []


def test_accounts_are_kept_apart(rows, target):
    rows.put({("members", "l1"): b"1"})
    other = LeaverRows(target, "another")
    assert other.read("members") == {}
    other.put({("members", "l1"): b""})
    assert rows.read("members") == {"l1": b"1"}


def test_a_scratch_list_is_noted_until_it_is_deleted(target):
    rows, other = ScratchRows(target, "account"), ScratchRows(target, "another")
    rows.add("x")
    assert rows.read() == {"x": ""}
    rows.made("x", "l1")
    rows.add("y")
    other.add("x")
    assert rows.read() == {"x": "l1", "y": ""}
    rows.forget("x")
    assert (rows.read(), other.read()) == ({"y": ""}, {"x": ""})
