"""Where the rows of a run have ended up, in numbers that must add up."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from target_constant_contact.wording import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

WITHHELD: Final = ("suppressed", "unchanged")
"""Places of rows that could be sent, and are not."""

PassedOver: TypeAlias = Literal["left", "blank", "suppressed", "unchanged"]
"""Places of rows that are not sent: deleted in the source, nothing in them, or withheld."""


@dataclass(slots=True)
class Counts:  # a plain record: one attribute for each place of a row
    """The places where the rows of one stream and set of lists have ended up.

    Attributes:
        read: Rows that arrived.
        landed: Rows that became or updated a member of the lists.
        rejected: Rows that were not sent; they are in the rejects file.
        refused: Rows that Constant Contact counted as errors.
        suppressed: Rows of people who had unsubscribed.
        merged: Rows that joined another row of the same address.
        left: Rows that are deleted in the source, and were not imported.
        unchanged: Rows that say what has landed before, and were not sent.
        blank: Rows in which every mapped field is blank.
        unexplained: Rows that Constant Contact neither confirmed nor explained.
        unsettled: Rows that had not been imported when the run ended (or are not, in a dry run).
        copies: How much more often than once the rows of a whole run are counted, because they
            were packed by list; 0 for a single destination.
    """

    read: int = 0
    landed: int = 0
    rejected: int = 0
    refused: int = 0
    suppressed: int = 0
    merged: int = 0
    left: int = 0
    unchanged: int = 0
    blank: int = 0
    unexplained: int = 0
    unsettled: int = 0
    copies: int = 0

    @property
    def accounted(self) -> int:
        """Rows whose place is known."""
        return (
            self.landed
            + self.rejected
            + self.refused
            + self.suppressed
            + self.merged
            + self.left
            + self.unchanged
            + self.blank
            + self.unexplained
            + self.unsettled
        )

    @property
    def judged(self) -> int:
        """Rows that say something about how good the data are."""
        return self.read - self.left - self.blank

    def __add__(self, other: Counts) -> Counts:
        mine, theirs = asdict(self), asdict(other)
        return Counts(**{name: mine[name] + theirs[name] for name in mine})

    def __str__(self) -> str:
        return self.sums()

    def sums(self, *, dry_run: bool = False) -> str:
        """The sums for people.

        Args:
            dry_run: Nothing was sent, so nothing can have landed.
        """
        places = asdict(self)
        read, copies = places.pop("read"), places.pop("copies")
        landed = f"{places.pop('landed'):,} landed"
        if dry_run:
            landed = f"{places.pop('unsettled'):,} would be sent"
        again = f" + {counted(copies, 'copy', 'copies')}" if copies else ""
        others = "".join(f" + {count:,} {name}" for name, count in places.items() if count)
        return f"{read:,} read{again} = {landed}{others}"


def bad_rows(parts: Sequence[Counts], copies: int) -> int:
    """Rows of a stream that were rejected here or refused by the service, each of them once.

    Args:
        parts: The counts of the stream, by lists.
        copies: How much more often than once rows are counted in them.
    """
    refused = [counts.refused for counts in parts]
    # Which of them are the same rows is not known: at least so many are different ones.
    rows_refused = max(sum(refused) - copies, *refused) if copies else sum(refused)
    return sum(counts.rejected for counts in parts) + rows_refused
