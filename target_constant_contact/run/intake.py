"""The rows of a run, on their way into batches."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from typing import TYPE_CHECKING, Final

from target_constant_contact.batches.chunk import Chunk
from target_constant_contact.batches.packer import Packer
from target_constant_contact.exceptions import SettingsError
from target_constant_contact.imports.spool import Spool
from target_constant_contact.wording import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from target_constant_contact.batches.batch import Destination, ImportBatch
    from target_constant_contact.batches.list_group import ListGroup
    from target_constant_contact.batches.packed import Packed
    from target_constant_contact.contacts.contact import Rejection
    from target_constant_contact.run.accounting import Accounting
    from target_constant_contact.segments.gate import Gate, Withheld
    from target_constant_contact.settings.settings import Settings

_FEW: Final = 16
"""Rows that are not worth being taken together."""


class Intake:
    """Puts rows into open batches, and passes on those that are full.

    Args:
        settings: The settings.
        accounting: Counts the rows.
        gate: Withholds rows that may not be sent, or need not be.
        submit: Sends a batch.

    Attributes:
        gate: As above.
    """

    def __init__(
        self,
        settings: Settings,
        accounting: Accounting,
        gate: Gate,
        submit: Callable[[ImportBatch], None],
    ) -> None:
        self._accounting = accounting
        self.gate = gate
        self._submit = submit
        self._spill = Spool(accounting.folder, in_memory=0)
        self._packer = Packer(settings.import_format, settings.limits, spill=self._spill)
        self._max_contacts = settings.max_profiles_per_export
        self._contacts = 0

    def add(
        self,
        destination: Destination,
        key: str,
        encoded: bytes,
        dropped: Iterable[Rejection] = (),
    ) -> bool:
        """Take one row.

        Args:
            destination: Stream and lists of the row.
            key: E-mail key of the contact.
            encoded: The contact, encoded.
            dropped: Values that are left out of it.

        Returns:
            Whether it was taken; it is not when it is too large to be sent.
        """
        if not self.gate.is_open:
            withheld = self.gate.withheld((key,), (encoded,), (destination,))
            if withheld:
                self._withhold(destination, withheld[0])
                return True
        taken = self._add_one(destination, key, encoded)
        if taken:
            self._accounting.report.drop(destination.stream, dropped)
        return taken

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
        stop = chunk.unfit[next_unfit] if has_unfit else len(chunk.keys)
        if self.gate.is_open:
            reached = self._add_rows(chunk, start, stop)
            sent: Sequence[int] = range(start, reached)
        else:
            reached, sent = self._add_others(chunk, start, stop)
        if chunk.dropped:
            for place in sent:
                stream = chunk.routes[place][0].stream
                self._accounting.report.drop(stream, chunk.dropped.get(place, ()))
        return reached

    def send_rest(self) -> None:
        """Send what is in open batches, the oldest first, then what waits for others."""
        for packed in self._packer.finish():
            self._carry_out(packed)

    def close(self) -> None:
        """Forget what was put aside; no row can be taken any more."""
        self._spill.close()

    def settled(self, number: int) -> None:
        """Note that a batch is settled; may be called from any thread."""
        self._packer.settled(number)

    def _withhold(self, destination: Destination, why: Withheld, rows: int = 1) -> None:
        self._accounting.pass_over(destination, why.place, why.reason, rows)

    def _add_one(self, destination: Destination, key: str, encoded: bytes) -> bool:
        # A row's number is how many came before it, so it is asked for before the row is counted:
        # with a higher one, a STATE right before the row would be held back for it.
        return self._add(destination, self._accounting.rows, key, encoded)

    def _add(self, destination: Destination, row: int, key: str, encoded: bytes) -> bool:
        packed = self._packer.add(destination, row, key, encoded)
        if packed.too_large:
            return False
        self._accounting.read(destination, merged=packed.merged)
        self._contacts += not packed.merged
        self._carry_out(packed)
        for relieving in self._packer.relieve():
            self._carry_out(relieving)
        return True

    def _add_others(self, chunk: Chunk, start: int, stop: int) -> tuple[int, Sequence[int]]:
        """Take the rows between two positions that the gate lets through.

        Returns:
            How far it has come, as for :meth:`_add_rows`, and the positions of those rows.
        """
        part = slice(start, stop)
        destinations = [route[0] for route in chunk.routes[part]]
        withheld = self.gate.withheld(chunk.keys[part], chunk.bodies[part], destinations)
        if not withheld:
            reached = self._add_rows(chunk, start, stop)
            return reached, range(start, reached)
        sent = [place for place in range(start, stop) if place - start not in withheld]
        rest = Chunk(
            [chunk.routes[place] for place in sent],
            [chunk.keys[place] for place in sent],
            [chunk.bodies[place] for place in sent],
            (),
        )
        taken = self._add_rows(rest, 0, len(sent))
        reached = sent[taken] if taken < len(sent) else stop
        # No STATE comes between rows of a chunk, so that they may be counted in another order.
        kinds = [(destinations[at], why) for at, why in withheld.items() if start + at < reached]
        # They are few, and the same objects for many rows.
        numbers = Counter((id(destination), id(why)) for destination, why in kinds)
        for destination, why in {tuple(map(id, kind)): kind for kind in kinds}.values():
            self._withhold(destination, why, numbers[id(destination), id(why)])
        return reached, sent[:taken]

    def _add_rows(self, chunk: Chunk, start: int, stop: int) -> int:
        """Take the rows between two positions, all at once or else in halves.

        Returns:
            How far it has come: to ``stop``, or to the first row that is too large.
        """
        if stop - start <= _FEW:
            for place in range(start, stop):
                destination = chunk.routes[place][0]
                if not self._add_one(destination, chunk.keys[place], chunk.bodies[place]):
                    return place
            return stop
        if self._add_at_once(chunk, start, stop):
            return stop
        middle = (start + stop) // 2
        reached = self._add_rows(chunk, start, middle)
        return reached if reached < middle else self._add_rows(chunk, middle, stop)

    def _add_at_once(self, chunk: Chunk, start: int, stop: int) -> bool:
        # The limit is for the row that goes beyond it to tell of: up to there, all are taken.
        if self._contacts + stop - start > self._max_contacts:
            return False
        part, before = slice(start, stop), self._accounting.rows
        taken = self._packer.add_all(
            list(chunk.routes[part]), list(chunk.keys[part]), list(chunk.bodies[part])
        )
        if taken is None:
            return False
        self._accounting.read_all(taken.rows.items())
        self._accounting.read_all(taken.merged.items())
        self._count_merged(taken.merged.items())
        self._contacts += taken.rows.total()
        for at in taken.left:
            place = start + at
            self._add(chunk.routes[place][0], before + at, chunk.keys[place], chunk.bodies[place])
        return True

    def _count_merged(self, merged: Iterable[tuple[Destination, int]]) -> None:
        for destination, rows in merged:
            self._accounting.report.of(destination).merged += rows

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
        self._count_merged(packed.joined)
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
