"""Which row stays where a store and what is brought to it do not agree."""

from __future__ import annotations

import pytest

from target_constant_contact.exceptions import SettingsError
from tests.support.stored import (
    LEDGER_KEY,
    NOW,
    TODAY,
    documents,
    everything,
    export_rows,
    fill,
    rows_in,
    take_in,
)

SLOT = {"key": "k", "last": NOW, "asked": NOW, "day": TODAY, "used": 10}


def refused(database, rows):
    before = rows_in(database)
    with pytest.raises(SettingsError) as caught:
        take_in(database, rows)
    assert rows_in(database) == before
    assert caught.value.exit_code == 78
    return [*caught.value.faults]


# Connections and other secrets


def test_a_connection_that_differs_is_replaced_only_if_that_is_asked_for(target):
    fill(target, {"connections": documents("shop", "other")})
    new = {"connections": documents("shop", token="another")}
    assert refused(target, new) == [
        (
            f"connection 'shop' is in the store at {target.place} already, and differs from the "
            "one in x.jsonl; nothing was changed. Pass --replace to put that one in its place"
        )
    ]
    take_in(target, new, replace=True)
    other, shop = rows_in(target)["connections"]
    assert "another" in shop["document"]
    assert other["name"] == "other"


def test_who_has_read_the_replaced_connection_cannot_write_over_the_new_one(target):
    fill(target, {"connections": documents("a", "b", "shop")})
    take_in(target, {"connections": documents("shop", token="another")}, replace=True)
    assert rows_in(target)["connections"][2]["writes"] == 6


def test_all_that_differs_is_told_at_once(target):
    fill(target, {"connections": documents("one", "two")})
    assert len(refused(target, {"connections": documents("one", "two", token="x")})) == 2


# Counts and runs


@pytest.mark.parametrize(
    ("kept", "brought", "day", "used", "other_used"),
    [
        ((TODAY, 10, 5), (TODAY, 20, 3), TODAY, 20, 5),
        ((TODAY, 20, 3), (TODAY, 10, 5), TODAY, 20, 5),
        ((TODAY, 10, 5), (TODAY - 1, 7, 9), TODAY, 10, 7),
        ((TODAY - 1, 7, 9), (TODAY, 10, 5), TODAY, 10, 7),
    ],
)
def test_of_each_day_the_larger_count_stays(target, kept, brought, day, used, other_used):
    def row(of, count, other):
        return SLOT | {"day": of, "used": count, "other_day": of - 1, "other_used": other}

    fill(target, {"slots": [row(*kept)]})
    take_in(target, {"slots": [row(*brought)]})
    (found,) = rows_in(target)["slots"]
    assert (found["day"], found["used"]) == (day, used)
    assert (found["other_day"], found["other_used"]) == (TODAY - 1, other_used)


def test_no_slot_is_given_twice(target):
    other = {"other_day": 0, "other_used": 0}
    fill(target, {"slots": [SLOT | other | {"last": NOW + 5, "asked": NOW + 4}]})
    take_in(target, {"slots": [SLOT | other | {"used": 99}]})
    (found,) = rows_in(target)["slots"]
    assert (found["last"], found["asked"], found["used"]) == (NOW + 5, NOW + 4, 99)


def test_a_run_of_the_same_name_is_the_same_run(target):
    rows = everything()
    fill(target, {"runs": rows["runs"]})
    changed = [row | {"machine": "two"} for row in rows["runs"]]
    done = take_in(target, {"runs": changed})
    assert done.kept["runs"] == 2
    assert rows_in(target)["runs"] == rows["runs"]


# Exports


def test_an_export_that_has_gone_on_since_is_refused_by_name(target):
    fill(target, export_rows("nightly", "run-1", at=NOW + 60))
    assert refused(target, export_rows("nightly", "run-1")) == [
        (
            f"export account-1/nightly has interrupted runs, and the store at {target.place} and "
            "x.jsonl do not agree on what they have sent; nothing was changed. Pass --replace to "
            "go on from x.jsonl"
        )
    ]


def test_an_interrupted_run_that_was_taken_up_since_does_not_come_back(target):
    """Else the next night would be settled by what the night before has sent."""
    fill(target, export_rows("nightly", at=NOW + 60))
    refused(target, export_rows("nightly", "run-1"))


def test_an_interrupted_run_is_replaced_wholly(target):
    old = export_rows("nightly", "run-1")
    old["entries"].append(old["entries"][0] | {"number": 9})
    fill(target, old)
    new = export_rows("nightly", "run-2", at=NOW + 1)
    take_in(target, new, replace=True)
    assert {name: rows_in(target)[name] for name in new} == new


def test_of_exports_that_are_at_their_end_the_newer_time_stays(target):
    fill(
        target,
        {
            "exports": export_rows("older", at=NOW)["exports"]
            + export_rows("newer", at=NOW + 9)["exports"]
        },
    )
    take_in(
        target,
        {
            "exports": export_rows("older", at=NOW + 5)["exports"]
            + export_rows("newer", at=NOW)["exports"]
        },
    )
    found = {row["export"]: row["written_at"] for row in rows_in(target)["exports"]}
    assert found == {"older": NOW + 5, "newer": NOW + 9}


# The key of the ledger


OTHER = [{"name": "ledger key", "value": "aa" * 64}]
OURS = [{"name": "ledger key", "value": LEDGER_KEY}]


def ledger_key(database):
    (row,) = rows_in(database)["secrets"]
    return row["value"]


def test_the_key_that_interrupted_runs_need_comes_with_them(target):
    fill(target, {"secrets": OTHER})
    done = take_in(target, export_rows("nightly", "run-1") | {"secrets": OURS})
    assert ledger_key(target) == LEDGER_KEY
    assert not done.given_up


def test_without_interrupted_runs_another_key_is_not_needed(target):
    fill(target, export_rows("weekly", "run-1") | {"secrets": OTHER})
    done = take_in(target, export_rows("nightly") | {"secrets": OURS})
    assert ledger_key(target) == "aa" * 64
    assert done.kept["secrets"] == 1


def test_of_two_keys_that_are_needed_one_is_given_up_only_if_that_is_asked_for(target):
    fill(target, export_rows("weekly", "run-1") | {"secrets": OTHER})
    new = export_rows("nightly", "run-2") | {"secrets": OURS}
    assert refused(target, new) == [
        (
            f"the ledger key in the store at {target.place} is another one than in x.jsonl, and "
            "both have interrupted runs, which only their own key lets take up; nothing was "
            "changed. Let the exports of one of the two end first, or pass --replace: those in the "
            f"store at {target.place} then send once more what they have sent"
        )
    ]
    assert take_in(target, new, replace=True).given_up
    assert ledger_key(target) == LEDGER_KEY
