"""Finds out whether the service has taken an import whose answer was lost.

The service has no key that makes a repeated request harmless, and an activity does not say what
it was made of. What it tells is when it was created and how many rows it has read. So an activity
is taken for the lost one only when it is the one and only that was created since, is not known
from another answer, and has read exactly as many rows. Everywhere else the rows are sent again,
which changes nothing if they were taken after all, as long as no activity that may hold them is
still unfinished: such a one is waited for first.
Source: https://developer.constantcontact.com/api_guide/contacts_bulk_overview.html
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from target_constant_contact.api.models import UNFINISHED_STATES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from target_constant_contact.api.models import Activity
    from target_constant_contact.batches.batch import ImportBatch
    from target_constant_contact.ledger.entry import Entry

CLOCK_SKEW: Final = timedelta(minutes=2)
"""How far this machine's clock may be ahead of the service's. If it is more, a taken import is
not found and sent again."""
LOOKS: Final = 2
"""How often an import has to be missed before it is sent again: whether a new activity can be
read at once is not documented."""


@dataclass(slots=True)
class Doubt:
    """A batch that was sent and got no answer: the service may have taken it or not.

    Attributes:
        batch: What was sent.
        entry: Its entry in the ledger.
        since: When the answer was lost, in seconds on the run's clock.
        next_look: When to look for it at the service.
        looks: How often it was looked for.
        missed: How often nothing was there that may be it.
    """

    batch: ImportBatch
    entry: Entry
    since: float
    next_look: float
    looks: int = 0
    missed: int = 0


@dataclass(frozen=True, slots=True)
class Sighting:
    """What the recent activities say of a lost import.

    Attributes:
        found: The activity that the lost request has made; None when none is known to be.
        pending: Whether an unfinished activity may be it.
    """

    found: Activity | None = None
    pending: bool = False

    @property
    def missed(self) -> bool:
        """Whether nothing is there that may be it."""
        return not self.found and not self.pending


def look(
    entry: Entry,
    newest: datetime | None,
    activities: Iterable[Activity],
    is_known: Callable[[str], bool],
) -> Sighting:
    """Look for a lost import among the recent activities.

    Args:
        entry: What was sent.
        newest: Creation of the activity that was accepted last before, by the service's clock;
            None when there was none.
        activities: The recent activities of the account.
        is_known: Tells whether an activity is known from another answer.
    """
    earliest = newest or entry.began_at - CLOCK_SKEW
    possible = [
        activity
        for activity in activities
        if not is_known(activity.activity_id)
        and (activity.created_at is None or activity.created_at >= earliest)
    ]
    if any(activity.state in UNFINISHED_STATES for activity in possible):
        return Sighting(pending=True)
    fitting = [activity for activity in possible if _fits(activity, entry.rows)]
    return Sighting(found=fitting[0] if len(fitting) == 1 else None)


def _fits(activity: Activity, rows: int) -> bool:
    """Whether a completed activity has read so many rows, with or without a header row.

    An activity without a date of creation never fits: it may be of another day.
    """
    counters = activity.counters
    return (
        activity.state == "completed"
        and activity.created_at is not None
        and counters.get("person_count") == rows
        and counters.get("items_total_count") in {rows, rows + 1}
    )
