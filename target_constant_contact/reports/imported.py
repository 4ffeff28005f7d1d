"""What a report tells of imports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(slots=True)
class PackedByList:
    """Rows of a stream that were packed by list, because that needed fewer imports.

    Attributes:
        rows: Rows with several lists.
        copies: How much more often than once they are counted: once for each list.
        imports: Imports that they and the rows of single lists beside them were packed into.
        imports_by_combination: Imports that it would have been, one for each set of lists.
    """

    rows: int = 0
    copies: int = 0
    imports: int = 0
    imports_by_combination: int = 0


@dataclass(frozen=True, slots=True)
class ImportRecord:
    """One settled import activity, for the report.

    Attributes:
        activity_id: The service's name for it.
        stream: Stream of its rows.
        rows: Rows that were sent.
        seconds: From the submission to the poll that saw it completed; 0 when it was taken up.
        counters: The service's own counters.
        taken_up: An interrupted run had sent it; this one has not.
        sent_at: When it was submitted, or taken up, in seconds from the beginning of the run; None
            when the report does not tell.
    """

    activity_id: str
    stream: str
    rows: int
    seconds: float
    counters: Mapping[str, int]
    taken_up: bool = False
    sent_at: float | None = None


@dataclass(frozen=True, slots=True)
class UnsettledImport:
    """An import that the service had accepted and that had not ended when the run did.

    Attributes:
        activity_id: The service's name for it.
        stream: Stream of its rows.
        rows: Rows that were sent.
    """

    activity_id: str
    stream: str
    rows: int
