"""Whether the account's queue of activities moves on; no clock, no network.

The service may work activities off one by one. An import at the end of a deep queue then takes as
long as all before it, which is no fault as long as these come to their end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from target_constant_contact.api.models import Activity


class QueueProgress:
    """The last sign that activities move on which were there before our last one.

    What has come later says nothing of ours; and as they are so many, and each has few states and
    a hundred per cent, the signs come to an end.

    Args:
        is_ours: Tells whether an activity is one of ours.

    Attributes:
        last_sign: When the last one was seen, in seconds on the run's clock.
    """

    def __init__(self, is_ours: Callable[[str], bool]) -> None:
        self._is_ours = is_ours
        self._seen: dict[str, tuple[frozenset[str], int]] = {}
        self.last_sign = float("-inf")

    def note(self, activities: Collection[Activity], now: float) -> None:
        """Take the answer to a poll.

        Args:
            activities: Some or all of the account.
            now: Seconds on the run's clock.
        """
        ours = {one.activity_id: one for one in activities if self._is_ours(one.activity_id)}
        newest = max((one.created_at for one in ours.values() if one.created_at), default=None)
        for found in activities:
            if found.activity_id in self._seen:
                self._compare(found, now)
            elif found.activity_id in ours or (
                newest and found.created_at and found.created_at <= newest
            ):
                self._seen[found.activity_id] = frozenset([found.state]), found.percent_done

    def _compare(self, found: Activity, now: float) -> None:
        states, percent = self._seen[found.activity_id]
        if found.state not in states or found.percent_done > percent:
            self.last_sign = now
            seen = states | {found.state}, max(percent, found.percent_done)
            self._seen[found.activity_id] = seen
