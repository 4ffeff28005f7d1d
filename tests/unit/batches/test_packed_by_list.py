"""Packing by list: fewer imports, and everybody on just the lists that their rows have named."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_constant_contact.batches.batch import BatchLimits, Destination, ImportBatch
from target_constant_contact.batches.packed import Packed
from target_constant_contact.batches.packer import Packer
from target_constant_contact.batches.spilling import memory_of
from target_constant_contact.contacts.addresses import hashed
from tests.support.packing import Memory, Packing, contact, rows_of, update

LISTS = tuple(f"list-{letter}" for letter in "abcde")
SMALL = BatchLimits(rows=4, size=700)
PROPERTIES = ["first_name", "city", "sms_number", "sms_consent_date"]
PLACES = st.builds(
    lambda stream, lists: Destination(stream, tuple(sorted(lists))),
    st.sampled_from(["members", "members", "others"]),
    st.sets(st.sampled_from(LISTS), min_size=1, max_size=4),
)
CONTACTS = st.builds(
    lambda key, extra: contact(f"{key}@example.com", **extra),
    st.sampled_from("abcdefghijklmnop"),
    st.dictionaries(st.sampled_from(PROPERTIES), st.text("xy", min_size=1, max_size=20)),
)
ROWS = st.lists(st.tuples(PLACES, CONTACTS), max_size=60)
OPEN = st.sampled_from([(8, 2_500), (30, 8_000), (1_000, 1_000_000)])


def packing(rows, bounds, limits=SMALL) -> Packing:
    open_rows, open_bytes = bounds
    made = Packing(limits=limits, open_rows=open_rows, open_bytes=open_bytes)
    for place, item in rows:
        made.add(place, item)
        held = made.packer._open
        assert sum(memory_of(batch) for batch in held) == held.size <= open_bytes
        assert sum(len(batch.contacts) for batch in held) == held.rows <= open_rows
    return made


def carry_out(batches: list[ImportBatch], draw: Any) -> dict[str, dict[str, Any]]:
    """The account after these imports in some order that the schedule may come to."""
    account: dict[str, dict[str, Any]] = defaultdict(lambda: {"lists": set()})
    left = list(batches)
    while left:
        free = [batch for batch in left if batch.waits_for.isdisjoint(each.number for each in left)]
        batch = draw.choice(free)
        left.remove(batch)
        for key, row in rows_of(batch).items():
            update(account[key], row)
            account[key]["lists"].update(batch.destination.list_ids)
    return account


@given(rows=ROWS, bounds=OPEN, draw=st.randoms(use_true_random=False))
def test_in_any_order_everybody_ends_on_their_lists_with_the_latest_values(rows, bounds, draw):
    wanted: dict[str, dict[str, Any]] = defaultdict(lambda: {"lists": set()})
    for place, item in rows:
        update(wanted[item.key], item.properties)
        wanted[item.key]["lists"].update(place.list_ids)
    assert carry_out(packing(rows, bounds).end(), draw) == wanted


@given(rows=ROWS, bounds=OPEN)
def test_no_group_needs_more_imports_than_were_foreseen_and_all_need_fewer_than_before(
    rows, bounds
):
    made = packing(rows, bounds)
    made.end()
    for group, batches in made.groups:
        assert len(batches) <= group.most_imports < len(group.batches)


@given(rows=ROWS)
def test_the_end_of_a_run_never_takes_more_imports_than_there_are_open_batches(rows):
    made = packing(rows, (1_000, 1_000_000))
    sent, still_open = len(made.sent), len(list(made.packer._open))
    assert len(made.end()) - sent <= still_open


@given(rows=ROWS, bounds=OPEN)
def test_every_row_is_in_one_batch_of_each_of_its_lists_or_merged(rows, bounds):
    made = packing(rows, bounds)
    made.end()
    read = Counter(place for place, _ in rows)
    for group, _ in made.groups:
        for place, moved in group.combinations:
            read[place] -= moved
            read.update(
                {Destination(place.stream, (list_id,)): moved for list_id in place.list_ids}
            )
    packed = Counter(made.merged)
    for batch in made.sent:
        packed[batch.destination] += batch.rows
    assert +read == +packed
    assert not made.held


@given(rows=ROWS, bounds=OPEN)
def test_batches_of_a_list_are_within_the_limits_and_hold_nobody_twice(rows, bounds):
    made = packing(rows, bounds)
    for batch in made.end():
        assert 0 < batch.rows <= SMALL.rows
        assert batch.rows == len(rows_of(batch)) == len(batch.fingerprints.keys)
        assert len(batch.body) <= SMALL.size


@given(rows=ROWS, bounds=OPEN)
def test_no_batch_holds_a_row_from_before_its_first(rows, bounds):
    made = packing(rows, bounds)
    sent = made.end()
    for number, (place, item) in enumerate(rows):
        for list_id in place.list_ids:
            assert any(
                batch.first_row <= number and hashed(item.key) in batch.fingerprints.keys
                for batch in sent
                if batch.destination.stream == place.stream
                if list_id in batch.destination.list_ids
            )


@given(rows=ROWS, bounds=OPEN)
def test_csv_files_of_a_list_are_within_the_limits(rows, bounds):
    open_rows, open_bytes = bounds
    limits = BatchLimits(rows=5, size=4_500)
    made = Packing(
        "csv", limits=limits, open_rows=open_rows, open_bytes=open_bytes + 5 * limits.size
    )
    for place, item in rows:
        made.add(place, item)
    for batch in made.end():
        assert 0 < batch.rows < limits.rows
        assert len(batch.body) <= limits.size
    for group, batches in made.groups:
        assert len(batches) <= group.most_imports < len(group.batches)


def sets_of(size: int) -> list[Destination]:
    return [Destination("members", lists) for lists in combinations(LISTS, size)]


def members(made: Packing, places: list[Destination], rows: int = 1) -> None:
    for place in places:
        for _ in range(rows):
            made.add(place, contact(f"m{made.row}@example.com"))


@pytest.mark.parametrize("kind", ["json", "csv"])
def test_ten_pairs_of_five_lists_take_five_imports(kind):
    made = Packing(kind)
    members(made, sets_of(2))
    assert [batch.destination.list_ids for batch in made.end()] == [(name,) for name in LISTS]
    assert [batch.rows for batch in made.sent] == [4] * 5


def test_a_large_combination_is_sent_as_it_is_beside_small_ones_by_list():
    """Six rows of it would fill each of its two lists' imports beyond their limit."""
    made = Packing(limits=BatchLimits(rows=10))
    large, *small = sets_of(2)
    members(made, [large], rows=8)
    members(made, small)
    sent = made.end()
    assert sent[0].destination == large
    assert sorted(batch.destination.list_ids for batch in sent[1:]) == [(name,) for name in LISTS]


