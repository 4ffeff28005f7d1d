"""How many rows of a stream may be rejected before the run fails."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from target_constant_contact.exceptions import AllRejectedError, DataError
from target_constant_contact.reports.replay import rejected_beyond

if TYPE_CHECKING:
    from pathlib import Path

    from target_constant_contact.reports.report import Report

HOPELESS_ROWS: Final = 10_000
"""Rows of a stream after which a run ends if it had to reject every one of them."""


class RejectionLimit:
    """The limit of ``max_rejected_percent``.

    Args:
        percent: Share of a stream's rows beyond which the run cannot succeed.
        report: The counts.
        rejects: The file of rejected rows.

    Attributes:
        percent: As above.
    """

    def __init__(self, percent: float, report: Report, rejects: Path) -> None:
        self.percent = percent
        self._report = report
        self._rejects = rejects
        self._rejected: Counter[str] = Counter()

    def exceeded(self) -> list[tuple[str, float]]:
        """Streams of which more rows are rejected or refused, and their shares in percent."""
        report = self._report
        streams = sorted({destination.stream for destination in list(report.counts)})
        shares = [(each, rejected_beyond(self.percent, report, each)) for each in streams]
        return [(stream, share) for stream, share in shares if share is not None]

    def raise_if_exceeded(self, path: Path) -> None:
        """Raise when too many rows of a stream are rejected or refused.

        Args:
            path: The report, for the error line.

        Raises:
            DataError: They are.
        """
        for stream, share in self.exceeded():
            if self._report.is_blank(stream):
                raise DataError(
                    f"Every row of stream {stream!r} is blank in all mapped fields, so the mapping "
                    f"most likely reads the wrong ones. See {path} for the sums and the start of "
                    "the log for the fields, correct field_mapping or the tap, and run again"
                )
            if self._report.replays.get(stream):
                raise DataError(
                    f"No row of the corrected rejects file of stream {stream!r} has landed. See "
                    f"the reasons in {path}, correct the rows, and send them again"
                )
            raise DataError(
                f"{share:.1f} % of the rows of stream {stream!r} were rejected or refused; "
                f"max_rejected_percent is {self.percent:g}. See the reasons in "
                f"{path}, correct field_mapping or the data, and run again"
            )

    def check(self, stream: str) -> None:
        """End a run that would only go on rejecting; called after each rejected row.

        Raises:
            AllRejectedError: Not one of the stream's many rows so far can be sent.
        """
        self._rejected[stream] += 1
        if self._rejected[stream] != HOPELESS_ROWS or self.percent >= 100:  # noqa: PLR2004
            return
        if self._report.replays.get(stream):
            # Of these rows some are corrected, and not the first ones perhaps.
            return
        rows = sum(each.judged for each in self._report.of_stream(stream))
        if rows == HOPELESS_ROWS:
            raise AllRejectedError(
                f"The first {rows:,} rows of stream {stream!r} were all rejected, most of them "
                f"because: {self._reason(stream)}; max_rejected_percent is {self.percent:g}",
                self._rejects,
            )

    def _reason(self, stream: str) -> str:
        """The most frequent reason."""
        reasons = {key: rows for key, rows in self._report.reasons.items() if key[0] == stream}
        _, reason, field = max(reasons, key=reasons.__getitem__)
        return f"{reason} (field {field!r})" if field else reason
