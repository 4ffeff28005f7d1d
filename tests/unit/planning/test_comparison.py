"""People who would be sent, against those who are on the lists."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from target_constant_contact.planning.columns import Columns
from target_constant_contact.planning.comparison import Comparison

COLUMNS = Columns()
PEOPLE = st.sampled_from(["ann", "bob", "cid"])
LISTS = st.sampled_from(["one", "two", "unread"])
NAMES = st.sampled_from(["Ann", "Bob"])


def compared(rows, members, read=("one", "two")):
    found = Comparison(COLUMNS, read)
    found.compare(rows, members)
    return found.tallies


def test_who_is_not_on_the_list_is_added_and_known_only_from_another_one():
    rows = [("ann", ("one",), {"first_name": "Ann"}), ("bob", ("one",), {"first_name": "Bob"})]
    tally = compared(rows, [("two", "ann", {"first_name": "Ann"})])["one"]
    assert (tally.people, tally.added, tally.known, tally.updated) == (2, 2, 1, 0)


def test_of_several_rows_the_later_values_count_property_by_property():
    rows = [
        ("ann", ("one",), {"first_name": "Old", "last_name": "New"}),
        ("ann", ("two",), {"first_name": "Ann"}),
    ]
    members = [("one", "ann", {"first_name": "Ann", "last_name": "Lee"})]
    tally = compared(rows, members)["one"]
    assert (tally.people, tally.updated) == (1, 1)
    assert tally.changes == {"last_name": 1}


def test_a_list_that_was_not_read_has_no_numbers():
    assert "unread" not in compared([("ann", ("unread",), {})], [])


@given(
    rows=st.lists(st.tuples(PEOPLE, st.lists(LISTS, min_size=1, unique=True), NAMES)),
    members=st.dictionaries(st.tuples(LISTS, PEOPLE), NAMES),
)
def test_everybody_is_counted_once_a_list(rows, members):
    sent = [(who, tuple(lists), {"email": who, "first_name": name}) for who, lists, name in rows]
    there = [(of, who, {"first_name": name}) for (of, who), name in members.items()]
    last = {who: name for who, _, name in rows}
    for list_id, tally in compared(sent, there).items():
        going = {who for who, lists, _ in rows if list_id in lists}
        on_it = {who for who in going if (list_id, who) in members}
        changed = {who for who in on_it if members[list_id, who] != last[who]}
        assert tally.people == len(going)
        assert tally.added == len(going - on_it)
        assert tally.updated == len(changed)
        assert tally.changes == Counter({"first_name": len(changed)} if changed else {})
