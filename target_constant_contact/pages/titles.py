"""What came of a run, in a few words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from target_constant_contact.pages.texts import number, percent
from target_constant_contact.reports.past_run import LOAD, UNFINISHED, UNREADABLE
from target_constant_contact.wording import counted, were

if TYPE_CHECKING:
    from target_constant_contact.reports.counts import Counts
    from target_constant_contact.reports.past_run import PastRun


@dataclass(frozen=True, slots=True)
class Headline:
    """The first thing that is read.

    Attributes:
        figure: The number that matters.
        text: What it is the number of.
        note: What else is to be known of it; may be empty.
    """

    figure: str
    text: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Questions:
    """What a page answers before all else.

    Attributes:
        good: How much has become of the run.
        others: Why it has not become of all.
    """

    good: str
    others: str


def questions_of(past: PastRun) -> Questions:
    """What the page of a run answers before all else."""
    if past.kind != LOAD:
        would = any(one.outcome == "planned" for one in past.swept)
        return Questions(
            "What would be taken off" if would else "What was taken off",
            "Why nobody else would be" if would else "Why nobody else was",
        )
    if past.is_dry_run:
        return Questions("How many would be sent", "Why others would not")
    return Questions("How many landed", "Why others did not")


def headline_of(past: PastRun) -> Headline:
    """How many rows landed, or how many people were taken off."""
    if past.status == UNFINISHED:
        return Headline("Not ended", "This run is still going, or it was killed.")
    if past.status == UNREADABLE:
        return Headline("No report", "The report of this run cannot be read.")
    if past.totals is None:
        return _of_sweep(past)
    if past.is_dry_run:
        rows = past.totals.unsettled
        return Headline(number(rows), f"of {_rows(past.totals)} would be sent", "Nothing was sent.")
    return _of_load(past.totals)


def title_of(past: PastRun) -> str:
    """The headline on one line."""
    headline = headline_of(past)
    return f"{headline.figure} {headline.text}".rstrip(".")


def _of_load(totals: Counts) -> Headline:
    good = totals.landed + max(totals.unchanged, 0)
    note = ""
    if totals.read + totals.copies > 0:
        note = percent(min(max(good / (totals.read + totals.copies), 0.0), 1.0))
        if totals.unchanged > 0:
            note += f" with {number(totals.unchanged)} that had landed before, unchanged"
    return Headline(number(totals.landed), f"of {_rows(totals)} landed", note)


def _rows(totals: Counts) -> str:
    if totals.copies > 0:
        return f"{number(totals.read)} rows and {number(totals.copies)} copies"
    return f"{number(totals.read)} {'row' if totals.read == 1 else 'rows'}"


def _of_sweep(past: PastRun) -> Headline:
    acted = [one for one in past.swept if one.outcome in {"swept", "planned"}]
    people = sum(one.taken_off for one in acted)
    is_plan = any(one.outcome == "planned" for one in acted)
    verb = "would be" if is_plan else were(people)
    where = f" {counted(sum(one.taken_off > 0 for one in acted), 'list')}" if people else ""
    return Headline(
        number(people), f"{'person' if people == 1 else 'people'} {verb} taken off{where}"
    )
