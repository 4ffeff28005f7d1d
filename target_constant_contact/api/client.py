"""One method for each endpoint that is used.

Source of paths, keys and limits: https://developer.constantcontact.com/api_reference/index.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from target_constant_contact.api.contact_file import read_contacts
from target_constant_contact.api.http.answers import items
from target_constant_contact.api.http.request import ONCE, ApiRequest
from target_constant_contact.api.http.retry import Retry
from target_constant_contact.api.http.transport import Transport
from target_constant_contact.api.memberships import CONTACTS, LISTS, Memberships
from target_constant_contact.api.models import (
    AccountSummary,
    Activity,
    ContactCounts,
    ContactList,
    ContactStatus,
    CustomField,
)
from target_constant_contact.api.new_fields import new_field
from target_constant_contact.exceptions import ApiError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from target_constant_contact.api.http.request import OnTurn
    from target_constant_contact.api.http.signer import Signer
    from target_constant_contact.api.limits.limiter import RateLimiter

CUSTOM_FIELDS: Final = "/contact_custom_fields"
ACTIVITIES: Final = "/activities"
CONTACT_COUNTS: Final = "/contacts/counts"
CONTACT_EXPORTS: Final = "/activities/contact_exports"
JSON_IMPORT: Final = "/activities/contacts_json_import"
CSV_IMPORT: Final = "/activities/contacts_file_import"
ACCOUNT_SUMMARY: Final = "/account/summary"
PRIVILEGES: Final = "/account/user/privileges"
LISTS_PAGE: Final = 500
FIELDS_PAGE: Final = 100
ACTIVITIES_PAGE: Final = 500
MAX_EXPORT_LISTS: Final = 50
"""Lists in one export. Source: official description, ``ContactsExport``."""

_MAX_WAIT_SECONDS: Final = 60.0
_CONFLICT: Final = 409
_EXPORTED: Final = ApiRequest("GET", "/contact_exports/{id}")
"""Sent to the link that a completed export has; this is what error lines call it."""


class ConstantContactClient:
    """The API as this target uses it. Answers are typed; errors say what to do next.

    Args:
        api_url: Base URL with the path ``/v3``.
        auth: Signs each request.
        limiter: Asked before each request, repeated ones too.
        retry_seconds: First of the growing waits between tries; None takes the usual one.
        timeout: Seconds to connect, and seconds without an answer.
        max_tries: How often a request is made before it is given up.

    Attributes:
        memberships: Who is on which list.
    """

    def __init__(  # noqa: PLR0913 - all but two have defaults
        self,
        api_url: str = "https://api.cc.email/v3",
        *,
        auth: Signer,
        limiter: RateLimiter,
        retry_seconds: float | None = None,
        timeout: tuple[float, float] = (10.0, 60.0),
        max_tries: int = 6,
    ) -> None:
        self._transport = Transport(
            api_url,
            auth=auth,
            limiter=limiter,
            retry=Retry(max_tries, _MAX_WAIT_SECONDS, retry_seconds, events=limiter.events),
            timeout=timeout,
        )
        self.memberships = Memberships(self._transport)

    @property
    def requests_made(self) -> int:
        """Requests so far; every try counts."""
        return self._transport.requests_made

    def contact_lists(self, *, counts: bool = False) -> list[ContactList]:
        """All lists of the account that are not deleted.

        Args:
            counts: Ask for the number of members too, those who cannot be mailed included.
        """
        params = {"limit": LISTS_PAGE} | ({"include_membership_count": "all"} if counts else {})
        pages = self._transport.pages(ApiRequest("GET", LISTS, params), "lists")
        found = {item.list_id: item for item in map(ContactList.from_json, pages)}
        return [item for item in found.values() if item.list_id and not item.deleted]

    def create_contact_list(self, name: str) -> ContactList:
        """Make a list.

        When an earlier try has made it and only its answer was lost, that list is returned.

        Raises:
            ApiError: 409 when the name belongs to a list that cannot be seen.
        """
        request = ApiRequest("POST", LISTS, json={"name": name}, needed="list_id")
        try:
            answer = self._transport.send(request)
        except ApiError as error:
            # An earlier try may have made it; names are unique, so there is one list to take.
            existing = self._list_named(name) if error.status == _CONFLICT else None
            if existing is None:
                raise
            return existing
        return ContactList.from_json(answer)

    def custom_fields(self) -> list[CustomField]:
        """All custom fields of the account."""
        request = ApiRequest("GET", CUSTOM_FIELDS, {"limit": FIELDS_PAGE})
        pages = self._transport.pages(request, "custom_fields")
        found = {item.custom_field_id: item for item in map(CustomField.from_json, pages)}
        return list(found.values())

    def create_custom_field(
        self,
        label: str,
        type: str,  # noqa: A002 - the service's word, as in CustomField
        choices: Sequence[str] = (),
    ) -> CustomField:
        """Make a custom field.

        When an earlier try has made it and only its answer was lost, that field is returned. One
        of this label and type that was there before looks the same and is returned too, with the
        choices that it has.

        Args:
            label: What people see; at most ``MAX_LABEL_LENGTH`` characters.
            type: One of ``CUSTOM_FIELD_TYPES``.
            choices: Labels of the choices in the order of their display, for the types in
                ``CHOICE_TYPES``.

        Raises:
            ApiError: 409 when the label belongs to a field of another type; 400 when the service
                takes no such field, or no more fields.
        """
        body = new_field(label, type, choices)
        request = ApiRequest("POST", CUSTOM_FIELDS, json=body, needed="custom_field_id")
        try:
            answer = self._transport.send(request)
        except ApiError as error:
            existing = self._field_like(label, type) if error.status == _CONFLICT else None
            if existing is None:
                raise
            return existing
        return CustomField.from_json(answer)

    def account_summary(self) -> AccountSummary:
        """The account that the token belongs to.

        Raises:
            SignInError: Among others, when the token lacks the scope ``account_read`` or its user
                the privilege ``account:read``.
        """
        request = ApiRequest("GET", ACCOUNT_SUMMARY, scope="account_read")
        return AccountSummary.from_json(self._transport.send(request))

    def privileges(self) -> frozenset[str]:
        """Names of all that the token's user may do, such as ``contacts:write``.

        Any token may ask, whatever its scopes. The service is described to answer with an array;
        one inside an object is read as well.
        """
        answer = self._transport.send(ApiRequest("GET", PRIVILEGES, array_as="privileges"))
        found = (item for member in answer for item in items(answer, member))
        names = (item.get("privilege_name") for item in found)
        return frozenset(name for name in names if name and isinstance(name, str))

    def import_json(self, body: bytes, *, on_turn: OnTurn = None) -> Activity:
        """Start an import of an encoded JSON body; ``on_turn`` is called right before it goes out.

        Raises:
            QueueFullError: The account has too many unfinished activities.
            LostAnswerError: The service may have taken it, or not.
        """
        request = ApiRequest("POST", JSON_IMPORT, json=body, on_turn=on_turn, **ONCE)
        return Activity.from_json(self._transport.send(request))

    def import_csv(
        self,
        name: str,
        file: bytes,
        list_ids: Sequence[str],
        permission: str | None = None,
        on_turn: OnTurn = None,
    ) -> Activity:
        """Do the same with a CSV file; the service shows its name afterwards."""
        parts: dict[str, Any] = {
            "file": (name, file, "text/csv"),
            "list_ids": ",".join(list_ids),
        }
        if permission:
            parts["sms_permission_to_send"] = permission
        request = ApiRequest("POST", CSV_IMPORT, files=parts, on_turn=on_turn, **ONCE)
        return Activity.from_json(self._transport.send(request))

    def activity(self, activity_id: str) -> Activity:
        """The state of one activity.

        Raises:
            ApiError: 404 when there is none, or it is older than 10 days.
        """
        path = f"{ACTIVITIES}/{quote(activity_id, safe='')}"
        return Activity.from_json(self._transport.send(ApiRequest("GET", path, in_flight=True)))

    def recent_activities(self) -> list[Activity]:
        """The state of up to 500 activities of the account, in one request."""
        request = ApiRequest("GET", ACTIVITIES, {"limit": ACTIVITIES_PAGE}, in_flight=True)
        answer = self._transport.send(request)
        return [Activity.from_json(item) for item in items(answer, "activities")]

    def start_contact_export(
        self,
        list_ids: Sequence[str] = (),
        fields: Sequence[str] = ("email_address",),
        status: str = "",
    ) -> Activity:
        """Start an export of contacts; a second one that nobody asked for does no harm.

        Args:
            list_ids: Lists whose members are exported, at most ``MAX_EXPORT_LISTS``; none: every
                contact of the account that is not deleted.
            fields: The service's names of the columns.
            status: Which contacts: ``active``, ``unsubscribed`` or ``removed``; empty: all.
        """
        chosen = {"list_ids": list(list_ids), "status": status}
        body = {"fields": list(fields)} | {name: value for name, value in chosen.items() if value}
        request = ApiRequest("POST", CONTACT_EXPORTS, json=body, needed="activity_id")
        return Activity.from_json(self._transport.send(request))

    def exported_contacts(self, activity: Activity) -> Iterator[dict[str, str]]:
        """The contacts that a completed export has written, with the e-mail address as ``email``.

        The file is fetched whole before the first one is returned. The other columns keep the
        headers that the file has, and contacts without an address are left out.

        Raises:
            ApiError: It is not such a file.
        """
        if not activity.results:
            raise ApiError(f"{_EXPORTED}: the export has no link to its file", status=200)
        with self._transport.download(activity.results, _EXPORTED, "text/csv") as file:
            yield from read_contacts(file, str(_EXPORTED))

    def find_contact(self, email: str) -> ContactStatus | None:
        """How the account stands to an address; None when it does not know it."""
        wanted = email.lower()
        # Without the status, deleted contacts would not be found.
        params = {"email": wanted, "status": "all", "include": "list_memberships"}
        answer = self._transport.send(ApiRequest("GET", CONTACTS, params))
        found = map(ContactStatus.from_json, items(answer, "contacts"))
        return next((contact for contact in found if contact.email.lower() == wanted), None)

    def contact_counts(self) -> ContactCounts:
        """How many contacts the account has.

        Raises:
            ApiError: The service does not tell.
        """
        counts = ContactCounts.from_json(self._transport.send(ApiRequest("GET", CONTACT_COUNTS)))
        if counts is None:
            raise ApiError(f"GET {CONTACT_COUNTS}: the answer holds no counts", status=200)
        return counts

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def _list_named(self, name: str) -> ContactList | None:
        params = {"limit": LISTS_PAGE, "name": name}
        pages = self._transport.pages(ApiRequest("GET", LISTS, params), "lists")
        found = map(ContactList.from_json, pages)
        return next((item for item in found if item.name == name and not item.deleted), None)

    def _field_like(self, label: str, kind: str) -> CustomField | None:
        wanted = (label.strip(), kind)
        fields = self.custom_fields()
        return next((item for item in fields if (item.label.strip(), item.type) == wanted), None)
