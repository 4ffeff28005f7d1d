"""What is done next on the way of a batch, as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from target_constant_contact.batches.batch import ImportBatch
    from target_constant_contact.imports.lost_answers import Doubt
    from target_constant_contact.ledger.entry import Entry


@dataclass(slots=True)
class ImportInFlight:
    """A batch that the service has accepted and not finished.

    Attributes:
        batch: What was sent, without what it said.
        entry: Its entry in the ledger.
        activity_id: The service's name for the import.
        sent_at: When it went out, in seconds on the run's clock. The service may have begun then,
            however long its answer took.
        polls: How many answers have told that it was unfinished.
    """

    batch: ImportBatch
    entry: Entry
    activity_id: str
    sent_at: float
    polls: int = 0


@dataclass(frozen=True, slots=True)
class Submit:
    """Send this batch now."""

    batch: ImportBatch


@dataclass(frozen=True, slots=True)
class Poll:
    """Ask for the activities in flight.

    Attributes:
        due: They, those first of which the fewest answers have told.
        most: How many may be asked for one by one when one request does not tell of all.
    """

    due: tuple[ImportInFlight, ...]
    most: int


@dataclass(frozen=True, slots=True)
class Look:
    """Look at the service for batches whose answers were lost."""

    doubts: tuple[Doubt, ...]


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do for so many seconds; None: until something changes."""

    seconds: float | None


Step: TypeAlias = Submit | Poll | Look | Wait
