"""A packer and what it has sealed, and what that makes of an account."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from target_constant_contact.batches.packer import Packer
from target_constant_contact.contacts.contact import Contact
from target_constant_contact.contacts.encoding import encode_contact

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from target_constant_contact.batches.batch import Destination, ImportBatch, ImportFormat
    from target_constant_contact.batches.list_group import ListGroup
    from target_constant_contact.batches.packed import Packed


def contact(email: str, **properties: Any) -> Contact:
    """A contact with its e-mail key."""
    return Contact(email.lower(), {"email": email, **properties})


def rows_of(batch: ImportBatch) -> dict[str, dict[str, Any]]:
    """The contacts of a JSON batch by e-mail key."""
    return {row["email"].lower(): row for row in json.loads(batch.body)["import_data"]}


class Memory:
    """A spill that keeps everything."""

    def __init__(self) -> None:
        self.kept: dict[int, bytes] = {}
        self.put_in = 0

    def put(self, content: bytes) -> int:
        self.put_in += 1
        self.kept[self.put_in] = content
        return self.put_in

    def fetch(self, place: int) -> bytes:
        return self.kept[place]

    def forget(self, place: int) -> None:
        del self.kept[place]


class Packing:
    """A packer with what it has sealed, in the order of sealing.

    Attributes:
        packer: The packer.
        row: Rows so far.
        merged: Rows that have joined others, by destination.
        held: The earliest row of each batch that holds rows.
        sent: The sealed batches.
        groups: What was packed by list, with its batches.
    """

    def __init__(self, import_format: ImportFormat = "json", **options: Any) -> None:
        self.packer = Packer(import_format, **options)
        self.row = 0
        self.merged: dict[Destination, int] = defaultdict(int)
        self.held: dict[int, int] = {}
        self.sent: list[ImportBatch] = []
        self.groups: list[tuple[ListGroup, list[ImportBatch]]] = []

    def add(self, destination: Destination, item: Contact) -> Packed:
        """Add a row."""
        packed = self.packer.add(destination, self.row, item.key, encode_contact(item.properties))
        self.row += 1
        self.merged[destination] += packed.merged
        self._take(packed)
        for relieving in self.packer.relieve():
            self._take(relieving)
        return packed

    def end(self) -> list[ImportBatch]:
        """Seal everything; return all batches."""
        for packed in self.packer.finish():
            self._take(packed)
        return self.sent

    def _take(self, packed: Packed) -> None:
        for number, first_row in packed.opened:
            self.held[number] = min(first_row, self.held.get(number, first_row))
        for number in packed.emptied:
            del self.held[number]
        for destination, rows in packed.joined:
            self.merged[destination] += rows
        self._seal(packed.sealed)
        self._pack(packed.by_list)

    def _pack(self, groups: Iterable[ListGroup]) -> None:
        for group in groups:
            packed = list(self.packer.pack(group))
            for each in packed:
                self.held[each.batch.number] = each.batch.first_row
                self.merged[each.batch.destination] += each.merged
            self._seal(each.batch for each in packed)
            assert min(each.batch.first_row for each in packed) <= min(
                self.held.pop(number) for number in group.numbers
            )
            self.groups.append((group, [each.batch for each in packed]))

    def _seal(self, batches: Iterable[ImportBatch]) -> None:
        for batch in batches:
            assert self.held.pop(batch.number) <= batch.first_row
            self.sent.append(batch)


def update(person: dict[str, Any], later: Mapping[str, Any]) -> None:
    """Later properties win; consent stays with the number that it was given for."""
    other_number = later.get("sms_number", person.get("sms_number")) != person.get("sms_number")
    if other_number:
        person.pop("sms_consent_date", None)
    person.update(later)
