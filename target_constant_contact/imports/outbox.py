"""The batches of a run that the service has not, or may not have; no file, no clock."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from target_constant_contact.batches.batch import ImportBatch
    from target_constant_contact.imports.lost_answers import Doubt


class Outbox:
    """Batches from their sealing to the service's answer: waiting, under way, or in doubt.

    Of the batches under way, at most one has not got its turn yet, so that nothing else waits
    behind many requests that are decided.

    Attributes:
        under_way: Batches that are being sent, by number.
        sent_at: When those of them that have got their turn went out.
        turn: Number of the one among them that has not got its turn; None when each has.
        doubts: Batches that got no answer.
        is_complete: No batch is added any more.
        is_closed: None is sent any more, either.
    """

    def __init__(self) -> None:
        self._waiting: deque[ImportBatch] = deque()
        self._unsettled: set[int] = set()
        self._settled: set[int] = set()
        self.under_way: dict[int, ImportBatch] = {}
        self.sent_at: dict[int, float] = {}
        self.turn: int | None = None
        self.doubts: list[Doubt] = []
        self.is_complete = False
        self.is_closed = False

    @property
    def waiting(self) -> int:
        """Batches that are not sent yet."""
        return len(self._waiting)

    @property
    def goes_on(self) -> bool:
        """Whether one of its batches is on its way, or can go."""
        return bool(self.under_way or self.doubts) or self.next_batch() is not None

    @property
    def in_memory(self) -> int:
        """Batches that are not sent yet and were not set aside."""
        return sum(bool(batch.body) for batch in self._waiting) + len(self.under_way)

    def __iter__(self) -> Iterator[ImportBatch]:
        """All of its batches."""
        yield from self._waiting
        yield from self.under_way.values()
        for doubt in self.doubts:
            yield doubt.batch

    def add(self, batch: ImportBatch) -> None:
        """Queue a batch."""
        if not self.is_closed:
            self._unsettled.add(batch.number)
            self._waiting.append(batch)

    def settled(self, number: int) -> None:
        """Note that a batch is settled, also one that was not sent: it holds nothing back."""
        self._unsettled.discard(number)
        self._settled.add(number)

    def holds(self, batch: ImportBatch) -> bool:
        """Whether a batch has to wait for another one."""
        missing = batch.waits_for - self._settled
        # Before the end, one that is not known here may come yet.
        return bool(missing & self._unsettled if self.is_complete else missing)

    def next_batch(self) -> ImportBatch | None:
        """The first batch that need not wait for another one."""
        if self.doubts:
            # What is begun now could be taken for what was lost.
            return None
        return next((batch for batch in self._waiting if not self.holds(batch)), None)

    def begin(self, batch: ImportBatch) -> None:
        """Note that a waiting batch is going to be sent."""
        self._waiting.remove(batch)
        self.under_way[batch.number] = batch
        self.turn = batch.number

    def on_the_wire(self, number: int, now: float) -> None:
        """Note that a batch has got its turn and goes out; the next one may follow."""
        if self.turn == number:
            self.turn = None
        # Again when a request is repeated: what the service has refused did not begin.
        self.sent_at[number] = now

    def answered(self, number: int) -> float | None:
        """Note that a batch is not under way any more, and what became of a lost one is known.

        Returns:
            When it went out; None when it did not, or was lost.
        """
        if self.turn == number:
            self.turn = None
        self.under_way.pop(number, None)
        self.doubts = [doubt for doubt in self.doubts if doubt.batch.number != number]
        return self.sent_at.pop(number, None)

    def send_again(self, batch: ImportBatch) -> None:
        """Put a batch that the service has not taken before all others."""
        if not self.is_closed:
            self._waiting.appendleft(batch)

    def close(self) -> None:
        """Forget the batches that are not sent yet, and never send one again."""
        self.is_complete = self.is_closed = True
        self._waiting.clear()
