"""All open batches of a run, and how much they hold in memory."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from target_constant_contact.batches.address_index import AddressIndex
from target_constant_contact.batches.merging import permission_of_encoded
from target_constant_contact.batches.spilling import memory_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

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
        kind: As above.
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
        self.kind = kind
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
        return self.kind(self._number, destination, permission, row, self.limits)

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

    def of_routes(self, routes: Sequence[Route]) -> dict[int, OpenBatch] | None:
        """The batches of some routes by the ids of these, if all of them are open."""
        batches: dict[int, OpenBatch] = {}
        for place, route in dict(zip(map(id, routes), routes, strict=True)).items():
            batch = self.by_route.get(route)
            if batch is None:
                return None
            batches[place] = batch
        return batches

    def have_room(self, batches: Iterable[OpenBatch], load: Load, most: int) -> bool:
        """Whether each of some batches, and memory, could take all that comes.

        Args:
            batches: The batches.
            load: What comes.
            most: Bytes that all batches may hold in memory.
        """
        rows, growth = len(load.weights), 0
        for batch in batches:
            if not batch.has_room(load):
                return False
            # At most: as if all went to the batch with the largest overhead.
            growth = max(growth, load.total + rows * batch.row_overhead)
        return self.size + growth <= most

    def is_too_large(self, destination: Destination, encoded: bytes) -> bool:
        """Whether a contact alone exceeds the limits of a batch."""
        if len(encoded) * 4 <= self.limits.size - 4_096:
            # Far from the limit: the list ids and the quoting cannot make it too large.
            return False
        probe = self.new_probe(destination, permission_of_encoded(encoded), 0)
        return not probe.fits(encoded)

    def is_held(self, batch: OpenBatch) -> bool:
        """Whether a batch waits for others."""
        return self.held.get((batch.destination, batch.sms_permission)) is batch

    def change(self, batch: OpenBatch, change: Callable[[], None]) -> None:
        """Change a batch and keep the totals right."""
        size, rows = memory_of(batch), len(batch.contacts)
        change()
        self.size += memory_of(batch) - size
        self.rows += len(batch.contacts) - rows

    def replace(self, batch: OpenBatch, key: str, contact: bytes) -> bool:
        """Put a contact in the place of that with the same key, if it fits into the batch."""
        size = batch.size
        fits = batch.replace(key, contact)
        self.size += batch.size - size
        return fits

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
