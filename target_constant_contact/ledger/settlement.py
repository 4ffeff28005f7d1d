"""Reads the counters of a completed import: what became of its rows.

The service counts; it does not say which rows. What the counters mean is only partly known
(does ``person_count`` include duplicates, or rows with errors?), so every reading under which
nothing is lost is accepted, and what no reading explains is called unexplained.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Settlement:
    """What became of the rows of one import; the four numbers add up to its rows.

    Attributes:
        landed: Rows that became or updated a member of the lists.
        refused: Rows that the service counted as errors (correctable or not).
        suppressed: Rows of people who had unsubscribed; they are not put on a list again.
        unexplained: Rows that the counters neither confirm nor explain.
    """

    landed: int
    refused: int = 0
    suppressed: int = 0
    unexplained: int = 0

    @property
    def not_landed(self) -> int:
        """Rows that have not landed, or are not known to have."""
        return self.refused + self.suppressed + self.unexplained


def read_counters(rows: int, counters: Mapping[str, int]) -> Settlement:
    """Read the counters of a completed import activity.

    ``items_total_count`` is documented as the rows "including the header row", ``person_count``
    as the contacts in the import. Both are upper bounds for what can have landed; a
    ``person_count`` short by no more than the errors and the unsubscribed is explained by them.

    Args:
        rows: Rows that were sent, one for each address.
        counters: The ``status`` object of the activity.
    """
    errors = max(counters.get("error_count", 0), 0) + max(counters.get("correctable_count", 0), 0)
    refused = min(errors, rows)
    suppressed = min(max(counters.get("cannot_add_to_list_count", 0), 0), rows - refused)
    landed = rows - refused - suppressed
    unexplained = min(landed, _shortfall(rows, landed, counters))
    return Settlement(landed - unexplained, refused, suppressed, unexplained)


def _shortfall(rows: int, landed: int, counters: Mapping[str, int]) -> int:
    """Rows that the service does not seem to have seen at all."""
    persons = counters.get("person_count")
    items = counters.get("items_total_count")
    if persons is not None:
        missing_items = 0 if items is None else rows - items
        return max(landed - persons, missing_items, 0)
    if items is not None:
        # Without a count of persons, a header row is assumed: that reading hides no loss.
        return max(rows - (items - 1), 0)
    return landed
