"""Which of two segments stays where a store and what is brought to it have one each."""

from __future__ import annotations

import pytest

from target_constant_contact.exceptions import SettingsError
from tests.support.stored import NOW, fill, rows_in, take_in

KEY = {"account": "account-1", "stream": "members", "list_id": "list-1"}
TABLES = ("segments", "members", "loads")


def secret(key="ab" * 32):
    return {"secrets": [{"name": "people key", "value": key}]}


def segment(people, at=NOW, **other):
    load = {"run": "run-1", "loaded_at": at, "state": "sealed", "reason": ""}
    key = KEY | other
    return {
        "segments": [key | load],
        "members": [key | {"part": part, "people": people} for part in range(2)],
        "loads": [key | {"run": "run-1", "number": 1, "people": people}],
    }


def people_in(database):
    return {row["people"] for row in rows_in(database)["members"]}


@pytest.mark.parametrize(("at", "stays"), [(NOW - 1, b"own"), (NOW, b"own"), (NOW + 1, b"new")])
def test_the_newer_load_stays_with_all_that_belongs_to_it(target, at, stays):
    fill(target, segment(b"own") | secret())
    new = segment(b"new", at)
    new["members"] = new["members"][:1]
    take_in(target, new | secret())
    found = rows_in(target)
    assert people_in(target) == {stays}
    assert {row["people"] for row in found["loads"]} == {stays}
    assert len(found["members"]) == (1 if stays == b"new" else 2)
    assert len(found["segments"]) == 1


def test_segments_that_only_one_store_has_stay(target):
    fill(target, segment(b"own") | secret())
    take_in(target, segment(b"new", list_id="list-2") | secret())
    assert people_in(target) == {b"own", b"new"}


def test_a_memory_without_a_load_stays_unless_there_is_none(target):
    fill(target, {"members": segment(b"own")["members"]} | secret())
    new = {"members": segment(b"new")["members"]} | secret()
    take_in(target, new)
    assert people_in(target) == {b"own"}
    other = {"members": segment(b"new", list_id="list-2")["members"]} | secret()
    take_in(target, other)
    assert people_in(target) == {b"own", b"new"}


def test_people_whom_another_key_hides_are_forgotten_only_if_that_is_asked_for(target):
    fill(target, segment(b"own") | secret())
    new = segment(b"new", list_id="list-2") | secret("cd" * 32)
    before = rows_in(target)
    with pytest.raises(SettingsError, match="know people by hashes of different keys"):
        take_in(target, new)
    assert rows_in(target) == before
    take_in(target, new, replace=True)
    assert people_in(target) == {b"new"}
    assert [row["value"] for row in rows_in(target)["secrets"]] == ["cd" * 32]


def test_a_key_that_hides_nobody_gives_way(target):
    fill(target, secret())
    take_in(target, segment(b"new") | secret("cd" * 32))
    assert people_in(target) == {b"new"}
    assert [row["value"] for row in rows_in(target)["secrets"]] == ["cd" * 32]


def test_a_key_that_is_brought_and_hides_nobody_is_not_taken(target):
    fill(target, segment(b"own") | secret())
    take_in(target, secret("cd" * 32))
    assert [row["value"] for row in rows_in(target)["secrets"]] == ["ab" * 32]


def test_nobody_who_was_erased_is_forgotten(target):
    fill(target, {"suppressions": [{"person": "ab" * 16, "since": NOW}]} | secret())
    with pytest.raises(SettingsError, match="people were erased"):
        take_in(target, segment(b"new") | secret("cd" * 32), replace=True)
    assert len(rows_in(target)["suppressions"]) == 1


@pytest.mark.parametrize(("at", "stays"), [(NOW - 1, b"own"), (NOW + 1, b"new")])
def test_of_opt_outs_the_newer_ones_stay(target, at, stays):
    def opt_outs(people, at):
        row = {"account": "account-1", "read_at": at, "whole_at": at, "people": people}
        return {"opt_outs": [row]} | secret()

    fill(target, opt_outs(b"own", NOW))
    take_in(target, opt_outs(b"new", at))
    assert [row["people"] for row in rows_in(target)["opt_outs"]] == [stays]
