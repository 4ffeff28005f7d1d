"""Rejected rows that were corrected and sent again: judged as what they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_constant_contact.log_fields import Line
from target_constant_contact.reports.counts import Counts
from target_constant_contact.wording import counted, have, were

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from target_constant_contact.reports.report import Report


def rejected_beyond(percent: float, report: Report, stream: str) -> float | None:
    """Share of a stream's rows that were rejected or refused, if that is too much.

    Of a file of rejected rows, those that nobody has corrected are rejected again: that is too much
    only if nothing of the file can be sent.

    Args:
        percent: The share that is allowed.
        report: The counts.
        stream: Name of the stream.
    """
    share = report.rejected_percent(stream)
    if share <= percent:
        return None
    counts = sum(report.of_stream(stream), Counts())
    has_good_rows = counts.landed or counts.unsettled
    return None if report.replays.get(stream) and has_good_rows else share


def replay_lines(report: Report, rejects: Path | None, *, dry_run: bool) -> Iterator[str]:
    """A line for each stream whose rows come from a file of rejected rows.

    Args:
        report: The counts.
        rejects: The file of the rows that were rejected again; None when there are none.
        dry_run: Nothing was sent.
    """
    for stream, is_replay in report.replays.items():
        counts = sum(report.of_stream(stream), Counts())
        if is_replay and counts.read:
            copies = report.copies_of(stream)
            line = _replay_line(stream, counts, copies, rejects, dry_run=dry_run)
            yield Line(line, stream=stream, rows=counts.read - copies)


def _replay_line(
    stream: str, counts: Counts, copies: int, rejects: Path | None, *, dry_run: bool
) -> str:
    rows = counts.read - copies
    # A row that has joined another one of its address has landed with it.
    good = counts.landed + counts.merged + (counts.unsettled if dry_run else 0)
    landed = max(rows - (counts.accounted - good), 0)
    places = {
        "rejected again": counts.rejected,
        # Somebody whom several lists refuse is one row.
        "refused": max(counts.refused - copies, min(counts.refused, 1)),
        "suppressed": max(counts.suppressed - copies, min(counts.suppressed, 1)),
    }
    others = [f"{some:,} {were(some)} {place}" for place, some in places.items() if some]
    done = "would be sent" if dry_run else f"{have(landed)} landed"
    where = f": see {rejects}" if others and rejects else ""
    return (
        f"{landed:,} of {counted(rows, 'row')} of the corrected rejects file of {stream} "
        f"{'; '.join((done, *others))}{where}"
    )
