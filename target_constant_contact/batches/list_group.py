"""Small batches for many combinations of lists, packed anew by single list.

A contact of several lists then travels once for each of them. It has the same values in each of
these imports, so they may be carried out in any order, beside each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Final, TypeAlias

from target_constant_contact.batches.batch import Destination
from target_constant_contact.batches.spilling import parts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from target_constant_contact.batches.batch import ImportBatch
    from target_constant_contact.batches.open_batch import OpenBatch
    from target_constant_contact.contacts.encoding import SmsPermission

_PART: Final = 256
"""Contacts that are weighed together."""
NewBatch: TypeAlias = "Callable[[Destination, SmsPermission, int], OpenBatch]"
"""Makes an empty batch for a destination and permission, and the first row that it may hold."""


@dataclass(frozen=True, slots=True)
class ListImport:
    """One batch of a single list.

    Attributes:
        batch: The batch.
        merged: Contacts that are not in it because the list has them already: their person came
            with several combinations.
    """

    batch: ImportBatch
    merged: int


@dataclass(frozen=True, slots=True)
class ListGroup:
    """Batches of one stream and SMS permission that need fewer imports when packed by list.

    They are not open any more. Nothing but references to their contacts is copied, one batch at a
    time, so a contact of 50 lists takes no more memory than one of a single list.

    Attributes:
        batches: The batches, the oldest first: every combination, and the single lists that
            these are added to.
        most_imports: How many imports they need by list, at most.
    """

    batches: Sequence[OpenBatch]
    most_imports: int

    @property
    def stream(self) -> str:
        """Stream of all rows."""
        return self.batches[0].destination.stream

    @property
    def combinations(self) -> list[tuple[Destination, int]]:
        """The sets of several lists, with the contacts of each."""
        return [
            (batch.destination, batch.rows)
            for batch in self.batches
            if len(batch.destination.list_ids) > 1
        ]

    @property
    def numbers(self) -> list[int]:
        """Numbers of the batches."""
        return [batch.number for batch in self.batches]

    def pack(self, new_batch: NewBatch) -> Iterator[tuple[OpenBatch, int]]:
        """Pack the contacts by list.

        Args:
            new_batch: Makes an empty batch.

        Yields:
            Batches that take no more, one after the other, each with the number of contacts that
            the list had already.
        """
        # Somebody's first row may be in any of them: each new batch answers for all.
        first_row = min(batch.first_row for batch in self.batches)
        permission = self.batches[0].sms_permission
        by_list: dict[str, list[OpenBatch]] = {}
        for batch in self.batches:
            for list_id in batch.destination.list_ids:
                by_list.setdefault(list_id, []).append(batch)
        for list_id, sources in by_list.items():
            place = Destination(self.stream, (list_id,))
            yield from _pack(sources, partial(new_batch, place, permission, first_row))


def _pack(
    sources: Sequence[OpenBatch], new_batch: Callable[[], OpenBatch]
) -> Iterator[tuple[OpenBatch, int]]:
    """Pack the contacts of some batches, each person once."""
    taken: set[str] = set()
    merged, batch = 0, new_batch()
    for keys, contacts in _parts(sources):
        load = batch.weigh(contacts)
        if batch.has_room(load) and taken.isdisjoint(keys):
            batch.extend(keys, contacts, load)
            taken.update(keys)
            continue
        for key, contact in zip(keys, contacts, strict=True):
            if key in taken:
                merged += 1
                continue
            taken.add(key)
            if not batch.fits(contact):
                yield batch, merged
                merged, batch = 0, new_batch()
            batch.add(key, contact)
    yield batch, merged


def _parts(sources: Iterable[OpenBatch]) -> Iterator[tuple[list[str], list[bytes]]]:
    """Keys and contacts, some at a time: what is weighed together takes less time."""
    for keys, contacts in chain.from_iterable(map(parts, sources)):
        for start in range(0, len(keys), _PART):
            part = slice(start, start + _PART)
            yield keys[part], contacts[part]
