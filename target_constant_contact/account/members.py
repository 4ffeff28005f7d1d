"""Reads contacts back from the account, by one export."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Protocol

from target_constant_contact import waiting
from target_constant_contact.api.models import UNFINISHED_STATES
from target_constant_contact.exceptions import TryLaterError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from target_constant_contact.api.models import Activity

_SLICE_SECONDS: Final = 0.2


class Client(Protocol):
    """What reading back asks of the API."""

    def start_contact_export(
        self, list_ids: Sequence[str] = (), fields: Sequence[str] = ("email_address",)
    ) -> Activity:
        """Start an export of contacts."""

    def activity(self, activity_id: str) -> Activity:
        """The state of one activity."""

    def exported_contacts(self, activity: Activity) -> Iterator[dict[str, str]]:
        """The contacts that a completed export has written."""


def read_back(  # noqa: PLR0913 - two ways to tell time, which only tests replace
    client: Client,
    list_ids: Sequence[str],
    fields: Sequence[str],
    *,
    timeout_seconds: float,
    check: Callable[[], None],
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], object] = time.sleep,
) -> Iterator[dict[str, str]]:
    """Export the members of lists, wait for it, and return them.

    Args:
        client: The API.
        list_ids: The lists; none: all contacts of the account.
        fields: The service's names of the columns.
        timeout_seconds: How long the export may take.
        check: Called now and then while waiting; it raises to give up.
        clock: Seconds that never go back.
        sleep: Waits for a number of seconds.

    Raises:
        TryLaterError: The export failed, or took too long.
        TargetError: A request was refused.
    """
    activity = client.start_contact_export(list_ids, fields)
    deadline = clock() + timeout_seconds
    polls = 0
    while activity.state in UNFINISHED_STATES and clock() < deadline:
        end = clock() + waiting.POLL_SECONDS[min(polls, len(waiting.POLL_SECONDS) - 1)]
        while (left := end - clock()) > 0:
            check()
            sleep(min(left, _SLICE_SECONDS))
        polls += 1
        # The answer to a poll may lack the link that the first answer had.
        asked = client.activity(activity.activity_id)
        activity = replace(asked, results=asked.results or activity.results)
    if activity.state != "completed":
        raise TryLaterError(
            f"Export activity {activity.activity_id} did not end well (it is {activity.state!r}). "
            "Start the run again later."
        )
    yield from client.exported_contacts(activity)
