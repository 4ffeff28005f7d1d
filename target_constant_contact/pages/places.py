"""Where rows have ended up, as a bar and in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from target_constant_contact.reports.counts import Counts

WIDTH: Final = 1_000
"""Units of every picture from its left to its right."""

LANDED: Final = "landed"
"""Name of the place where rows should be."""

_NARROWEST: Final = 8
"""What is there at all is seen."""


class Place(NamedTuple):
    """A place of rows.

    Attributes:
        name: As in the sums.
        meaning: What rows are there, as the end of a sentence that begins with them.
        is_bad: Somebody has to look at them.
        label: What the rows there are called, if that is not the name.
    """

    name: str
    meaning: str
    is_bad: bool = False
    label: str = ""

    @property
    def word(self) -> str:
        """What the rows there are called."""
        return self.label or self.name


PLACES: Final = (
    Place(LANDED, "became members of the lists, or updated them"),
    Place("unchanged", "say what has landed before, and need not be sent"),
    Place("merged", "joined another row of the same person"),
    Place("left", "say that the person has left the segment"),
    Place("blank", "have nothing in the mapped fields"),
    Place("suppressed", "are people who have unsubscribed or are never imported"),
    Place("rejected", "cannot be a contact, and were not sent", is_bad=True),
    Place("refused", "were sent, and Constant Contact did not take them", is_bad=True),
    Place("unexplained", "were sent, and nobody knows what became of them", is_bad=True),
    Place("unsettled", "had not been imported when the run ended", is_bad=True),
)
"""All places, in the order in which a bar shows them."""

_WOULD_BE_SENT: Final = Place("unsettled", "would be sent", label="would be sent")
_GOOD: Final = {PLACES[0], _WOULD_BE_SENT}


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of a bar.

    Attributes:
        kind: What it is of, which says its colour.
        x: Where it begins.
        width: How wide it is.
    """

    kind: str
    x: int
    width: int


@dataclass(frozen=True, slots=True)
class Share:
    """A place, and how many rows are there.

    Attributes:
        place: The place.
        rows: How many.
    """

    place: Place
    rows: int


@dataclass(frozen=True, slots=True)
class Sums:
    """The sums of a run, or of one of its destinations.

    Attributes:
        read: Rows that arrived.
        copies: How much more often than once they are counted.
        shares: The places that have rows.
        slices: The same as a bar.
    """

    read: int
    copies: int
    shares: tuple[Share, ...]
    slices: tuple[Slice, ...]

    @property
    def text(self) -> str:
        """The same as the bar, in words."""
        return f"{self.read:,} read: {_in_words(self.shares) or 'nothing'}"

    @property
    def good(self) -> int:
        """Rows that landed; of a dry run, those that would be sent."""
        return sum(share.rows for share in self.shares if share.place in _GOOD)

    @property
    def others(self) -> tuple[Share, ...]:
        """The places of those that did not, those first that somebody has to look at."""
        found = (share for share in self.shares if share.place not in _GOOD)
        return tuple(sorted(found, key=lambda share: not share.place.is_bad))

    @property
    def others_text(self) -> str:
        """The same in words."""
        return _in_words(self.others)


def _in_words(shares: Iterable[Share]) -> str:
    return ", ".join(f"{share.rows:,} {share.place.word}" for share in shares)


def sums_of(counts: Counts, *, dry_run: bool = False) -> Sums:
    """The sums as they are shown.

    Args:
        counts: The counts, which may be anybody's: none below zero is shown.
        dry_run: Nothing was sent.
    """
    places = (_WOULD_BE_SENT, *PLACES[:-1]) if dry_run else PLACES
    shares = [Share(place, getattr(counts, place.name)) for place in places]
    some = tuple(share for share in shares if share.rows > 0)
    slices = slices_of((share.place.name, share.rows) for share in some)
    return Sums(counts.read, counts.copies, some, slices)


def slices_of(parts: Iterable[tuple[str, int]], whole: int = 0) -> tuple[Slice, ...]:
    """Parts of a bar beside each other.

    Args:
        parts: What each is of, and how much.
        whole: What the bar is wide for; 0: all of them.
    """
    known = [(kind, amount) for kind, amount in parts if amount > 0]
    whole = max(whole, sum(amount for _, amount in known), 1)
    widths = [max(WIDTH * amount // whole, _NARROWEST) for _, amount in known]
    # What the narrow ones have got too much, the widest one gives.
    if (excess := sum(widths) - WIDTH) > 0:
        widths[widths.index(max(widths))] -= excess
    slices, x = [], 0
    for (kind, _), width in zip(known, widths, strict=True):
        slices.append(Slice(kind, x, width))
        x += width
    return tuple(slices)
