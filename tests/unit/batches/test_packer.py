"""Packing: few requests, bounded memory, and the last value of an address wins."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

from hypothesis import assume, example, given
from hypothesis import strategies as st

from target_constant_contact.batches.batch import BatchLimits, Destination, ImportBatch
from target_constant_contact.batches.packed import Packed
from target_constant_contact.batches.packer import Packer
from target_constant_contact.batches.spilling import memory_of
from target_constant_contact.batches.together import Taken
from target_constant_contact.contacts.encoding import encode_contact, sms_permission
from tests.support.packing import Packing, contact, rows_of, update

if TYPE_CHECKING:
    from collections.abc import Iterable

    from target_constant_contact.batches.batch import Route

A, B = Destination("members", ("list-a",)), Destination("others", ("list-b",))
FULL = dict.fromkeys(("first_name", "last_name", "city"), "x")
CONSENT = ("sms_number", "sms_consent_date")
SMALL = BatchLimits(rows=3, size=400)
CONTACTS = st.builds(
    lambda key, extra: contact(f"{key}@example.com", **extra),
    st.sampled_from("abcdefg"),
    st.dictionaries(
        st.sampled_from(["first_name", "last_name", "city", "sms_number", "sms_consent_date"]),
        st.text("xyz", min_size=1, max_size=25),
    ),
)
ROWS = st.lists(st.tuples(st.sampled_from([A, B]), CONTACTS), max_size=40)


def apply(batches: list[ImportBatch]) -> dict[str, dict[str, Any]]:
    """The account after these imports, one after the other."""
    account: dict[str, dict[str, Any]] = defaultdict(dict)
    for batch in batches:
        for key, row in rows_of(batch).items():
            update(account[key], row)
            account[key].setdefault("lists", set()).update(batch.destination.list_ids)
    return account


@given(rows=ROWS)
@example(
    rows=[
        (A, contact("a@example.com")),
        (A, contact("a@example.com", sms_number="x", sms_consent_date="x")),
        (A, contact("c@example.com", **FULL, sms_number="x", sms_consent_date="x")),
        (A, contact("b@example.com", first_name="x", sms_number="xx", sms_consent_date="x")),
        (A, contact("b@example.com", **FULL, sms_number="x", sms_consent_date="x")),
        (A, contact("b@example.com", sms_number="xx")),
    ]
)
def test_the_account_ends_with_the_last_value_of_every_property(rows):
    """Over all streams, lists, merges and seals; only contradicting batches need an order.

    Who has another number for a while may keep the consent that was given for the first one.
    """
    run = Packing(limits=SMALL, open_rows=6, open_bytes=1_200)
    wanted: dict[str, dict[str, Any]] = defaultdict(dict)
    consents: set[tuple[str, Any, Any]] = set()
    for destination, item in rows:
        run.add(destination, item)
        person = wanted[item.key]
        update(person, item.properties)
        consents.add((item.key, person.get("sms_number"), person.get("sms_consent_date")))
        person.setdefault("lists", set()).update(destination.list_ids)
    found = apply(run.end())
    for key, person in found.items():
        if "sms_consent_date" not in wanted[key] and (date := person.pop("sms_consent_date", None)):
            assert (key, person["sms_number"], date) in consents
    assert found == wanted


@given(rows=ROWS)
def test_every_row_is_in_a_batch_or_merged(rows):
    run = Packing(limits=SMALL, open_rows=6, open_bytes=1_200)
    for destination, item in rows:
        run.add(destination, item)
    run.end()
    for destination in (A, B):
        read = sum(place == destination for place, _ in rows)
        packed = sum(batch.rows for batch in run.sent if batch.destination == destination)
        assert read == packed + run.merged[destination]
    assert not run.held


@given(rows=ROWS)
def test_no_batch_exceeds_its_limits(rows):
    run = Packing(limits=SMALL, open_rows=6, open_bytes=1_200)
    for destination, item in rows:
        run.add(destination, item)
    for batch in run.end():
        assert 0 < batch.rows <= SMALL.rows
        assert batch.rows == len(rows_of(batch)) == len(batch.fingerprints.keys)
        assert len(batch.body) <= SMALL.size


@given(rows=ROWS)
def test_contacts_with_a_date_of_consent_travel_apart(rows):
    run = Packing(limits=SMALL)
    for destination, item in rows:
        run.add(destination, item)
    for batch in run.end():
        for row in rows_of(batch).values():
            consented = "sms_number" in row and "sms_consent_date" in row
            assert consented == (batch.sms_permission == "explicit")


@given(rows=ROWS)
def test_a_sealed_batch_never_says_less_than_an_open_one_for_the_same_address(rows):
    """All open batches hold one value per address, so they may be sent in any order."""
    run = Packing(limits=BatchLimits(size=10_000))
    for destination, item in rows:
        run.add(destination, item)
    batches = run.end()[len(run.sent) :]
    said = [batch.fingerprints for batch in batches if batch.sms_permission is None]
    assert not any(one.contradict(other) for one in said for other in said)


def test_a_later_row_keeps_what_it_does_not_say():
    run = Packing()
    run.add(A, contact("ann@example.com", first_name="Ann", city="Oslo"))
    packed = run.add(A, contact("ANN@example.com", first_name="Anna"))
    assert packed.merged
    (batch,) = run.end()
    assert rows_of(batch) == {
        "ann@example.com": {"email": "ANN@example.com", "first_name": "Anna", "city": "Oslo"}
    }


def test_the_same_row_again_is_merged_and_changes_nothing():
    run = Packing()
    run.add(A, contact("ann@example.com"))
    assert run.add(A, contact("ann@example.com")).merged
    assert run.end()[0].rows == 1


def test_a_row_for_another_list_updates_the_address_where_it_is_open():
    run = Packing()
    run.add(A, contact("ann@example.com", first_name="Ann"))
    assert not run.add(B, contact("ann@example.com", first_name="Anna")).merged
    first, second = run.end()
    assert rows_of(first)["ann@example.com"] == rows_of(second)["ann@example.com"]
    assert rows_of(first)["ann@example.com"]["first_name"] == "Anna"


def test_a_contact_that_fits_no_request_is_refused():
    run = Packing(limits=BatchLimits(size=150))
    packed = run.add(A, contact("ann@example.com", first_name="x" * 150))
    assert packed.too_large
    assert run.end() == []


def test_values_that_fit_no_request_together_go_one_after_the_other():
    run = Packing(limits=BatchLimits(size=150))
    run.add(A, contact("ann@example.com", first_name="x" * 50))
    run.add(A, contact("ann@example.com", last_name="y" * 50))
    assert [sorted(rows_of(batch)["ann@example.com"]) for batch in run.end()] == [
        ["email", "first_name"],
        ["email", "last_name"],
    ]


def test_beyond_the_cap_the_fullest_batch_goes_first():
    run = Packing(open_rows=3)
    run.add(A, contact("a@example.com"))
    for key in "bcd":
        run.add(B, contact(f"{key}@example.com"))
    assert [batch.destination for batch in run.sent] == [B]
    assert [batch.destination for batch in run.end()] == [B, A]


def test_memory_of_open_batches_is_bounded_however_many_lists_there_are():
    run = Packing(open_bytes=20_000, open_rows=10_000)
    for number in range(2_000):
        place = Destination("members", (f"list-{number % 500}",))
        run.add(place, contact(f"member{number}@example.com"))
        held = run.packer._open
        assert sum(memory_of(batch) for batch in held) == held.size <= 20_000
        assert sum(len(batch.contacts) for batch in held) == held.rows


def test_packing_needs_at_most_one_request_more_than_the_smallest_number():
    """100,000 members of 60 and of 400 bytes."""
    for size, smallest in ((60, 3), (400, 11)):
        run = Packing(limits=BatchLimits())
        for number in range(100_000):
            email = f"m{number:06}@example.com"
            padding = "x" * (size - len('{"email":"","city":""}') - len(email))
            run.add(A, contact(email, city=padding))
        sent = run.end()
        assert smallest <= len(sent) <= smallest + 1
        assert max(len(batch.body) for batch in sent) <= 4_000_000
        assert max(batch.rows for batch in sent) <= 40_000
        assert sum(batch.rows for batch in sent) == 100_000


def test_what_is_open_is_sealed_from_the_oldest_batch_on():
    run = Packing()
    run.add(B, contact("b@example.com"))
    run.add(A, contact("a@example.com"))
    assert [batch.destination for batch in run.end()] == [B, A]
    assert len(run.end()) == 2


def test_consent_that_comes_later_moves_the_contact():
    run = Packing()
    run.add(A, contact("ann@example.com", sms_number="2125550123"))
    packed = run.add(A, contact("ann@example.com", sms_consent_date="2024-07-03"))
    assert packed.merged
    assert packed.emptied
    (batch,) = run.end()
    assert batch.sms_permission == "explicit"
    assert batch.first_row == 0


def test_consent_never_moves_to_another_number():
    run = Packing()
    consented = {"sms_number": "2125550123", "sms_consent_date": "2024-07-03"}
    run.add(A, contact("ann@example.com", **consented))
    run.add(A, contact("ann@example.com", sms_number="2125550199"))
    (batch,) = run.end()
    assert batch.sms_permission is None
    assert rows_of(batch)["ann@example.com"] == {
        "email": "ann@example.com",
        "sms_number": "2125550199",
    }


def test_a_row_whose_batch_is_sealed_for_lack_of_room_is_not_merged():
    """It travels in the next batch, and counts as a row of that one."""
    run = Packing(limits=BatchLimits(size=160))
    run.add(A, contact("ann@example.com", first_name="Ann"))
    run.add(A, contact("bob@example.com", first_name="Bob"))
    packed = run.add(A, contact("ann@example.com", last_name="x" * 45))
    assert not packed.merged
    assert [batch.rows for batch in run.end()] == [2, 1]
    assert rows_of(run.sent[1])["ann@example.com"]["first_name"] == "Ann"


def test_a_row_that_came_from_an_older_batch_holds_state_where_it_waits_too():
    """It is held back with later rows, whose batch has to wait from that row on."""
    run, consent = Packing(limits=BatchLimits(rows=3)), dict.fromkeys(CONSENT, "x")

    def add(names: str, value: str, **more: str) -> None:
        for name in names:
            run.add(A, contact(f"{name}@example.com", first_name=value, **more))

    add("zxy", "first")
    add("prs", "first", **consent)
    zed = run.row
    add("z", "second")
    add("p", "second", **consent)
    add("tu", "first", **consent)
    # Now it moves to where the consents are, and from there to those that wait.
    add("z", "second", **consent)
    add("vw", "first", **consent)
    sent = {batch.number for batch in run.sent}
    assert [row for number, row in run.held.items() if number not in sent] == [zed]


def sealed_in(steps: Iterable[Packed]) -> list[ImportBatch]:
    return [batch for packed in steps for batch in packed.sealed]


@given(
    rows=ROWS,
    size=st.integers(1, 9),
    open_rows=st.integers(2, 12),
    open_bytes=st.sampled_from([600, 1_200, 9_000, 1_000_000]),
    kind=st.sampled_from(["json", "csv"]),
)
def test_many_contacts_taken_at_once_are_packed_as_one_after_the_other(
    rows, size, open_rows, open_bytes, kind
):
    limits = BatchLimits(rows=6, size=6_000)
    singly, together = (
        Packer(kind, limits, open_rows=open_rows, open_bytes=open_bytes) for _ in range(2)
    )
    sealed: list[list[ImportBatch]] = [[], []]
    for start in range(0, len(rows), size):
        part = [
            ((place, sms_permission(*map(item.properties.get, CONSENT))), item)
            for place, item in rows[start : start + size]
        ]
        taken = together.add_all(
            [slot for slot, _ in part],
            [item.key for _, item in part],
            [encode_contact(item.properties) for _, item in part],
        )
        # Those come after the others then, and not in their turn.
        assume(taken is None or not taken.left)
        merged = 0
        for row, ((place, _), item) in enumerate(part, start=start):
            encoded = encode_contact(item.properties)
            packed = [singly.add(place, row, item.key, encoded), *singly.relieve()]
            sealed[0] += sealed_in(packed)
            if taken is not None:
                assert packed in ([Packed()], [Packed(merged=True)])
                merged += packed[0].merged
            else:
                again = together.add(place, row, item.key, encoded)
                sealed[1] += sealed_in([again, *together.relieve()])
        assert together._open.size == sum(memory_of(batch) for batch in together._open)
        if taken is not None:
            assert (taken.rows.total(), taken.merged.total()) == (len(part) - merged, merged)
    sealed[0] += sealed_in(singly.finish())
    sealed[1] += sealed_in(together.finish())
    first, second = (
        [(b.number, b.body, b.first_row, b.fingerprints.to_bytes()) for b in found]
        for found in sealed
    )
    assert first == second


@given(
    chunks=st.lists(st.lists(st.tuples(st.sampled_from([A, B]), CONTACTS), max_size=8), max_size=4)
)
def test_of_many_contacts_taken_at_once_the_last_value_wins_in_every_batch(chunks):
    """Those that are left come after the others, and yet in their turn among one person's rows."""
    packer = Packer("json")
    wanted: dict[str, dict[str, Any]] = defaultdict(dict)

    def part_of(rows: Iterable[tuple[Destination, Any]]) -> list[tuple[Route, str, bytes]]:
        for place, item in rows:
            update(wanted[item.key], item.properties)
            wanted[item.key].setdefault("lists", set()).update(place.list_ids)
        return [
            (
                (place, sms_permission(*map(item.properties.get, CONSENT))),
                item.key,
                encode_contact(item.properties),
            )
            for place, item in rows
        ]

    consent = dict.fromkeys(CONSENT, "x")
    # Many are taken at once for batches that are open, of people of whom most are new.
    begun = [
        (place, contact(f"{place.stream}{len(more)}@example.com", **more))
        for place in (A, B)
        for more in ({}, consent)
    ]
    for (place, _), key, encoded in part_of(begun):
        packer.add(place, 0, key, encoded)
    for number, rows in enumerate(chunks):
        new = [(A, contact(f"{number}-{place}@example.com")) for place in range(len(rows))]
        part = part_of([*rows, *new])
        taken = packer.add_all(*map(list, zip(*part, strict=True))) if part else Taken()
        assert taken is not None
        for at in taken.left:
            (place, _), key, encoded = part[at]
            packer.add(place, at, key, encoded)
    sealed = sealed_in(packer.finish())
    assert apply(sealed) == wanted
    for batch in sealed:
        permissions = {sms_permission(*map(row.get, CONSENT)) for row in rows_of(batch).values()}
        assert permissions == {batch.sms_permission}


