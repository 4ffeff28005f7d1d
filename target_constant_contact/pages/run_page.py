"""The page of one run."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from target_constant_contact.pages.environment import render
from target_constant_contact.pages.next_steps import next_steps
from target_constant_contact.pages.places import Slice, Sums, slices_of, sums_of
from target_constant_contact.pages.reasons import reasons_of
from target_constant_contact.pages.texts import number
from target_constant_contact.pages.timeline import timeline_of
from target_constant_contact.pages.titles import headline_of, questions_of, title_of
from target_constant_contact.settings.schema import PROPERTIES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from target_constant_contact.pages.reasons import Reason
    from target_constant_contact.reports.past_parts import PastDestination, PastPlannedList
    from target_constant_contact.reports.past_run import PastRun
    from target_constant_contact.reports.swept import SweptList

MOST_ROWS: Final = 100
"""Of each table of a page."""

_LIMITS: Final = {
    "rate": "Waited for the next slot of the API key",
    "throttled": "Waited because the service asked for it",
    "queue": "Waited until the queue of activities had room",
}
_MOST_STEPS: Final = 6
_GONE: Final = {"left", "rejected"}
_MOST_CAUSES: Final = 3


@dataclass(frozen=True, slots=True)
class ShownDestination:
    """A stream and its lists, with what became of the rows.

    Attributes:
        stream: Name of the stream.
        lists: Names of the lists; their ids where they have none.
        sums: The sums.
    """

    stream: str
    lists: tuple[str, ...]
    sums: Sums


@dataclass(frozen=True, slots=True)
class ShownSweep:
    """A list before and after a sweep.

    Attributes:
        swept: The list.
        before: People on it before; None where nobody has looked.
        after: People on it afterwards; in a plan, those who would be.
        slices: The same as a bar.
        text: The same in words.
    """

    swept: SweptList
    before: int | None
    after: int | None
    slices: tuple[Slice, ...]
    text: str


@dataclass(frozen=True, slots=True)
class ShownPlan:
    """A list, and what a load would change on it.

    Attributes:
        planned: The list.
        slices: The people who would be sent, as a bar.
        text: The same in words.
    """

    planned: PastPlannedList
    slices: tuple[Slice, ...]
    text: str


def render_run(past: PastRun, *, home: str = "") -> str:
    """The page of a run: one file that loads nothing.

    Args:
        past: The run; whatever is in its report is masked, escaped and bounded.
        home: Address of the page with all runs; empty when there is none.
    """
    reasons = reasons_of(past)
    steps = next_steps(past, reasons)
    totals = sums_of(past.totals, dry_run=past.is_dry_run) if past.totals else None
    destinations = sorted(past.destinations, key=lambda each: -each.counts.read)
    return render(
        "run.html",
        past=past,
        home=home,
        title=title_of(past),
        questions=questions_of(past),
        headline=headline_of(past),
        totals=totals,
        others=totals.others if totals else (),
        causes=_causes(reasons),
        steps=steps[:_MOST_STEPS],
        more_steps=len(steps) - _MOST_STEPS,
        destinations=[_destination(past, each) for each in destinations[:MOST_ROWS]],
        more_destinations=len(destinations) - MOST_ROWS,
        reasons=reasons[:MOST_ROWS],
        more_reasons=len(reasons) - MOST_ROWS,
        planned=[*map(_plan, past.planned[:MOST_ROWS])],
        more_planned=len(past.planned) - MOST_ROWS,
        sweeps=[*map(_sweep, past.swept[:MOST_ROWS])],
        more_sweeps=len(past.swept) - MOST_ROWS,
        timeline=timeline_of(past),
        quota=_quota(past),
        waited=_waited(past),
        settings=[*islice(_settings(past), MOST_ROWS)],
    )


def _causes(reasons: Sequence[Reason]) -> dict[str, list[tuple[str, int]]]:
    """The most frequent reasons of each place that has any, over all streams."""
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for each in reasons:
        if each.place:
            found[each.place][each.reason] += each.count
    return {place: counter.most_common(_MOST_CAUSES) for place, counter in found.items()}


def _destination(past: PastRun, place: PastDestination) -> ShownDestination:
    lists = tuple(sorted(item.name or item.list_id for item in place.lists))
    sums = sums_of(place.counts, dry_run=past.is_dry_run)
    return ShownDestination(place.stream, lists, sums)


def _quota(past: PastRun) -> tuple[Slice, ...]:
    """The day's requests as a bar: those of the run, those before it, and what is left."""
    own = past.requests or 0
    before = (past.requests_today or 0) - own
    parts = (("merged", before), ("landed", own))
    return slices_of(parts, past.requests_per_day or 0)


def _waited(past: PastRun) -> list[tuple[str, int, float]]:
    """For which limits it has waited: how often, and how long."""
    return [
        (
            words,
            sum(wait.times for wait in past.waits if wait.why == why),
            sum(wait.seconds for wait in past.waits if wait.why == why),
        )
        for why, words in _LIMITS.items()
        if any(wait.why == why for wait in past.waits)
    ]


def _sweep(swept: SweptList) -> ShownSweep:
    parts = [
        ("landed", "stay", swept.stay),
        ("unchanged", "put there by others", swept.not_ours),
        ("left", "left by themselves", swept.left_by_themselves),
        (
            "rejected",
            "would be taken off" if swept.outcome == "planned" else "taken off",
            swept.taken_off,
        ),
    ]
    if swept.outcome not in {"swept", "planned"}:
        if not swept.before:
            return ShownSweep(swept, None, None, (), "")
        parts = [("landed", "stay", swept.before)]
    after = swept.before - sum(people for kind, _, people in parts if kind in _GONE)
    return ShownSweep(swept, swept.before, after, *_bar_of(parts))


def _plan(planned: PastPlannedList) -> ShownPlan:
    parts = [
        ("landed", "would be added", planned.added),
        ("merged", "would be updated", planned.updated),
        ("unchanged", "would stay as they are", planned.unchanged),
    ]
    if planned.fault:
        parts = [("unsettled", "would be sent", planned.people)]
    return ShownPlan(planned, *_bar_of(parts))


def _bar_of(parts: Sequence[tuple[str, str, int]]) -> tuple[tuple[Slice, ...], str]:
    """People as a bar and in words: the colour, what is said of them, and how many."""
    text = ", ".join(f"{number(people)} {words}" for _, words, people in parts if people > 0)
    return slices_of((kind, people) for kind, _, people in parts), text


def _settings(past: PastRun) -> Iterator[tuple[str, object]]:
    """The settings that are not as they always are; each entry of `segments` by itself."""
    declared = PROPERTIES.to_dict()["properties"]
    for name, value in past.settings.items():
        if name == "segments" and isinstance(value, list):
            yield from ((f"segments.{index}", entry) for index, entry in enumerate(value))
        elif name not in declared or declared[name].get("default") != value:
            yield name, value
