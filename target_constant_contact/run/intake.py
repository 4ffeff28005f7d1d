"""The rows of a run, on their way into batches."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Final

from target_constant_contact.batches.packer import Packer
from target_constant_contact.exceptions import SettingsError
from target_constant_contact.wording import counted

if TYPE_CHECKING:
    from collections.abc import Callable

    from target_constant_contact.batches.batch import Destination, ImportBatch
    from target_constant_contact.batches.chunk import Chunk
    from target_constant_contact.batches.list_group import ListGroup
    from target_constant_contact.batches.packed import Packed
    from target_constant_contact.run.accounting import Accounting
    from target_constant_contact.settings.settings import Settings

_FEW: Final = 16
"""Rows that are not worth being taken together."""


class Intake:
    """Puts rows into open batches, and passes on those that are full.

    Args:
        settings: The settings.
        accounting: Counts the rows.
        submit: Sends a batch.
    """

    def __init__(
        self, settings: Settings, accounting: Accounting, submit: Callable[[ImportBatch], None]
    ) -> None:
        self._accounting = accounting
        self._submit = submit
        self._packer = Packer(settings.import_format, settings.limits)
        self._max_contacts = settings.max_profiles_per_export
        self._contacts = 0

    def add(self, destination: Destination, key: str, encoded: bytes) -> bool:
        """Take one row.

        Args:
            destination: Stream and lists of the row.
            key: E-mail key of the contact.
            encoded: The contact, encoded.

        Returns:
            Whether it was taken; it is not when it is too large to be sent.
        """
        # A row's number is how many came before it, so it is asked for before the row is counted:
        # with a higher one, a STATE right before the row would be held back for it.
        packed = self._packer.add(destination, self._accounting.rows, key, encoded)
        if packed.too_large:
            return False
        self._accounting.read(destination, merged=packed.merged)
        self._contacts += not packed.merged
        self._carry_out(packed)
        return True

    def add_chunk(self, chunk: Chunk, start: int) -> int:
        """Take rows from a position on, as if they came one after the other.

        Args:
            chunk: The rows, mapped.
            start: Position of the first.

        Returns:
            Position of the first that cannot be sent; the length of the chunk when there is none.
        """
        next_unfit = bisect_left(chunk.unfit, start)
        has_unfit = next_unfit < len(chunk.unfit)
        return self._add_rows(
            chunk, start, chunk.unfit[next_unfit] if has_unfit else len(chunk.keys)
        )

    def send_rest(self) -> None:
        """Send what is in open batches, the oldest first, then what is packed by list."""
        groups = self._packer.take_by_list()
        for batch in self._packer.seal():
            self._submit(batch)
        for group in groups:
            self._send_by_list(group)

    def settled(self, number: int) -> None:
        """Note that a batch is settled; may be called from any thread."""

    def _add_rows(self, chunk: Chunk, start: int, stop: int) -> int:
        """Take the rows between two positions, all at once or else in halves.

        Returns:
            How far it has come: to ``stop``, or to the first row that is too large.
        """
        if stop - start <= _FEW:
            for place in range(start, stop):
                if not self.add(chunk.routes[place][0], chunk.keys[place], chunk.bodies[place]):
                    return place
            return stop
        if self._add_at_once(chunk, start, stop):
            return stop
        middle = (start + stop) // 2
        reached = self._add_rows(chunk, start, middle)
        return reached if reached < middle else self._add_rows(chunk, middle, stop)

    def _add_at_once(self, chunk: Chunk, start: int, stop: int) -> bool:
        part = slice(start, stop)
        # The limit is for the row that goes beyond it to tell of: up to there, all are taken.
        if self._contacts + stop - start > self._max_contacts:
            return False
        taken = self._packer.add_all(chunk.routes[part], chunk.keys[part], chunk.bodies[part])
        if taken is None:
            return False
        self._accounting.read_all(taken)
        self._contacts += stop - start
        return True

    def _carry_out(self, packed: Packed) -> None:
        if packed.opened or packed.emptied:
            self._accounting.hold(packed.opened, packed.emptied)
        if self._contacts > self._max_contacts:
            fault = (
                f"The export has more than {counted(self._max_contacts, 'profile')} "
                "(max_profiles_per_export); the rest was not sent. Split the segment, or raise "
                "max_profiles_per_export"
            )
            raise SettingsError([fault])
        for batch in packed.sealed:
            self._submit(batch)
        for group in packed.by_list:
            self._send_by_list(group)

    def _send_by_list(self, group: ListGroup) -> None:
        self._accounting.pack_by_list(group)
        for each in self._packer.pack(group):
            batch = each.batch
            self._accounting.hold([(batch.number, batch.first_row)], [])
            self._accounting.report.note_list_import(batch.destination, each.merged)
            self._submit(batch)
        # Not before all of its rows are held by other batches.
        self._accounting.hold([], group.numbers)