def test_a_large_combination_joins_the_small_ones_where_there_is_room():
    made = Packing(limits=BatchLimits(rows=20))
    large, *small = sets_of(2)
    members(made, [large], rows=8)
    members(made, small)
    assert [batch.rows for batch in made.end()] == [11, 11, 4, 4, 4]


def test_contacts_of_which_few_fit_together_are_not_expected_to_fill_an_import():
    """A third of the bytes each, and a little more: two fit, and not three."""
    made = Packing(limits=BatchLimits(size=10_000))
    places = [place for size in range(1, 6) for place in sets_of(size)]
    for place in places:
        made.add(place, contact(f"m{made.row}@example.com", first_name="x" * 3_300))
    assert len(made.end()) <= len(places) == 31


def test_a_combination_with_lists_of_its_own_stays_together():
    made = Packing()
    own = Destination("members", ("list-x", "list-y"))
    members(made, [*sets_of(2), own])
    assert len(made.end()) == 6
    assert made.sent[0].destination == own


def test_few_combinations_of_many_lists_stay_together_beside_many_of_few():
    made = Packing()
    many = [f"many-{number:02}" for number in range(40)]
    wide = [
        Destination("members", tuple(name for place, name in enumerate(many) if place % 4 != gap))
        for gap in range(4)
    ]
    members(made, [*wide, *sets_of(2), *sets_of(3)])
    sent = made.end()
    assert [batch.destination for batch in sent[:4]] == wide
    assert len(sent) == 4 + len(LISTS)


