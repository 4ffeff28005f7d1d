"""Reads contacts back from the account, by one export."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from target_constant_contact.api.activities import ActivityApi, wait_for_end
from target_constant_contact.exceptions import TryLaterError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from target_constant_contact.api.models import Activity
    from target_constant_contact.waiting import Waiting


class ContactExports(ActivityApi, Protocol):
    """What reading back asks of the API."""

    def start_contact_export(
        self, list_ids: Sequence[str] = (), fields: Sequence[str] = ("email_address",)
    ) -> Activity:
        """Start an export of contacts."""

    def exported_contacts(self, activity: Activity) -> Iterator[dict[str, str]]:
        """The contacts that a completed export has written."""


def read_back(
    exports: ContactExports, list_ids: Sequence[str], fields: Sequence[str], waiting: Waiting
) -> Iterator[dict[str, str]]:
    """Export the members of lists, wait for it, and return them.

    Args:
        exports: The API.
        list_ids: The lists; none: all contacts of the account.
        fields: The service's names of the columns.
        waiting: How the export is waited for.

    Raises:
        TryLaterError: The export failed, or took too long.
        TargetError: A request was refused.
    """
    yield from exported(exports, exports.start_contact_export(list_ids, fields), waiting)


def exported(
    exports: ContactExports, started: Activity, waiting: Waiting
) -> Iterator[dict[str, str]]:
    """Wait for an export that was started, and return its contacts.

    Args:
        exports: The API.
        started: The export.
        waiting: How it is waited for.

    Raises:
        TryLaterError: The export failed, or took too long.
        TargetError: A request was refused.
    """
    with waiting.events.work("waiting for an export of contacts", "read_back"):
        activity = wait_for_end(exports, started, waiting)
    if activity.state != "completed":
        raise TryLaterError(
            f"Export activity {activity.activity_id} did not end well (it is {activity.state!r}). "
            "Start the run again later."
        )
    yield from exports.exported_contacts(activity)
