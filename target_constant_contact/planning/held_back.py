"""Rows that would not be sent, by list; pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from target_constant_contact.batches.batch import Destination
    from target_constant_contact.reports.report import Report

_PLACES = ("merged", "left", "blank")
"""Where rows are counted without a reason."""


class HeldBack:
    """The rows of a run that would not be sent, or not by themselves.

    Args:
        report: The counts of the run.
    """

    def __init__(self, report: Report) -> None:
        self._rows: defaultdict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
        self._streams: defaultdict[str, set[str]] = defaultdict(set)
        for (destination, place, reason), rows in report.held_back.items():
            self._add(destination, place, reason, rows)
        for destination, counts in report.counts.items():
            for place in _PLACES:
                self._add(destination, place, "", getattr(counts, place))

    @property
    def lists(self) -> list[str]:
        """The lists that such rows would have gone to."""
        return [list_id for list_id in self._rows if list_id]

    def of(self, list_id: str) -> tuple[tuple[str, str, int], ...]:
        """Place, reason and number of such rows of one list, the most frequent first.

        Args:
            list_id: The list; empty for rows of which no list is known.
        """
        counted = self._rows.get(list_id, Counter[tuple[str, str]]())
        return tuple((place, reason, rows) for (place, reason), rows in counted.most_common())

    def streams(self, list_id: str) -> set[str]:
        """The streams of such rows of one list."""
        return self._streams.get(list_id, set())

    def _add(self, destination: Destination, place: str, reason: str, rows: int) -> None:
        for list_id in destination.list_ids or ("",) if rows else ():
            self._rows[list_id][place, reason] += rows
            self._streams[list_id].add(destination.stream)
