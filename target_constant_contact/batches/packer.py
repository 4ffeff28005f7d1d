"""Packs the contacts of a run into as few requests as possible, within bounded memory.

Properties belong to the person, not to the list: an account holds one set of values for an
address, whichever import brought them. So all open batches of a run share one latest value per
address. A later row updates the address wherever it is still open, property by property, and
batches may then be sent in any order without an older value ending on top. That also allows to
pack small batches by single list when they leave.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_constant_contact.batches.batch import BatchLimits, Destination, ImportFormat, Route
from target_constant_contact.batches.bounds import (
    BATCH_TYPES,
    OPEN_BATCHES,
    OPEN_BYTES,
    OPEN_ROWS,
    UNSETTLED_ROWS,
)
from target_constant_contact.batches.door import Door, fullest
from target_constant_contact.batches.list_choice import groups_by_list
from target_constant_contact.batches.list_group import ListGroup, ListImport
from target_constant_contact.batches.merging import merge_encoded, permission_of_encoded
from target_constant_contact.batches.open_batch import NOTHING
from target_constant_contact.batches.open_batches import OpenBatches
from target_constant_contact.batches.packed import Packed
from target_constant_contact.batches.spilling import memory_of
from target_constant_contact.batches.together import Taken, Together

if TYPE_CHECKING:
    from collections.abc import Iterator

    from target_constant_contact.batches.fingerprints import Fingerprints
    from target_constant_contact.batches.open_batch import OpenBatch
    from target_constant_contact.batches.pieces import Spill
    from target_constant_contact.contacts.encoding import SmsPermission


class Packer:
    """The open batches of a run.

    Args:
        import_format: Encoding of the batches.
        limits: What one batch may hold.
        spill: Where contacts go when open batches hold too much. Without one, or when there are
            too many batches, some are sent.
        open_bytes: Encoded bytes over all open batches.
        open_rows: Contacts over all open batches.
        open_batches: Open batches.
        unsettled_rows: Rows that are put aside or were sent, and are not settled.
    """

    def __init__(  # noqa: PLR0913 - bounds
        self,
        import_format: ImportFormat = "json",
        limits: BatchLimits | None = None,
        *,
        spill: Spill | None = None,
        open_bytes: int = OPEN_BYTES,
        open_rows: int = OPEN_ROWS,
        open_batches: int = OPEN_BATCHES,
        unsettled_rows: int = UNSETTLED_ROWS,
    ) -> None:
        self._max_bytes = open_bytes
        self._max_rows = open_rows
        self._max_batches = open_batches
        self._max_unsettled = unsettled_rows
        self._open = OpenBatches(BATCH_TYPES[import_format], limits or BatchLimits())
        self._door = Door(self._open, spill)
        self._together = Together(self._open, open_bytes, open_rows)

    def settled(self, number: int) -> None:
        """Note that a batch is settled; may be called from any thread."""
        self._door.unsettled.settled(number)

    def add(self, destination: Destination, row: int, key: str, encoded: bytes) -> Packed:
        """Take a contact; call :meth:`relieve` afterwards.

        Args:
            destination: Where the contact goes.
            row: Number of the row in the run.
            key: E-mail key of the contact.
            encoded: Its properties, encoded; those that it lacks keep the value of an earlier row.

        Returns:
            What has to be done now: batches to send, and batches to watch.
        """
        packed = Packed()
        if self._open.is_too_large(destination, encoded):
            packed.too_large = True
            return packed
        if holders := self._open.addresses.of(key):
            encoded = self._update(holders, key, encoded, packed)
        # Asked again, because the update may have sealed some of them.
        holders = self._open.addresses.of(key)
        packed.merged = any(batch.destination == destination for batch in holders)
        if not packed.merged:
            self._put(destination, row, key, encoded, packed)
        return packed

    def add_all(self, routes: list[Route], keys: list[str], contacts: list[bytes]) -> Taken | None:
        """Take many contacts at once, as :meth:`Together.add` describes it."""
        return self._together.add(routes, keys, contacts)

    def relieve(self) -> Iterator[Packed]:
        """Let contacts go while all open batches together hold too much."""
        opened, door = self._open, self._door
        while opened.size > self._max_bytes or opened.rows > self._max_rows:
            held = sum(batch.size for batch in opened.held.values())
            if not opened.by_route or held * 2 > opened.size:
                yield self._sealed(fullest(opened.held.values()))
            elif door.spill is None or not any(b.contacts for b in opened.by_route.values()):
                yield self._sealed(fullest(opened))
            else:
                packed = Packed()
                self._put_aside(packed)
                yield packed
        if door.spilled and door.unsettled.rows > self._max_unsettled:
            yield from self._send_spilled()
        if len(opened.by_route) > self._max_batches:
            yield from self._close()

    def finish(self) -> Iterator[Packed]:
        """Seal everything, step by step: what waits for others comes last."""
        yield from self._close(is_last=True)
        while self._open.held:
            yield self._sealed(next(iter(self._open.held.values())))

    def pack(self, group: ListGroup) -> Iterator[ListImport]:
        """Pack by list what was taken out for it; seal one batch after the other."""
        for batch, said, merged in self._door.pack(group):
            yield ListImport(batch.seal(said), merged)

    def _send_spilled(self) -> Iterator[Packed]:
        """Send all that is put aside, with what is in memory of these batches."""
        packed = Packed()
        self._put_all_aside(packed)
        yield packed
        # What is being sent needs the memory.
        self._door.unsettled.leave_memory()
        batches = sorted(self._open.by_route.values(), key=lambda batch: batch.size)
        while batches:
            packed = Packed()
            self._door.seal_left(batches.pop(), None, packed)
            yield packed

    def _put_all_aside(self, packed: Packed) -> None:
        batches = sorted(self._open.by_route.values(), key=lambda batch: batch.number)
        self._door.put_aside([batch for batch in batches if batch.contacts], packed)

    def _close(self, *, is_last: bool = False) -> Iterator[Packed]:
        """Send the batches that hold nothing back: by list where that takes fewer imports."""
        door, packed = self._door, Packed()
        said: dict[int, Fingerprints] = {}
        if door.spilled:
            # What is being sent needs the memory.
            self._put_all_aside(packed)
        else:
            batches = sorted(self._open.by_route.values(), key=lambda batch: batch.number)
            left = door.leave(batches, packed)
            said = {batch.number: one for batch, one in zip(batches, left, strict=True)}
            del batches
        if is_last:
            door.know_last()
        yield packed
        free = [b for b in self._open.by_route.values() if b.number not in door.awaited]
        packed = Packed(by_list=list(groups_by_list(free, self._open.new_probe)))
        for group in packed.by_list:
            door.prepare(group, packed)
        rest = sorted(self._open.by_route.values(), key=lambda batch: -batch.number)
        del free
        while rest:
            one, batch = Packed(), rest.pop()
            door.seal_left(batch, said.pop(batch.number, None), one)
            # Its contacts are not kept while it is sent.
            del batch
            yield one
        yield packed

    def _sealed(self, batch: OpenBatch) -> Packed:
        packed = Packed()
        self._door.seal(batch, packed)
        return packed

    def _put_aside(self, packed: Packed) -> None:
        """Put contacts aside, those of the fullest batches first, until there is room again."""
        opened = self._open
        going: list[OpenBatch] = []
        size, rows = opened.size, opened.rows
        for batch in sorted(opened.by_route.values(), key=lambda each: -len(each.contacts)):
            if not batch.contacts or (size * 2 <= self._max_bytes and rows * 2 <= self._max_rows):
                break
            going.append(batch)
            size -= memory_of(batch)
            rows -= len(batch.contacts)
        self._door.put_aside(going, packed)

    def _update(
        self,
        holders: tuple[OpenBatch, ...],
        key: str,
        encoded: bytes,
        packed: Packed,
    ) -> bytes:
        """Give every open batch that holds the address its new value; return that value."""
        held = holders[0].contacts[key]
        value = merge_encoded(held, encoded)
        if value is held:
            return held
        if any(self._open.is_too_large(batch.destination, value) for batch in holders):
            # Together too large for one request: the earlier values go ahead on their own.
            while left := self._open.addresses.of(key):
                self._door.seal(left[0], packed)
            return encoded
        permission = permission_of_encoded(value)
        # Asked again each time: sealing one may have moved the address to a held one.
        while old := [b for b in self._open.addresses.of(key) if b.contacts[key] != value]:
            self._revalue(old[0], key, value, permission, packed)
        return value

    def _revalue(
        self,
        batch: OpenBatch,
        key: str,
        value: bytes,
        permission: SmsPermission,
        packed: Packed,
    ) -> None:
        if batch.sms_permission == permission:
            if not self._open.replace(batch, key, value):
                # No room for the longer value: what was true so far is sent, that follows.
                self._door.seal(batch, packed)
        else:
            self._open.change(batch, lambda: batch.remove(key))
            self._open.addresses.removed(key, batch)
            if not batch.rows:
                packed.emptied.append(batch.number)
                self._open.take_out(batch)
            self._put(batch.destination, batch.first_row, key, value, packed)

    def _put(
        self, destination: Destination, row: int, key: str, encoded: bytes, packed: Packed
    ) -> None:
        route = destination, permission_of_encoded(encoded)
        batch = self._open.by_route.get(route)
        if batch is not None and not batch.fits(encoded):
            self._door.seal(batch, packed)
            batch = None
        if batch is None:
            batch = self._open.begin(route, row)
            packed.opened.append((batch.number, row))
        elif row < batch.first_row:
            # The row has moved here from an older batch: STATE must wait for it here as well.
            batch.first_row = row
            packed.opened.append((batch.number, row))
        self._open.add(batch, row, key, encoded)
        if not batch.has_room(NOTHING):
            self._door.seal(batch, packed)
