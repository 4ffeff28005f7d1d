"""An open batch knows the exact bytes that will be sent."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_constant_contact.batches.batch import BatchLimits, Destination
from target_constant_contact.batches.csv_batch import CsvBatch
from target_constant_contact.batches.packer import BATCH_TYPES
from target_constant_contact.contacts.encoding import encode_contact

if TYPE_CHECKING:
    from target_constant_contact.batches.open_batch import OpenBatch

LISTS = ("11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222")
TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20)
PROPERTIES = st.fixed_dictionaries(
    {"email": st.from_regex(r"[a-d]{1,2}@example\.com", fullmatch=True)},
    optional={"first_name": TEXT, "company_name": TEXT, "birthday_day": st.integers(1, 31)},
)
RESERVE = 4_096
"""Bytes that a CSV batch keeps free for the other parts of its request."""


def new(kind: str, *, permission: Any = None, limits: BatchLimits | None = None) -> OpenBatch:
    return BATCH_TYPES[kind](
        1, Destination("members", LISTS), permission, 0, limits or BatchLimits()
    )


def fill(batch: OpenBatch, contacts: list[dict[str, Any]]) -> None:
    for properties in contacts:
        put(batch, properties["email"], encode_contact(properties))


def put(batch: OpenBatch, key: str, contact: bytes) -> None:
    if key in batch.contacts.keys:
        batch.replace(key, contact)
    else:
        batch.add(key, contact)


def held(batch: OpenBatch, key: str) -> bytes | None:
    return batch.contacts[key] if key in batch.contacts.keys else None


def read(kind: str, body: bytes) -> list[dict[str, Any]]:
    if kind == "json":
        return json.loads(body)["import_data"]
    rows = csv.DictReader(io.StringIO(body.decode(), newline=""))
    return [{name: value for name, value in row.items() if value} for row in rows]


@pytest.mark.parametrize("kind", ["json", "csv"])
@given(contacts=st.lists(PROPERTIES, min_size=1, max_size=12), removed=st.integers(0, 3))
def test_the_size_is_exactly_the_size_of_the_body(kind, contacts, removed):
    """Whatever was put in, replaced and taken out."""
    batch = new(kind)
    fill(batch, contacts)
    for key in batch.contacts.keys[: min(removed, len(batch.contacts) - 1)]:
        batch.remove(key)
    overhead = RESERVE if kind == "csv" else 0
    assert len(batch.seal().body) + overhead == batch.size


@pytest.mark.parametrize("kind", ["json", "csv"])
@given(contacts=st.lists(PROPERTIES, min_size=1, max_size=12))
def test_the_body_holds_the_latest_value_of_every_address(kind, contacts):
    batch = new(kind)
    fill(batch, contacts)
    latest = {contact["email"]: contact for contact in contacts}
    wanted = [
        {name: value if kind == "json" else str(value) for name, value in contact.items()}
        for contact in latest.values()
    ]
    found = read(kind, batch.seal().body)
    assert sorted(found, key=lambda row: row["email"]) == sorted(
        wanted, key=lambda row: row["email"]
    )


@pytest.mark.parametrize("kind", ["json", "csv"])
@given(contacts=st.lists(PROPERTIES, min_size=2, max_size=30), spare=st.integers(0, 60))
def test_what_fits_stays_within_the_limit_and_what_does_not_would_exceed_it(kind, contacts, spare):
    first = new(kind)
    fill(first, contacts[:1])
    limit = first.size + spare
    batch = new(kind, limits=BatchLimits(size=limit))
    for properties in contacts:
        key, item = properties["email"], encode_contact(properties)
        before = held(batch, key)
        fits = batch.fits(item) if before is None else batch.replace(key, item)
        if fits:
            put(batch, key, item)
            assert batch.size <= limit
            continue
        assert held(batch, key) == before
        if before is not None:
            batch.remove(key)
        batch.add(key, item)
        assert batch.size > limit
        return


def test_a_json_body_names_the_lists_and_only_a_known_consent():
    plain, consented = new("json"), new("json", permission="explicit")
    fill(plain, [{"email": "a@example.com"}])
    fill(consented, [{"email": "a@example.com"}])
    assert json.loads(plain.seal().body) == {
        "list_ids": list(LISTS),
        "import_data": [{"email": "a@example.com"}],
    }
    assert json.loads(consented.seal().body)["sms_permission_to_send"] == "explicit"


def test_rows_are_limited_and_the_header_of_a_csv_counts_as_one():
    limits = BatchLimits(rows=3)
    contacts = [{"email": f"{letter}@example.com"} for letter in "abc"]
    for kind, room in (("json", 3), ("csv", 2)):
        batch = new(kind, limits=limits)
        taken = 0
        for contact in contacts:
            if batch.fits(encode_contact(contact)):
                fill(batch, [contact])
                taken += 1
        assert taken == room


def test_a_replacement_fits_a_batch_that_is_full_of_rows():
    for kind in ("json", "csv"):
        batch = new(kind, limits=BatchLimits(rows=2))
        fill(batch, [{"email": "a@example.com"}])
        if kind == "json":
            fill(batch, [{"email": "b@example.com"}])
        assert batch.replace("a@example.com", encode_contact({"email": "A@example.com"}))
        assert not batch.fits(encode_contact({"email": "c@example.com"}))


def test_an_empty_csv_batch_has_the_size_of_its_reserve():
    assert isinstance(batch := new("csv"), CsvBatch)
    assert batch.size == RESERVE
