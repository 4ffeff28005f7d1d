"""What a run has done, as people read it at its end."""

from __future__ import annotations

from dataclasses import asdict
from itertools import chain
from typing import TYPE_CHECKING, Final

from target_constant_contact.log_fields import Line
from target_constant_contact.reports.swept import SweptList
from target_constant_contact.wording import counted, were

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from target_constant_contact.batches.batch import Destination
    from target_constant_contact.reports.report import Report

MAX_SUMMARY_LINES: Final = 20
"""Destinations that the summary names; all of them are in ``report.json``."""


def summary(
    report: Report, list_names: Mapping[str, str], *, dry_run: bool = False
) -> Iterator[str]:
    """Lines for people: one for each destination, the reasons, and the total."""
    places = sorted(report.counts.items(), key=lambda item: (-item[1].read, item[0].stream))
    for destination, counts in places[:MAX_SUMMARY_LINES]:
        lists = _names(destination, list_names)
        place = f"{destination.stream} -> {', '.join(lists) or 'no list'}"
        yield Line(
            f"{place}: {counts.sums(dry_run=dry_run)}",
            stream=destination.stream,
            lists=lists,
            list_ids=destination.list_ids,
            **asdict(counts),
        )
    if more := len(places[MAX_SUMMARY_LINES:]):
        yield Line(f"... and {counted(more, 'more stream-list pair')}", destinations=more)
    yield from _why_not_landed(report)
    for stream, packed in report.by_list.items():
        yield Line(
            f"{counted(packed.rows, 'row')} of {stream} with several lists "
            f"{were(packed.rows)} packed by list, in {counted(packed.imports, 'import')} "
            f"instead of {packed.imports_by_combination:,}; each is counted once for each of "
            "its lists",
            stream=stream,
            rows=packed.rows,
            imports=packed.imports,
            copies=packed.copies,
        )
    if report.planned:
        yield from report.planned.summary()
    yield from chain.from_iterable(map(SweptList.lines, report.swept))
    if len(places) > 1:
        totals = report.totals
        yield Line(f"Total: {totals.sums(dry_run=dry_run)}", **asdict(totals))


def _why_not_landed(report: Report) -> Iterator[str]:
    """Why rows and values have not landed, the most frequent first."""
    for (stream, reason, source), count in report.reasons.most_common(MAX_SUMMARY_LINES):
        where = f" (field {source!r})" if source else ""
        text = f"{count:,} of {stream} rejected: {reason}{where}"
        yield Line(text, stream=stream, reason=reason, field=source, rows=count)
    for (stream, reason), count in report.withheld.most_common(MAX_SUMMARY_LINES):
        text = f"{count:,} of {stream} not sent: {reason}"
        yield Line(text, stream=stream, reason=reason, rows=count)
    yield from left_out(report)
    for (stream, reason, evidence), count in report.findings.most_common(MAX_SUMMARY_LINES):
        text = f"{count:,} of {stream} {reason} ({evidence})"
        yield Line(text, stream=stream, reason=reason, evidence=evidence, rows=count)


def left_out(report: Report) -> Iterator[str]:
    """Values that are left out of rows that are sent, the most frequent first."""
    for (stream, reason, source), count in report.dropped.most_common(MAX_SUMMARY_LINES):
        values = "1 value" if count == 1 else f"{count:,} values"
        text = f"{values} of {stream} left out: {reason} (field {source!r})"
        yield Line(text, stream=stream, reason=reason, field=source, values=count)


def _names(destination: Destination, names: Mapping[str, str]) -> list[str]:
    return sorted(names.get(list_id) or list_id for list_id in destination.list_ids)
