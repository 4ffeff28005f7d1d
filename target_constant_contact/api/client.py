"""One method for each endpoint that is used.

Source of paths, keys and limits: https://developer.constantcontact.com/api_reference/index.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from target_constant_contact.api.models import Activity, ContactList, CustomField
from target_constant_contact.api.transport import Transport, items
from target_constant_contact.exceptions import ApiError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from requests.auth import AuthBase

    from target_constant_contact.api.limits import RateLimiter

LISTS: Final = "/contact_lists"
CUSTOM_FIELDS: Final = "/contact_custom_fields"
ACTIVITIES: Final = "/activities"
JSON_IMPORT: Final = "/activities/contacts_json_import"
CSV_IMPORT: Final = "/activities/contacts_file_import"
LISTS_PAGE: Final = 500
FIELDS_PAGE: Final = 100
ACTIVITIES_PAGE: Final = 500

_CONFLICT: Final = 409


class ConstantContactClient:
    """The API as this target uses it. Answers are typed; errors say what to do next.

    Args:
        api_url: Base URL with the path ``/v3``.
        auth: Signs each request.
        limiter: Asked before each request, repeated ones too.
        retry_seconds: First of the growing waits between tries; None takes the usual one.
        timeout: Seconds to connect, and seconds without an answer.
        max_tries: How often a request is made before it is given up.
    """

    def __init__(  # noqa: PLR0913 - all but two have defaults
        self,
        api_url: str = "https://api.cc.email/v3",
        *,
        auth: AuthBase,
        limiter: RateLimiter,
        retry_seconds: float | None = None,
        timeout: tuple[float, float] = (10.0, 60.0),
        max_tries: int = 6,
    ) -> None:
        self._transport = Transport(
            api_url,
            auth=auth,
            limiter=limiter,
            retry_seconds=retry_seconds,
            timeout=timeout,
            max_tries=max_tries,
        )

    @property
    def requests_made(self) -> int:
        """Requests so far; every try counts."""
        return self._transport.requests_made

    def contact_lists(self) -> list[ContactList]:
        """All lists of the account that are not deleted."""
        pages = self._transport.pages(LISTS, {"limit": LISTS_PAGE}, "lists")
        found = {item.list_id: item for item in map(ContactList.from_json, pages)}
        return [item for item in found.values() if not item.deleted]

    def create_contact_list(self, name: str) -> ContactList:
        """Make a list.

        When an earlier try has made it and only its answer was lost, that list is returned.

        Raises:
            ApiError: 409 when the name belongs to a list that cannot be seen.
        """
        try:
            answer = self._transport.send("POST", LISTS, json_body={"name": name}, needed="list_id")
        except ApiError as error:
            existing = self._list_named(name) if error.status == _CONFLICT else None
            if existing is None:
                raise
            return existing
        return ContactList.from_json(answer)

    def custom_fields(self) -> list[CustomField]:
        """All custom fields of the account."""
        pages = self._transport.pages(CUSTOM_FIELDS, {"limit": FIELDS_PAGE}, "custom_fields")
        found = {item.custom_field_id: item for item in map(CustomField.from_json, pages)}
        return list(found.values())

    def import_json(self, body: bytes) -> Activity:
        """Start an import of an encoded JSON body.

        Repeating an import whose answer was lost is harmless: it updates the same contacts.

        Raises:
            QueueFullError: The account has too many unfinished activities.
        """
        answer = self._transport.send(
            "POST", JSON_IMPORT, data=body, content_type="application/json", needed="activity_id"
        )
        return Activity.from_json(answer)

    def import_csv(
        self, file: bytes, list_ids: Sequence[str], sms_permission_to_send: str | None = None
    ) -> Activity:
        """Start an import of a CSV file.

        Raises:
            QueueFullError: The account has too many unfinished activities.
        """
        parts: dict[str, Any] = {
            "file": ("contacts.csv", file, "text/csv"),
            "list_ids": (None, ",".join(list_ids)),
        }
        if sms_permission_to_send:
            parts["sms_permission_to_send"] = (None, sms_permission_to_send)
        return Activity.from_json(
            self._transport.send("POST", CSV_IMPORT, files=parts, needed="activity_id")
        )

    def activity(self, activity_id: str) -> Activity:
        """The state of one activity.

        Raises:
            ApiError: 404 when there is none, or it is older than 10 days.
        """
        return Activity.from_json(
            self._transport.send("GET", f"{ACTIVITIES}/{quote(activity_id, safe='')}")
        )

    def recent_activities(self) -> list[Activity]:
        """The state of up to 500 activities of the account, in one request."""
        answer = self._transport.send("GET", ACTIVITIES, params={"limit": ACTIVITIES_PAGE})
        return [Activity.from_json(item) for item in items(answer, "activities")]

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def _list_named(self, name: str) -> ContactList | None:
        pages = self._transport.pages(LISTS, {"limit": LISTS_PAGE, "name": name}, "lists")
        found = map(ContactList.from_json, pages)
        return next((item for item in found if item.name == name and not item.deleted), None)
