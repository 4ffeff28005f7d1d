"""What is known of an open batch without its contacts."""

from __future__ import annotations

from target_constant_contact.batches.batch import BatchLimits, Destination
from target_constant_contact.batches.json_batch import JsonBatch
from target_constant_contact.batches.open_batches import OpenBatches
from target_constant_contact.batches.spilling import fetch, row_of, spill_contacts
from tests.support.packing import Memory


def opened(*rows):
    batches = OpenBatches(JsonBatch, BatchLimits())
    batch = batches.begin((Destination("members", ("list-a",)), None), rows[0])
    for row in rows:
        batches.add(batch, row, f"m{row}-{batch.rows}@example.com", b'{"email":"m@example.com"}')
    return batch


def test_a_contact_is_from_no_earlier_row_than_there_are_contacts_before_it():
    batch = opened(5, 6, 9)
    assert [row_of(batch, place) for place in range(3)] == [5, 6, 7]
    spill_contacts(batch, Memory())
    assert row_of(batch, 0) == 8


def test_where_a_contact_has_come_from_an_older_batch_only_the_first_row_is_known():
    batch = opened(5, 6, 6)
    assert [row_of(batch, place) for place in range(3)] == [5, 5, 5]


def test_what_was_put_aside_comes_back_in_order_and_is_forgotten_there():
    batch, spill = opened(5, 6), Memory()
    whole = batch.seal().body
    spill_contacts(batch, spill)
    assert (len(batch.contacts), batch.rows, len(spill.kept)) == (0, 2, 1)
    assert fetch(batch) == 0
    assert (batch.seal().body, spill.kept) == (whole, {})
