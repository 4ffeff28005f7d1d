"""Which rows of an import did not land, and why: for people, who may see what the API hides."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from target_constant_contact.sandbox.activities.outcome import RowFault

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from target_constant_contact.sandbox.activities.outcome import Outcome
    from target_constant_contact.sandbox.activities.rows import Row

MOST_FAULTS: Final = 200
"""Rows of an import whose faults are kept."""
_NAMED: Final = "The API names the line"
_COUNTED: Final = "The API only counts it"
_UNTOLD: Final = "The API says nothing of it"


def row_faults(
    read: Sequence[Row], remaining: Sequence[Row], kept_off: Sequence[Row], outcome: Outcome
) -> list[RowFault]:
    """The first rows that did not land, in their order.

    Args:
        read: All rows.
        remaining: Those that did not vanish.
        kept_off: Rows of people who could not be added to the lists.
        outcome: What the API tells.
    """
    named = {line.partition(":")[0] for line in outcome.errors}
    told = {True: _NAMED, False: _COUNTED if outcome.counters else _UNTOLD}
    reasons = {row.line: "Has unsubscribed" for row in kept_off}
    there = {row.line for row in remaining}

    def faults() -> Iterator[RowFault]:
        for row in read:
            if row.line not in there:
                yield RowFault(row.line, _who(row), "Dropped without a word", _UNTOLD)
            elif reason := row.problem or reasons.get(row.line):
                yield RowFault(row.line, _who(row), reason, told[f"Line {row.line}" in named])

    return list(islice(faults(), MOST_FAULTS))


def _who(row: Row) -> str:
    return row.email or row.key[2:]
