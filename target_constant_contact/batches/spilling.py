"""Open batches of which a part is not in memory."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from target_constant_contact.batches.fingerprints import Fingerprints
from target_constant_contact.batches.open_contacts import OpenContacts
from target_constant_contact.batches.pieces import Pieces, joined
from target_constant_contact.batches.places import without

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from target_constant_contact.batches.open_batch import OpenBatch
    from target_constant_contact.batches.pieces import Spill


def memory_of(batch: OpenBatch) -> int:
    """How many bytes of a batch's body are of contacts in memory."""
    pieces = batch.pieces
    return batch.size - (pieces.weight + pieces.rows * batch.row_overhead if pieces else 0)


def largest_in(batch: OpenBatch) -> int:
    """Bytes of the longest contact of a batch."""
    in_memory = max(map(len, batch.contacts.encoded), default=0)
    return max(in_memory, batch.pieces.largest if batch.pieces else 0)


def row_of(batch: OpenBatch, place: int) -> int:
    """The earliest row that the contact at a place in memory can come from."""
    spilled = batch.pieces.rows if batch.pieces else 0
    return batch.first_row + (spilled + place if batch.is_ordered else 0)


def said_by(batch: OpenBatch) -> Fingerprints:
    """What the contacts in memory say."""
    return Fingerprints.of(batch.contacts.keys, batch.contacts.encoded, batch.sms_permission)


def drop(batch: OpenBatch, places: Collection[int]) -> None:
    """Take out the contacts at some places in memory."""
    keys, contacts = batch.contacts.keys, batch.contacts.encoded
    batch.weight -= batch.weigh([contacts[place] for place in places]).total
    batch.contacts = OpenContacts()
    batch.contacts.keys = without(keys, places)
    batch.contacts.encoded = without(contacts, places)


def spill_contacts(batch: OpenBatch, spill: Spill) -> None:
    """Put what is in memory aside."""
    if batch.pieces is None:
        batch.pieces = Pieces(spill)
    keys, contacts = batch.contacts.keys, batch.contacts.encoded
    batch.pieces.add(keys, contacts, batch.weight - batch.pieces.weight)
    batch.contacts = OpenContacts()


def fetch(batch: OpenBatch) -> int:
    """Bring all contacts to memory, each person once; return how many rows are no more."""
    if batch.pieces is None:
        return 0
    rows = batch.rows
    keys, contacts = joined(parts(batch))
    batch.pieces.forget()
    batch.pieces = None
    batch.contacts = OpenContacts()
    batch.contacts.keys, batch.contacts.encoded = keys, contacts
    if len(keys) < rows:
        batch.weight = batch.weigh(contacts).total
    return rows - len(keys)


def parts(batch: OpenBatch) -> Iterator[tuple[list[str], list[bytes]]]:
    """Keys and contacts, piece by piece."""
    return chain(batch.pieces or (), [(batch.contacts.keys, batch.contacts.encoded)])
