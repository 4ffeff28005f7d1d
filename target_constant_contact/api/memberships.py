"""The endpoints that tell who is on a list, and take people off it.

Source of paths, keys and limits: https://developer.constantcontact.com/api_reference/index.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from target_constant_contact.api.http.request import ApiRequest
from target_constant_contact.api.models import Activity, ContactList, ContactStatus
from target_constant_contact.exceptions import ApiError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from target_constant_contact.api.http.transport import Transport

CONTACTS: Final = "/contacts"
LISTS: Final = "/contact_lists"
REMOVAL: Final = "/activities/remove_list_memberships"
LIST_DELETION: Final = "/activities/list_delete"
CONTACTS_PAGE: Final = 500
"""Contacts in one answer. Source: official description, ``GET /contacts``."""
MAX_FILTER_LISTS: Final = 25
"""Lists by which contacts are asked for. Source: official description, ``GET /contacts``."""
MAX_REMOVED: Final = 500
"""Contact ids in one removal. Source: official description, ``POST remove_list_memberships``."""
MAX_DELETED_LISTS: Final = 100
"""Lists in one deletion. Source: official description, ``POST list_delete``."""

_MAX_PAGES: Final = 20_000
"""More than a list of five million people has, and than two days of requests fetch."""
_NOT_FOUND: Final = 404


class Memberships:
    """Who is on which list, as the API tells and changes it.

    Args:
        transport: Makes the requests.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def contacts(
        self,
        list_ids: Sequence[str] = (),
        *,
        status: str = "",
        optout_after: datetime | None = None,
        most_pages: int = _MAX_PAGES,
    ) -> Iterator[ContactStatus]:
        """Contacts that meet all conditions, 500 in a request; each one once.

        Their lists are not asked for. Contacts without an e-mail address come as well.

        Args:
            list_ids: Lists of which they are on one at least, at most ``MAX_FILTER_LISTS``; none:
                all contacts.
            status: Which ones, such as ``unsubscribed``; empty: all but the deleted ones, of
                whom none is on a list.
            optout_after: They have unsubscribed later than this moment, which has a zone.
            most_pages: More of them are an error.
        """
        params: dict[str, Any] = {"limit": CONTACTS_PAGE}
        if list_ids:
            params["lists"] = ",".join(list_ids)
        if status:
            params["status"] = status
        if optout_after:
            params["optout_after"] = optout_after.isoformat(timespec="seconds")
        request = ApiRequest("GET", CONTACTS, params)
        pages = self._transport.pages(request, "contacts", most=most_pages)
        seen: set[str] = set()
        for contact in map(ContactStatus.from_json, pages):
            # Clients have met objects that are on two pages.
            if contact.contact_id in seen:
                continue
            if contact.contact_id:
                seen.add(contact.contact_id)
            yield contact

    def contact_list(self, list_id: str, *, active: bool = False) -> ContactList | None:
        """One list with the number of its members; None when there is no such list any more.

        Args:
            list_id: The list.
            active: Count only members who can be mailed.
        """
        counted = "active" if active else "all"
        path = f"{LISTS}/{quote(list_id, safe='')}"
        request = ApiRequest("GET", path, {"include_membership_count": counted}, needed="list_id")
        try:
            found = ContactList.from_json(self._transport.send(request))
        except ApiError as error:
            if error.status != _NOT_FOUND:
                raise
            return None
        return None if found.deleted else found

    def remove(
        self, list_id: str, *, contact_ids: Sequence[str] = (), from_list: str = ""
    ) -> Activity:
        """Start taking people off a list; once more does no harm.

        They stay contacts and on all other lists. An id that the account does not know, or of
        somebody who is not on the list, changes nothing.

        Args:
            list_id: The list that they are taken off.
            contact_ids: Ids of the people, at most ``MAX_REMOVED``; or else
            from_list: A list, all of whose members are taken off the other one.

        Raises:
            QueueFullError: The account has too many unfinished activities.
        """
        source = {"list_ids": [from_list]} if from_list else {"contact_ids": list(contact_ids)}
        body = {"source": source, "list_ids": [list_id]}
        request = ApiRequest("POST", REMOVAL, json=body, needed="activity_id")
        return Activity.from_json(self._transport.send(request))

    def delete_lists(self, list_ids: Sequence[str]) -> Activity:
        """Start deleting lists; their members stay contacts, and on their other lists.

        A list that is deleted already changes nothing.

        Args:
            list_ids: The lists, at most ``MAX_DELETED_LISTS``.

        Raises:
            QueueFullError: The account has too many unfinished activities.
        """
        body = {"list_ids": list(list_ids)}
        request = ApiRequest("POST", LIST_DELETION, json=body, needed="activity_id")
        return Activity.from_json(self._transport.send(request))
