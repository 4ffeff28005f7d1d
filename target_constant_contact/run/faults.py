"""What keeps a run from succeeding although everything is settled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_constant_contact.exceptions import DataError
from target_constant_contact.wording import are, counted, them

if TYPE_CHECKING:
    from pathlib import Path

    from target_constant_contact.reports.report import Report
    from target_constant_contact.run.rejection_limit import RejectionLimit


def raise_faults(report: Report, limit: RejectionLimit, path: Path) -> None:
    """Raise what is wrong with the sums of a run.

    Args:
        report: The counts.
        limit: How many rows may be rejected.
        path: Where the report is going to be.

    Raises:
        DataError: The sums do not add up, rows are unexplained, or too many are rejected.
    """
    for destination, missing in report.differences():
        raise DataError(
            f"The sums do not add up: of stream {destination.stream!r}, "
            f"{counted(missing, 'row')} {are(missing)} neither landed nor rejected. No further "
            f"STATE was released. Please report this with {path}"
        )
    for destination, counts in report.counts.items():
        if rows := counts.unexplained:
            raise DataError(
                f"{counted(rows, 'row')} of stream {destination.stream!r} {are(rows)} "
                "unexplained: Constant Contact neither confirms nor explains what became of "
                f"{them(rows)}. STATE stops before {them(rows)}. See {path}, compare the list "
                "with the segment, and run again"
            )
    # The end of a run tells of the dates whatever has failed, and of rejected rows only here.
    limit.raise_if_exceeded(path)
    for column in report.date_orders.misread():
        raise DataError(column.line())
