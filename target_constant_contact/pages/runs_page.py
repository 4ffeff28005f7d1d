"""The page of all runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from target_constant_contact.pages.environment import render
from target_constant_contact.pages.places import sums_of
from target_constant_contact.pages.titles import headline_of
from target_constant_contact.pages.trends import trends_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from target_constant_contact.pages.places import Sums
    from target_constant_contact.pages.titles import Headline
    from target_constant_contact.reports.past_run import PastRun

MOST_TRENDS: Final = 100
"""Segments that the page shows."""

MOST_RUNS: Final = 200
"""Runs that it shows."""


@dataclass(frozen=True, slots=True)
class ShownRun:
    """A run as a row of the page.

    Attributes:
        past: The run.
        link: Address of its page; empty when it has none.
        headline: What came of it.
        sums: The sums of its rows; None when it has none.
        streams: What it was about.
    """

    past: PastRun
    link: str
    headline: Headline
    sums: Sums | None
    streams: tuple[str, ...]


def render_runs(runs: Sequence[PastRun], *, place: str, link: Callable[[PastRun], str]) -> str:
    """The page of all runs: one file that loads nothing.

    Args:
        runs: The runs, the newest first.
        place: What is said of where they are.
        link: Tells the address of the page of a run, or an empty text.
    """
    trends = trends_of(runs)
    return render(
        "runs.html",
        place=place,
        trends=trends[:MOST_TRENDS],
        more_trends=len(trends) - MOST_TRENDS,
        shrunk=[trend for trend in trends if trend.mark == "shrunk"][:MOST_TRENDS],
        failed=[_shown(past, link(past)) for past in _failed(runs)[:MOST_RUNS]],
        runs=[_shown(past, link(past)) for past in runs[:MOST_RUNS]],
        more_runs=len(runs) - MOST_RUNS,
    )


def _failed(runs: Sequence[PastRun]) -> list[PastRun]:
    """The runs that have failed, and of one of whose streams there is no later run.

    One that failed before any stream came counts until the next run.
    """
    later: set[tuple[str, str]] = set()
    failed = []
    for each in runs:
        about = {(each.connection, stream) for stream in _streams(each)}
        if each.status == "failed" and (about - later or each is runs[0]):
            failed.append(each)
        later |= about
    return failed


def _shown(past: PastRun, link: str) -> ShownRun:
    sums = sums_of(past.totals, dry_run=past.is_dry_run) if past.totals else None
    return ShownRun(past, link, headline_of(past), sums, _streams(past))


def _streams(past: PastRun) -> tuple[str, ...]:
    """What a run was about."""
    return tuple(dict.fromkeys(past.streams or [one.stream for one in past.swept]))
