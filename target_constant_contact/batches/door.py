"""The door through which rows leave the open batches: only a row that contradicts waits.

What has left and is not settled may be carried out in any order. So a row that says something else
about a person than what is not settled is held back, in a batch that is sent when all of that is
settled; the batch that it came with goes on without it. Held batches take no row after they have
left, so they only ever wait for what has left before: there are no circles.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from target_constant_contact.batches.spilling import drop, fetch, row_of, said_by, spill_contacts
from target_constant_contact.batches.unsettled import Unsettled
from target_constant_contact.contacts.addresses import hashes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from target_constant_contact.batches.batch import Route
    from target_constant_contact.batches.fingerprints import Fingerprints
    from target_constant_contact.batches.list_group import ListGroup
    from target_constant_contact.batches.open_batch import OpenBatch
    from target_constant_contact.batches.open_batches import OpenBatches
    from target_constant_contact.batches.packed import Packed
    from target_constant_contact.batches.pieces import Spill

_WORTH_SENDING: Final = 4
"""The part of a full batch that a held one is sent with."""
_LONG: Final = 64
"""Batches after which a held one is sent although it holds less: STATE waits for it."""


class Door:
    """Lets batches leave, and holds rows back.

    Args:
        open_batches: The open batches.
        spill: Where contacts go when memory is short; None: nowhere.

    Attributes:
        unsettled: What has left and is not settled.
        awaited: Numbers of the batches that a sealed one waits for.
        spilled: Contacts that are put aside.
    """

    def __init__(self, open_batches: OpenBatches, spill: Spill | None) -> None:
        self.unsettled = Unsettled(spill)
        self.awaited: set[int] = set()
        self.spilled = 0
        self.spill = spill
        self._open = open_batches
        self._waits: dict[Route, set[int]] = {}
        self._ages: dict[Route, int] = {}
        self._sealed = 0

    def seal(self, batch: OpenBatch, packed: Packed) -> None:
        """Seal a batch, without the rows that have to wait."""
        if self._open.is_held(batch):
            self._seal_held(batch, packed)
        else:
            (said,) = self.leave([batch], packed)
            if batch.rows:
                self.seal_left(batch, said, packed)
        self._seal_ripe(packed)

    def leave(self, batches: Sequence[OpenBatch], packed: Packed) -> list[Fingerprints]:
        """Note what the rows of batches in memory say, without those that have to wait.

        Batches of which nothing is left are taken out.

        Returns:
            What is left of each in memory says so.
        """
        left = [said_by(batch) for batch in batches]
        found = self.unsettled.add([batch.number for batch in batches], left)
        for at, those in sorted(found.items()):
            self.unsettled.withdraw(at, those)
            left[at] = left[at].without(those.keys())
        for at, those in sorted(found.items()):
            self._hold(batches[at], those, packed)
            if not batches[at].rows:
                self._open.take_out(batches[at])
                packed.emptied.append(batches[at].number)
        return left

    def seal_left(self, batch: OpenBatch, said: Fingerprints | None, packed: Packed) -> None:
        """Seal a batch whose rows have left already."""
        self._open.take_out(batch)
        if batch.pieces:
            self.spilled -= batch.pieces.rows
            if merged := fetch(batch):
                packed.joined.append((batch.destination, merged))
            said = said_by(batch)
        packed.sealed.append(batch.seal(said))
        self._sealed += 1

    def put_aside(self, batches: Sequence[OpenBatch], packed: Packed) -> None:
        """Let the contacts of batches go to the spill; they stay open."""
        if self.spill is None:
            raise RuntimeError("There is no spill")
        self.leave(batches, packed)
        for batch in batches:
            if rows := len(batch.contacts):
                self._open.leave_memory(batch, partial(spill_contacts, batch, self.spill))
                self.spilled += rows

    def prepare(self, group: ListGroup, packed: Packed) -> None:
        """Take out the batches of a group, whose rows have left already."""
        for batch in group.batches:
            self._open.take_out(batch)
            if batch.pieces and self.spill:
                self.spilled -= batch.pieces.rows
                if merged := fetch(batch):
                    packed.joined.append((batch.destination, merged))
                spill_contacts(batch, self.spill)

    def pack(self, group: ListGroup) -> Iterator[tuple[OpenBatch, Fingerprints, int]]:
        """Pack a group by list; its rows have left already."""
        # Their rows say the same in the batches that are packed now, before another leaves.
        for number in group.numbers:
            self.unsettled.settled(number)
        for batch, merged in group.pack(self._open.next_batch):
            said = said_by(batch)
            self.unsettled.add([batch.number], [said])
            self._sealed += 1
            yield batch, said, merged
        for batch in group.batches:
            if batch.pieces:
                batch.pieces.forget()

    def know_last(self) -> None:
        """Note that no row comes any more: only those that are held will leave."""
        keys = (key for batch in self._open.held.values() for key in batch.contacts.keys)
        self.unsettled.keep(frozenset(hashes(keys)))

    def _hold(self, batch: OpenBatch, found: dict[int, list[int]], packed: Packed) -> None:
        keys, contacts = batch.contacts.keys, batch.contacts.encoded
        moving = [(keys[at], contacts[at], row_of(batch, at), found[at]) for at in sorted(found)]
        for key, *_ in moving:
            self._open.addresses.removed(key, batch)
        self._open.change(batch, lambda: drop(batch, found.keys()))
        route = batch.destination, batch.sms_permission
        for key, contact, row, numbers in moving:
            held = self._open.held.get(route)
            if held is not None and not held.fits(contact):
                self._seal_held(held, packed)
                held = None
            if held is None:
                held = self._open.begin(route, row, held=True)
                packed.opened.append((held.number, row))
                self._waits[route] = set()
                self._ages[route] = self._sealed
            elif row < held.first_row:
                held.first_row = row
                packed.opened.append((held.number, row))
            self._open.add(held, row, key, contact)
            self._waits[route].update(numbers)

    def _seal_held(self, batch: OpenBatch, packed: Packed) -> None:
        said = said_by(batch)
        found = self.unsettled.add([batch.number], [said]).get(0, {})
        waits_for = frozenset(number for numbers in found.values() for number in numbers)
        self.awaited |= waits_for
        self._open.take_out(batch)
        packed.sealed.append(batch.seal(said, waits_for))
        self._sealed += 1

    def _seal_ripe(self, packed: Packed) -> None:
        """Seal the held batches that need not wait any more, if they are worth it."""
        if not self._open.held:
            return
        numbers = self.unsettled.numbers
        for route, batch in list(self._open.held.items()):
            limits = self._open.limits
            many = (
                batch.rows * _WORTH_SENDING >= limits.rows
                or batch.size * _WORTH_SENDING >= limits.size
                or self._sealed - self._ages[route] >= _LONG
            )
            if many and self._waits[route].isdisjoint(numbers):
                self._seal_held(batch, packed)


def fullest(batches: Iterable[OpenBatch]) -> OpenBatch:
    """The batch that comes nearest to a whole request."""
    return max(batches, key=lambda batch: (batch.size, -batch.number))
