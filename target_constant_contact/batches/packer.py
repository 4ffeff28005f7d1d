"""Packs the contacts of a run into as few requests as possible, within bounded memory.

Properties belong to the person, not to the list: an account holds one set of values for an
address, whichever import brought them. So all open batches of a run share one latest value per
address. A later row updates the address wherever it is still open, property by property, and
batches may then be sent in any order without an older value ending on top. That also allows to
pack small batches by single list when they leave.
"""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias

from target_constant_contact.batches.address_index import AddressIndex
from target_constant_contact.batches.batch import (
    BatchLimits,
    Destination,
    ImportBatch,
    ImportFormat,
    Route,
)
from target_constant_contact.batches.csv_batch import CsvBatch
from target_constant_contact.batches.json_batch import JsonBatch
from target_constant_contact.batches.list_choice import group_while_reading, groups_by_list
from target_constant_contact.batches.list_group import ListGroup, ListImport, NewBatch
from target_constant_contact.batches.merging import merge, permission_of, permission_of_encoded
from target_constant_contact.batches.packed import Packed
from target_constant_contact.contacts.encoding import (
    SmsPermission,
    columns_of,
    decode_contact,
    encode_contact,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from target_constant_contact.batches.open_batch import Load, OpenBatch

OPEN_BYTES: Final = 48_000_000
"""Encoded bytes that all open batches may hold together."""
OPEN_ROWS: Final = 200_000
"""Contacts that all open batches may hold together (about 200 bytes of bookkeeping each)."""
BATCH_TYPES: Final[Mapping[ImportFormat, type[OpenBatch]]] = {"json": JsonBatch, "csv": CsvBatch}


Taken: TypeAlias = list[tuple[Destination, int]]
"""Numbers of contacts by destination; one may come twice."""


class Packer:
    """The open batches of a run.

    Args:
        import_format: Encoding of the batches.
        limits: What one batch may hold.
        open_bytes: Encoded bytes over all open batches; beyond, the fullest is sealed.
        open_rows: Contacts over all open batches; beyond, the fullest is sealed.
    """

    def __init__(
        self,
        import_format: ImportFormat = "json",
        limits: BatchLimits | None = None,
        *,
        open_bytes: int = OPEN_BYTES,
        open_rows: int = OPEN_ROWS,
    ) -> None:
        self._type = BATCH_TYPES[import_format]
        self._limits = limits or BatchLimits()
        self._new_probe: NewBatch = partial(self._type, 0, limits=self._limits)
        self._max_bytes = open_bytes
        self._max_rows = open_rows
        self._bytes = 0
        self._rows = 0
        self._number = 0
        self._open: dict[Route, OpenBatch] = {}
        self._addresses = AddressIndex()

    def add(self, destination: Destination, row: int, key: str, encoded: bytes) -> Packed:
        """Take a contact.

        Args:
            destination: Where the contact goes.
            row: Number of the row in the run; later rows have higher numbers.
            key: E-mail key of the contact.
            encoded: Its properties, encoded; those that it lacks keep the value of an earlier row.

        Returns:
            What has to be done now: batches to send, and batches to watch.
        """
        packed = Packed()
        if not self._fits_alone(destination, encoded, permission_of_encoded(encoded)):
            packed.too_large = True
            return packed
        if holders := self._addresses.of(key):
            encoded = self._update(holders, key, encoded, packed)
        # Asked again, because the update may have sealed some of them.
        holders = self._addresses.of(key)
        packed.merged = any(batch.destination == destination for batch in holders)
        if not packed.merged:
            self._put(destination, row, key, encoded, packed)
        self._relieve(packed)
        return packed

    def add_all(
        self, routes: Sequence[Route], keys: Sequence[str], contacts: Sequence[bytes]
    ) -> Taken | None:
        """Take many contacts at once, if that is the same as taking them one after the other.

        Args:
            routes: Where each contact goes.
            keys: E-mail key of each.
            contacts: Encoded contacts.

        Returns:
            How many contacts each destination has got; ``None``, with nothing changed, when one
            of them would open, fill or change a batch.
        """
        if self._rows + len(keys) > self._max_rows:
            return None
        load = self._type.weigh(contacts)
        if self._bytes + load.total > self._max_bytes:
            return None
        # Equal routes are nearly always the same object, and hashing them takes longer.
        places = list(map(id, routes))
        batches = self._with_room(dict(zip(places, routes, strict=True)), load)
        if batches is None:
            return None
        holding = dict(zip(keys, map(batches.__getitem__, places), strict=True))
        if len(holding) < len(keys) or not self._addresses.add_new(holding):
            return None
        if len(batches) == 1:
            batches[places[0]].extend(keys, contacts, load)
        else:
            each = zip(holding.items(), contacts, load.weights, strict=True)
            for (key, batch), contact, weight in each:
                batch.append(key, contact, weight)
        taken = [(batches[place], rows) for place, rows in Counter(places).items()]
        self._rows += len(keys)
        self._bytes += load.total + sum(batch.row_overhead * rows for batch, rows in taken)
        return [(batch.destination, rows) for batch, rows in taken]

    def _with_room(self, routes: Mapping[int, Route], load: Load) -> dict[int, OpenBatch] | None:
        """The batches of some routes, if each of them could take all that comes."""
        batches: dict[int, OpenBatch] = {}
        rows, growth = len(load.weights), 0
        for place, route in routes.items():
            batch = self._open.get(route)
            if batch is None or not batch.has_room(load):
                return None
            batches[place] = batch
            # At most: as if all went to the batch with the largest overhead.
            growth = max(growth, load.total + rows * batch.row_overhead)
        return batches if self._bytes + growth <= self._max_bytes else None

    def seal(self) -> Iterator[ImportBatch]:
        """Seal all open batches, oldest first, one after the other."""
        return map(self._seal, sorted(self._open.values(), key=lambda batch: batch.number))

    def take_by_list(self) -> list[ListGroup]:
        """Take out the open batches that need fewer imports when they are packed by list."""
        groups = list(groups_by_list(self._open.values(), self._new_probe))
        for group in groups:
            self._take_out(*group.batches)
        return groups

    def pack(self, group: ListGroup) -> Iterator[ListImport]:
        """Pack by list what was taken out for it; seal one batch after the other."""
        for batch, merged in group.pack(self._next_batch):
            yield ListImport(batch.seal(), merged)

    def _update(
        self,
        holders: tuple[OpenBatch, ...],
        key: str,
        encoded: bytes,
        packed: Packed,
    ) -> bytes:
        """Give every open batch that holds the address its new value; return that value."""
        if holders[0].contacts[key] == encoded:
            return encoded
        held = decode_contact(holders[0].contacts[key])
        merged = merge(held, decode_contact(encoded))
        if merged == held:
            return holders[0].contacts[key]
        value, permission = encode_contact(merged, columns_of(encoded)), permission_of(merged)
        if not all(self._fits_alone(batch.destination, value, permission) for batch in holders):
            # Together too large for one request: the earlier values go ahead on their own.
            packed.sealed += [self._seal(batch) for batch in holders]
            return encoded
        for batch in holders:
            self._revalue(batch, key, value, permission, packed)
        return value

    def _revalue(
        self,
        batch: OpenBatch,
        key: str,
        value: bytes,
        permission: SmsPermission,
        packed: Packed,
    ) -> None:
        if batch.sms_permission == permission and batch.fits(value, batch.contacts[key]):
            self._account(batch, lambda: batch.replace(key, value))
        elif batch.sms_permission == permission:
            # No room for the longer value: what was true so far is sent, the new value follows.
            packed.sealed.append(self._seal(batch))
        else:
            self._account(batch, lambda: batch.remove(key))
            self._addresses.removed(key, batch)
            if not batch.contacts:
                packed.emptied.append(batch.number)
                del self._open[batch.destination, batch.sms_permission]
                self._addresses.closed(batch)
                self._bytes -= batch.size
            self._put(batch.destination, batch.first_row, key, value, packed)

    def _put(
        self, destination: Destination, row: int, key: str, encoded: bytes, packed: Packed
    ) -> None:
        permission = permission_of_encoded(encoded)
        batch = self._open.get((destination, permission))
        if batch is not None and not batch.fits(encoded):
            packed.sealed.append(self._seal(batch))
            batch = None
        if batch is None:
            batch = self._new_batch(destination, permission, row)
            packed.opened.append((batch.number, row))
        elif row < batch.first_row:
            # The row has moved here from an older batch: STATE must wait for it here as well.
            batch.first_row = row
            packed.opened.append((batch.number, row))
        self._account(batch, lambda: batch.add(key, encoded))
        self._addresses.added(key, batch)
        if batch.full:
            packed.sealed.append(self._seal(batch))

    def _new_batch(
        self, destination: Destination, permission: SmsPermission, row: int
    ) -> OpenBatch:
        batch = self._next_batch(destination, permission, row)
        self._open[destination, permission] = batch
        self._addresses.opened()
        self._bytes += batch.size
        return batch

    def _next_batch(
        self, destination: Destination, permission: SmsPermission, row: int
    ) -> OpenBatch:
        self._number += 1
        return self._type(self._number, destination, permission, row, self._limits)

    def _account(self, batch: OpenBatch, change: Callable[[], None]) -> None:
        """Change a batch and keep the totals over all open batches right."""
        size, rows = batch.size, len(batch.contacts)
        change()
        self._bytes += batch.size - size
        self._rows += len(batch.contacts) - rows

    def _fits_alone(
        self, destination: Destination, encoded: bytes, permission: SmsPermission
    ) -> bool:
        if len(encoded) * 4 <= self._limits.size - 4_096:
            # Far from the limit: the list ids and the quoting cannot make it too large.
            return True
        return self._new_probe(destination, permission, 0).fits(encoded)

    def _relieve(self, packed: Packed) -> None:
        """Let batches go while all open ones together hold too much."""
        while self._bytes > self._max_bytes or self._rows > self._max_rows:
            # The fullest comes nearest to a whole request, so the number of requests stays low.
            fullest = max(self._open.values(), key=lambda batch: (batch.size, -batch.number))
            group = group_while_reading(self._open.values(), self._new_probe)
            if group and group.rows_in_an_import() > len(fullest.contacts):
                self._take_out(*group.batches)
                packed.by_list.append(group)
            else:
                packed.sealed.append(self._seal(fullest))

    def _seal(self, batch: OpenBatch) -> ImportBatch:
        """Take a batch out of the open ones."""
        self._take_out(batch)
        return batch.seal()

    def _take_out(self, *batches: OpenBatch) -> None:
        for batch in batches:
            del self._open[batch.destination, batch.sms_permission]
            self._bytes -= batch.size
            self._rows -= len(batch.contacts)
            self._addresses.closed(batch)
