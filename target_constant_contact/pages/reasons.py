"""Why rows have not landed: what was rejected here, what was not sent, what was not taken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from target_constant_contact.reports.past_run import PastRun

REJECTED: Final = "rejected"
NOT_SENT: Final = "not sent"
NOT_TAKEN: Final = "did not land"
LEFT_OUT: Final = "value left out"


@dataclass(frozen=True, slots=True)
class Reason:
    """Rows, or values of rows, of one stream that share a fate for the same reason.

    Attributes:
        outcome: What became of them.
        count: How many they are.
        stream: Name of the stream.
        reason: Why.
        field: The record field that it is about, or an empty string.
        evidence: How it is known, where it had to be found out.
        looks_like: Outlines of the values.
    """

    outcome: str
    count: int
    stream: str
    reason: str
    field: str = ""
    evidence: str = ""
    looks_like: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """Where the rows are in the sums; empty where they have landed."""
        if self.outcome == NOT_TAKEN:
            return "suppressed" if self.reason.startswith("suppressed:") else "refused"
        return {REJECTED: "rejected", NOT_SENT: "suppressed"}.get(self.outcome, "")

    @property
    def can_be_corrected(self) -> bool:
        """Whether somebody who corrects the data changes it."""
        return self.outcome in {REJECTED, LEFT_OUT} or (
            self.outcome == NOT_TAKEN and not self.reason.startswith("suppressed:")
        )


def reasons_of(past: PastRun) -> list[Reason]:
    """All reasons of a run, those that can be corrected first, the most frequent ones before."""
    return sorted(_reasons(past), key=lambda each: (not each.can_be_corrected, -each.count))


def _reasons(past: PastRun) -> Iterator[Reason]:
    outlines = {(each.stream, each.reason, each.field): each.looks_like for each in past.examples}
    for each in past.rejections:
        looks_like = outlines.get((each.stream, each.reason, each.field), ())
        place = each.stream, each.reason, each.field
        yield Reason(REJECTED, each.rows, *place, looks_like=looks_like)
    for found in past.findings:
        yield Reason(NOT_TAKEN, found.rows, found.stream, found.reason, evidence=found.evidence)
    for held in past.withheld:
        yield Reason(NOT_SENT, held.rows, held.stream, held.reason)
    for value in past.dropped:
        yield Reason(LEFT_OUT, value.values, value.stream, value.reason, value.field)
