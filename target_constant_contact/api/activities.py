"""Asks the service how far its bulk activities are, in as few requests as possible."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, Protocol

from target_constant_contact.api.models import UNFINISHED_STATES
from target_constant_contact.exceptions import ApiError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from target_constant_contact.api.models import Activity
    from target_constant_contact.waiting import Waiting

_NOT_FOUND: Final = 404


class ActivityApi(Protocol):
    """What tells of one activity."""

    def activity(self, activity_id: str) -> Activity:
        """The state of one activity."""


class ActivitiesApi(ActivityApi, Protocol):
    """What tells of activities."""

    def recent_activities(self) -> list[Activity]:
        """The state of the account's latest activities, in one request."""


class ActivityStates:
    """The states of the account's activities.

    Args:
        api: The API.
    """

    def __init__(self, api: ActivitiesApi) -> None:
        self._api = api
        self._collection_helps = True

    def recent(self) -> dict[str, Activity]:
        """The account's latest activities by their ids."""
        return {found.activity_id: found for found in self._api.recent_activities()}

    def of(self, activity_id: str) -> Activity | None:
        """One activity; None when the service does not know it, or not yet."""
        try:
            return self._api.activity(activity_id)
        except ApiError as error:
            # Whether a new activity can be read at once is not documented.
            if error.status != _NOT_FOUND:
                raise
            return None

    def of_all(self, activity_ids: Sequence[str], most: int) -> dict[str, Activity | None]:
        """What the service tells of these activities, by their ids; maybe of others too.

        Args:
            activity_ids: The activities.
            most: How many of them may be asked for one by one, the first ones, where one request
                does not tell of all.

        Returns:
            None for one that the service does not know, or not yet; nothing for one that was not
            asked for.
        """
        found: dict[str, Activity | None] = {}
        if len(activity_ids) > 1 and self._collection_helps:
            found |= self.recent()
            # In which order the service lists activities is not documented: on an account with
            # many of them, the first page may not show ours.
            self._collection_helps = any(asked in found for asked in activity_ids)
        missing = [asked for asked in activity_ids if asked not in found]
        return found | {asked: self.of(asked) for asked in missing[:most]}


def wait_for_end(api: ActivityApi, activity: Activity, waiting: Waiting) -> Activity:
    """Ask for an activity until it has ended, or has taken as long as it may.

    Args:
        api: The API.
        activity: How it was answered when it was started.
        waiting: How it is waited for.
    """
    deadline = waiting.clock() + waiting.timeout_seconds
    polls = 0
    while activity.state in UNFINISHED_STATES and waiting.clock() < deadline:
        waiting.wait_for_poll(polls)
        polls += 1
        # The answer to a poll may lack the link that the first answer had.
        asked = api.activity(activity.activity_id)
        activity = replace(asked, results=asked.results or activity.results)
    return activity