def test_a_row_for_a_single_list_travels_with_those_of_its_combinations():
    made = Packing()
    members(made, [*sets_of(1), *sets_of(2)])
    assert [batch.rows for batch in made.end()] == [5] * 5
    members(made, sets_of(1))
    assert [batch.destination for batch in made.end()[5:]] == sets_of(1)


def test_streams_are_not_packed_together():
    made = Packing()
    members(made, [*sets_of(2), Destination("others", LISTS[:2])])
    assert len(made.end()) == 6
    assert made.sent[0].destination.stream == "others"


def test_with_too_many_open_batches_small_combinations_go_by_list_while_rows_come():
    made = Packing(open_batches=15, spill=Memory())
    members(made, sets_of(2), rows=2)
    assert made.sent == []
    members(made, sets_of(3), rows=1)
    ((group, batches),) = made.groups
    assert len(group.batches) == 16
    assert {batch.destination for batch in batches} == set(sets_of(1))


def test_combinations_that_were_put_aside_go_by_list_at_the_end():
    made = Packing(open_rows=60, spill=Memory())
    members(made, sets_of(2) * 40)
    assert made.sent == []
    assert [batch.rows for batch in made.end()] == [160] * 5
    assert made.packer._door.spill.kept == {}


def test_contacts_are_held_once_and_one_batch_of_a_list_is_made_after_the_other():
    packer = Packer("json")
    for number, lists in enumerate(sets_of(2) * 100):
        packer.add(lists, number, f"m{number}@example.com", b'{"email":"m@example.com"}')
    *_, last = packer.finish()
    (group,) = last.by_list
    assert (packer._open.rows, packer._open.size) == (0, 0)
    packed = packer.pack(group)
    for number in range(11, 16):
        assert next(packed).batch.number == number
        assert packer._open._number == number


def test_somebody_in_several_combinations_is_once_in_each_list():
    made = Packing()
    for place in sets_of(2):
        made.add(place, contact("ann@example.com", first_name=f"Ann {made.row}"))
    sent = made.end()
    assert [batch.rows for batch in sent] == [1] * 5
    assert {rows_of(batch)["ann@example.com"]["first_name"] for batch in sent} == {"Ann 9"}
    assert sum(made.merged.values()) == 15


def test_a_combination_that_a_sealed_batch_waits_for_is_sent_as_it_is():
    """Packed by list, it would never be settled itself."""
    made = Packing(limits=BatchLimits(rows=4), spill=Memory())
    people = [contact(f"m{number}@example.com") for number in range(10)]
    for place, item in zip(sets_of(2), people, strict=True):
        made.add(place, item)
    made.packer._door.put_aside(list(made.packer._open), Packed())
    for item in people[:6]:
        made.add(Destination("members", ("list-z",)), contact(item.key, city="new"))
    sent = {batch.number for batch in made.end()}
    waiting = [batch for batch in made.sent if batch.waits_for]
    assert len(waiting) == 2
    assert all(batch.waits_for <= sent for batch in waiting)


def test_a_row_that_waits_for_a_combination_waits_for_its_batches_by_list():
    made = Packing(spill=Memory())
    for number, place in enumerate(sets_of(2)):
        made.add(place, contact(f"m{number}@example.com", city="old"))
    made.packer._door.put_aside(list(made.packer._open), Packed())
    made.add(Destination("members", ("list-z",)), contact("m0@example.com", city="new"))
    *earlier, last = made.end()
    assert rows_of(last)["m0@example.com"]["city"] == "new"
    assert len(made.groups) == 1
    holders = {batch.number for batch in earlier if "m0@example.com" in rows_of(batch)}
    assert last.waits_for == holders
    assert len(holders) == 2
