"""All runs that the store knows, in the order of their start, a page at a time."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from target_constant_contact.data_folder import is_run_name
from target_constant_contact.reports.old_runs import LONGEST_RUN
from target_constant_contact.reports.past_run import read_run
from target_constant_contact.store.opening import store_to_read

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from target_constant_contact.reports.past_run import PastRun
    from target_constant_contact.store.place import StorePlace
    from target_constant_contact.store.runs import RunRows

PAGE: Final = 20
"""Runs that are read at once: a report of thousands of imports has a megabyte."""


class RunsInOrder:
    """The runs of a store, which is only read.

    Args:
        rows: Where they are.

    Raises:
        TargetError: From every method: the store cannot be used.
    """

    def __init__(self, rows: RunRows) -> None:
        self._rows = rows

    def now(self) -> datetime:
        """The time by the store's clock."""
        return datetime.fromtimestamp(self._rows.now(), UTC)

    def pages(self, after: str) -> Iterator[list[PastRun]]:
        """The runs whose names come after this text, the oldest first.

        Args:
            after: A name, or the beginning of one; an empty text for all runs.
        """
        while rows := self._rows.after(after, PAGE):
            # Who can write to a database can write anything, and a name is that of a folder.
            yield [read_run(row) for row in rows if is_run_name(row.run)]
            after = rows[-1].run

    def named(self, names: Collection[str]) -> Iterator[list[PastRun]]:
        """The runs of these names, as far as they are there, the oldest first."""
        rest = sorted(names)
        while rest:
            page, rest = rest[:PAGE], rest[PAGE:]
            yield [read_run(row) for row in self._rows.named(page)]


def longest_run_before(moment: datetime) -> datetime:
    """The earliest start of a run that has ended at this moment: none takes a month."""
    return max(moment, _EARLIEST) - LONGEST_RUN


@contextmanager
def runs_in_order(place: StorePlace) -> Iterator[RunsInOrder | None]:
    """The runs of a store; no store is made, upgraded or written for it.

    Returns:
        None where there is no store yet.

    Raises:
        TargetError: The store cannot be used.
    """
    with store_to_read(place) as database:
        if database is None:
            yield None
            return
        # Not before: what is imported for the help of a program need not load SQLAlchemy.
        from target_constant_contact.store.runs import RunRows  # noqa: PLC0415

        yield RunsInOrder(RunRows(database))


_EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