def test_contacts_that_fit_are_taken_at_once():
    packer = Packer("json", BatchLimits(rows=10, size=6_000))
    packer.add(A, 0, "ann@example.com", b'{"email":"ann@example.com"}')
    keys = [f"m{n}@example.com" for n in range(7)]
    assert packer.add_all([(A, None)] * 7, keys, [b"{}"] * 7) == Taken(Counter({A: 7}))
    for slots, taken in (
        ([(A, None)] * 2, ["zoe@example.com", "max@example.com"]),
        ([(B, None)], ["zoe@example.com"]),
        ([(A, None)], ["ann@example.com"]),
    ):
        assert packer.add_all(slots, taken, [b"{}"] * len(taken)) is None
    assert [batch.rows for packed in packer.finish() for batch in packed.sealed] == [8]


def test_batches_are_full_within_one_percent():
    """Of the bytes, or to the last row."""
    run = Packing(limits=BatchLimits(size=400_000))
    for number in range(20_000):
        run.add(A, contact(f"m{number}@example.com", first_name="x" * (number % 50)))
    assert len(run.sent) > 2
    assert all(len(batch.body) > 0.99 * 400_000 for batch in run.sent)
    short = Packing(limits=BatchLimits(rows=500))
    for number in range(1_600):
        short.add(A, contact(f"m{number}@example.com"))
    assert [batch.rows for batch in short.sent] == [500, 500, 500]


def test_contacts_are_taken_at_once_up_to_the_last_byte_of_the_cap():
    """Each brings a comma."""
    lone = Packer("json")
    lone.add(A, 0, "ann@example.com", b"{}")
    for spare, taken in ((len("{},{}"), None), (len(",{},{}"), Taken(Counter({A: 2})))):
        packer = Packer("json", open_bytes=lone._open.size + spare)
        packer.add(A, 0, "ann@example.com", b"{}")
        keys = ["bob@example.com", "cat@example.com"]
        assert packer.add_all([(A, None)] * 2, keys, [b"{}"] * 2) == taken
