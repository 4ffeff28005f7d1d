"""How large the segments of a run were."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from target_constant_contact.reports.past_run import PastRun


@dataclass(frozen=True, slots=True)
class Segment:
    """What a stream has for one list.

    Attributes:
        stream: Name of the stream.
        list_id: The list.
        list_name: Its name, which may change; empty when it is not known.
    """

    stream: str
    list_id: str
    list_name: str = field(default="", compare=False)

    def __str__(self) -> str:
        return f"{self.stream} -> {self.list_name or self.list_id}"


def sizes_of(run: PastRun) -> Counter[Segment]:
    """The rows of each segment, without those that had left and blank ones."""
    sizes: Counter[Segment] = Counter()
    for place in run.destinations:
        for item in place.lists:
            sizes[Segment(place.stream, item.list_id, item.name)] += place.counts.judged
    return sizes
