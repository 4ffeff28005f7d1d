"""What has become of the people on a list that follows a segment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from target_constant_contact.log_fields import Line
from target_constant_contact.wording import counted, were

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


@dataclass(frozen=True, slots=True)
class SweptList:  # a plain record
    """One list, and whom a sweep has taken off it.

    Attributes:
        stream: Stream whose segment the list follows.
        list_id: The list.
        list_name: Its name.
        outcome: ``swept``, ``planned``, ``idle``, ``refused``, or ``unknown`` where a plan cannot
            read the list.
        before: People on the list when it was read.
        stay: Those of them who stay.
        taken_off: Those who were taken off; in a plan, those who would be.
        not_ours: Those who are in no segment and whom this export has not put on the list.
        left_by_themselves: Those who were off it before anybody was taken off, or after, and whom
            nobody here has taken off.
        way: How they were found and taken off.
        requests: Requests that it has taken.
        reason: Why nobody was taken off; empty when that is not so.
    """

    stream: str
    list_id: str
    list_name: str
    outcome: str
    before: int = 0
    stay: int = 0
    taken_off: int = 0
    not_ours: int = 0
    left_by_themselves: int = 0
    way: str = ""
    requests: int = 0
    reason: str = ""

    @property
    def adds_up(self) -> bool:
        """Whether it is known of everybody on the list what has become of them."""
        return self.before == (self.stay + self.taken_off + self.not_ours + self.left_by_themselves)

    @property
    def really_taken_off(self) -> int:
        """People who were taken off; nobody in a plan."""
        return 0 if self.outcome == "planned" else self.taken_off

    @property
    def place(self) -> str:
        """The stream and its list."""
        return f"{self.stream} -> {self.list_name or self.list_id}"

    @property
    def why(self) -> str:
        """The reason, where it stands beside the list and need not name it once more."""
        return self.reason.removeprefix(f"{self.place}: ")

    @property
    def why_in_short(self) -> str:
        """The first sentence of it; what is to be done stands in the others."""
        return self.why.partition(". ")[0]

    @property
    def sums(self) -> str:
        """The sums as people read them."""
        return (
            f"on the list before {self.before:,} = stay {self.stay:,} + taken off "
            f"{self.taken_off:,} + not ours {self.not_ours:,} + left by themselves "
            f"{self.left_by_themselves:,}"
        )

    def lines(self) -> Iterator[str]:
        """What a person reads of it."""
        told: dict[str, Any] = {
            "stream": self.stream,
            "lists": [self.list_name],
            "list_ids": [self.list_id],
            "outcome": self.outcome,
        }
        if self.reason:
            yield Line(self.reason, reason=self.reason, **told)
            return
        verb = "would be" if self.outcome == "planned" else were(self.taken_off)
        people = counted(self.taken_off, "person", "people")
        yield Line(
            f"{self.place}: {people} {verb} taken off; {self.sums}",
            before=self.before,
            stay=self.stay,
            taken_off=self.taken_off,
            not_ours=self.not_ours,
            left_by_themselves=self.left_by_themselves,
            **told,
        )
        if self.way:
            requests = counted(self.requests, "request")
            yield Line(
                f"{self.place}: by {self.way}, in {requests}", requests=self.requests, **told
            )


def refusals(found: Iterable[SweptList]) -> list[str]:
    """Why lists were not swept that should have been."""
    return [one.reason for one in found if one.outcome == "refused"]
