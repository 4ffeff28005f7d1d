"""Finds out whether the service has taken an import whose answer was lost.

The service has no key that makes a repeated request harmless. What it tells of an import is when it
was created, how many rows it has read, and what its file was called. So a CSV file gets a name that
nothing else has, and an import that shows this name is the lost one.

An import of JSON has no name, and everything else proves nothing: another export may have sent as
many rows at the same time, to the same people on the same list. To look at so many of them that no
doubt is left takes more requests than to send the rows again, which changes nothing if they were
taken after all, as long as no activity that may hold them is still unfinished. So every such one is
waited for first, and nothing is believed.
Source: https://developer.constantcontact.com/api_guide/contacts_bulk_overview.html
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from target_constant_contact.api.models import UNFINISHED_STATES
from target_constant_contact.ledger.entry import is_file_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

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
    activities: Iterable[Activity],
    is_known: Callable[[str], bool],
) -> Sighting:
    """Look for a lost import among the recent activities.

    Args:
        entry: What was sent.
        activities: The recent activities of the account.
        is_known: Tells whether an activity is known from another answer.
    """
    activities = list(activities)
    earliest = entry.newest_before or entry.began_at - CLOCK_SKEW
    own = [found for found in activities if _has_name_of(entry, found)]
    possible = [
        activity
        for activity in activities
        if not is_known(activity.activity_id)
        and not is_file_name(activity.source_file_name)
        and (activity.created_at is None or activity.created_at >= earliest)
    ]
    # Whether the service tells names is documented, and not known.
    if any(activity.state in UNFINISHED_STATES for activity in own or possible):
        return Sighting(pending=True)
    return Sighting(found=next((found for found in own if found.state == "completed"), None))


def _has_name_of(entry: Entry, activity: Activity) -> bool:
    return bool(entry.file_name) and entry.file_name in activity.source_file_name
