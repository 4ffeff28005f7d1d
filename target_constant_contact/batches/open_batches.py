"""All open batches of a run, and how much they hold in memory."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from target_constant_contact.batches.address_index import AddressIndex
from target_constant_contact.batches.spilling import memory_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from target_constant_contact.batches.batch import BatchLimits, Destination, Route
    from target_constant_contact.batches.list_group import NewBatch
    from target_constant_contact.batches.open_batch import Load, OpenBatch
    from target_constant_contact.contacts.encoding import SmsPermission


class OpenBatches:
    """The open batches: one for each route, and one more for the rows of it that have to wait.

    Args:
        kind: Of batch.
        limits: What one batch may hold.

    Attributes:
        limits: As above.
        by_route: Batches that wait for nothing.
        held: Batches that wait until others are settled.
        addresses: Which of them hold whom in memory.
        new_probe: Makes an empty batch that is none of them.
        size: Bytes in memory.
        rows: Contacts in memory.
    """

    def __init__(self, kind: type[OpenBatch], limits: BatchLimits) -> None:
        self.limits = limits
        self.by_route: dict[Route, OpenBatch] = {}
        self.held: dict[Route, OpenBatch] = {}
        self.addresses = AddressIndex()
        self.new_probe: NewBatch = partial(kind, 0, limits=limits)
        self.size = 0
        self.rows = 0
        self._kind = kind
        self._number = 0

    def __iter__(self) -> Iterator[OpenBatch]:
        """All of them."""
        yield from self.by_route.values()
        yield from self.held.values()

    def next_batch(
        self, destination: Destination, permission: SmsPermission, row: int
    ) -> OpenBatch:
        """Make a batch with the next number; it is none of them."""
        self._number += 1
        return self._kind(self._number, destination, permission, row, self.limits)

    def begin(self, route: Route, row: int, *, held: bool = False) -> OpenBatch:
        """Open a batch.

        Args:
            route: Where its contacts go.
            row: The earliest row that it may hold.
            held: It has to wait for others.
        """
        batch = self.next_batch(*route, row)
        (self.held if held else self.by_route)[route] = batch
        self.addresses.opened()
        self.size += memory_of(batch)
        return batch

    def with_room(
        self, routes: Mapping[int, Route], load: Load, most: int
    ) -> dict[int, OpenBatch] | None:
        """The batches of some routes, if each of them, and memory, could take all that comes.

        Args:
            routes: The routes, by whatever the batches are to be called by.
            load: What comes.
            most: Bytes that all batches may hold in memory.
        """
        batches: dict[int, OpenBatch] = {}
        rows, growth = len(load.weights), 0
        for place, route in routes.items():
            batch = self.by_route.get(route)
            if batch is None or not batch.has_room(load):
                return None
            batches[place] = batch
            # At most: as if all went to the batch with the largest overhead.
            growth = max(growth, load.total + rows * batch.row_overhead)
        return batches if self.size + growth <= most else None

    def fits_alone(
        self, destination: Destination, encoded: bytes, permission: SmsPermission
    ) -> bool:
        """Whether a contact alone stays within the limits of a batch."""
        if len(encoded) * 4 <= self.limits.size - 4_096:
            # Far from the limit: the list ids and the quoting cannot make it too large.
            return True
        return self.new_probe(destination, permission, 0).fits(encoded)

    def is_held(self, batch: OpenBatch) -> bool:
        """Whether a batch waits for others."""
        return self.held.get((batch.destination, batch.sms_permission)) is batch

    def change(self, batch: OpenBatch, change: Callable[[], None]) -> None:
        """Change a batch and keep the totals right."""
        size, rows = memory_of(batch), len(batch.contacts)
        change()
        self.size += memory_of(batch) - size
        self.rows += len(batch.contacts) - rows

    def add(self, batch: OpenBatch, row: int, key: str, contact: bytes) -> None:
        """Put a contact with a new key into a batch."""
        if row < batch.first_row + batch.rows:
            batch.is_ordered = False
        self.change(batch, lambda: batch.add(key, contact))
        self.addresses.added(key, batch)

    def leave_memory(self, batch: OpenBatch, leave: Callable[[], None]) -> None:
        """Let the contacts of a batch go elsewhere; it stays open."""
        self.addresses.closed(batch)
        self.addresses.opened()
        self.change(batch, leave)

    def take_out(self, batch: OpenBatch) -> None:
        """Take a batch out."""
        del (self.held if self.is_held(batch) else self.by_route)[
            batch.destination, batch.sms_permission
        ]
        self.size -= memory_of(batch)
        self.rows -= len(batch.contacts)
        self.addresses.closed(batch)
