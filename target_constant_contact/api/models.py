"""The service's answers, typed.

Parsing is lenient: an unknown or missing field never fails, because the service's official
description links no schema to several of its answers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from target_constant_contact.redaction import is_id, said

if TYPE_CHECKING:
    from collections.abc import Mapping

UNFINISHED_STATES = frozenset({"initialized", "processing"})
"""States in which an activity may still become ``completed``."""

CUSTOM_FIELD_TYPES: Final = (
    "string",
    "text_area",
    "number",
    "currency",
    "date",
    "datetime",
    "boolean",
    "single_select",
    "multi_select",
)
"""Types that a new custom field may have.

Source: https://developer.constantcontact.com/api_guide/create_custom_fields.html
"""

CHOICE_TYPES: Final = frozenset({"single_select", "multi_select"})
"""Types whose values are chosen from a list. Source: as ``CUSTOM_FIELD_TYPES``."""

MAX_LABEL_LENGTH: Final = 50
"""Characters in the label of a custom field.

Source: official description, ``CustomFieldRequest``.
"""

MAX_CHOICES: Final = 100
"""Choices of a custom field. Source: official description, ``CustomFieldRequest``."""

MAX_BUTTONS: Final = 20
"""Choices of a custom field that is displayed as radio buttons or checkboxes.

Source: official description, ``CustomFieldRequest``.
"""

MAX_CHOICE_LENGTH: Final = 255
"""Characters of a choice. Source: official description, ``CustomFieldChoiceRequest``."""

MAX_ACCOUNT_FIELDS: Final = 100
"""Custom fields of an account. Source: official description, ``POST /contact_custom_fields``."""


@dataclass(frozen=True, slots=True)
class ContactList:
    """A contact list.

    Attributes:
        list_id: UUID of the list.
        name: Its name, unique in the account.
        membership_count: Number of members, when it was asked for and is a whole number.
        deleted: Whether the list is in the account's trash.
    """

    list_id: str
    name: str
    membership_count: int | None = None
    deleted: bool = False

    @classmethod
    def from_json(cls, answer: Mapping[str, Any]) -> ContactList:
        """Read one list resource."""
        return cls(
            list_id=_id(answer.get("list_id")),
            name=str(answer.get("name") or ""),
            membership_count=_whole(answer.get("membership_count")),
            deleted=bool(answer.get("deleted_at")),
        )


@dataclass(frozen=True, slots=True)
class CustomField:
    """A custom field of the account.

    Attributes:
        custom_field_id: UUID of the field.
        label: What people see.
        name: What imports use, as ``cf:<name>``. It is derived from the label, in ways that
            differ between accounts, so it is always read back and never computed.
        type: One of ``CUSTOM_FIELD_TYPES``, or one that is newer than this program; older
            accounts know only ``string`` and ``date``.
        choices: Labels of the choices of a select field.
    """

    custom_field_id: str
    label: str
    name: str
    type: str = "string"
    choices: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, answer: Mapping[str, Any]) -> CustomField:
        """Read one custom field resource."""
        choices = answer.get("choices")
        return cls(
            custom_field_id=_id(answer.get("custom_field_id")),
            label=str(answer.get("label") or ""),
            name=str(answer.get("name") or ""),
            type=str(answer.get("type") or "string"),
            choices=tuple(
                str(choice.get("choice_label") or "")
                for choice in (choices if isinstance(choices, list) else ())
                if isinstance(choice, dict) and not choice.get("deleted_at")
            ),
        )


@dataclass(frozen=True, slots=True)
class AccountSummary:
    """Which account it is; what the service tells of its owner is left out.

    Attributes:
        account_id: The service's ``encoded_account_id``, or an empty string.
        name: Name of the organisation, or an empty string.
    """

    account_id: str
    name: str

    @classmethod
    def from_json(cls, answer: Mapping[str, Any]) -> AccountSummary:
        """Read the summary; blanks around the texts are taken off."""
        return cls(
            account_id=_stripped(answer.get("encoded_account_id")),
            name=_stripped(answer.get("organization_name")),
        )

    def is_called(self, name_or_id: str) -> bool:
        """Whether a person means this account, by its name in any case or by its id."""
        named = name_or_id.strip()
        return named == self.account_id or named.casefold() == self.name.casefold()


@dataclass(frozen=True, slots=True)
class Activity:
    """A bulk activity as the service reports it.

    Attributes:
        activity_id: UUID of the activity.
        state: ``initialized``, ``processing``, ``completed``, ``cancelled``, ``failed`` or
            ``timed_out``. The official description once says ``time_out``; that is read as
            ``timed_out``. A state that is not known counts as unfinished, never as success.
        counters: The ``status`` object: every whole number in it, by name.
        errors: ``activity_errors``, as they may be shown. They may quote rows, so they never go
            to a log.
        created_at: When the service has made it, by its own clock; None when it does not tell.
        results: Path of what an export has written; empty for other activities.
        source_file_name: What the file of an import was called, as far as the service tells.
        percent_done: How far it is, as far as the service tells.
    """

    activity_id: str
    state: str
    counters: Mapping[str, int] = field(default_factory=dict)
    errors: tuple[str, ...] = ()
    created_at: datetime | None = None
    results: str = ""
    source_file_name: str = ""
    percent_done: int = 0

    @classmethod
    def from_json(cls, answer: Mapping[str, Any]) -> Activity:
        """Read one activity resource of any kind."""
        status = answer.get("status")
        counters = {
            name: number
            for name, value in (status.items() if isinstance(status, dict) else ())
            # Their names are the service's too, and the ledger keeps them.
            if is_id(name) and (number := _whole(value)) is not None
        }
        state = said(str(answer.get("state", "")).lower())
        return cls(
            activity_id=_id(answer.get("activity_id")),
            state={"time_out": "timed_out", "canceled": "cancelled"}.get(state, state),
            counters=counters,
            errors=tuple(said(str(error)) for error in answer.get("activity_errors") or ()),
            created_at=_moment(answer.get("created_at")),
            results=_results(answer.get("_links")),
            source_file_name=_stripped(answer.get("source_file_name")),
            percent_done=_whole(answer.get("percent_done")) or 0,
        )


@dataclass(frozen=True, slots=True)
class ContactStatus:
    """How the account stands to a person.

    Attributes:
        permission: ``explicit``, ``implicit``, ``not_set``, ``pending_confirmation``,
            ``temp_hold`` or ``unsubscribed``; empty when there is no e-mail address.
        deleted: Whether the contact is deleted; it is kept, without lists.
        list_ids: Lists that the person is a member of.
        contact_id: UUID of the contact.
        email: The address, as the account has it.
    """

    permission: str
    deleted: bool = False
    list_ids: frozenset[str] = frozenset()
    contact_id: str = ""
    email: str = field(default="", repr=False)

    @classmethod
    def from_json(cls, answer: Mapping[str, Any]) -> ContactStatus:
        """Read one contact resource with its list memberships."""
        email, lists = answer.get("email_address"), answer.get("list_memberships")
        of_email = email if isinstance(email, dict) else {}
        return cls(
            contact_id=_id(answer.get("contact_id")),
            email=_stripped(of_email.get("address")),
            permission=str(of_email.get("permission_to_send") or ""),
            deleted=bool(answer.get("deleted_at")),
            list_ids=frozenset(
                str(list_id).lower() for list_id in (lists if isinstance(lists, list) else ())
            ),
        )


@dataclass(frozen=True, slots=True)
class ContactCounts:
    """How many contacts an account has.

    Attributes:
        active: Those who count for the contract: explicit, implicit and pending ones; where the
            service does not tell all three, everybody but the unsubscribed.
        total: All that are not deleted.
    """

    active: int
    total: int

    @classmethod
    def from_json(cls, answer: Mapping[str, Any]) -> ContactCounts | None:
        """Read the counts; None when they do not tell how many contacts there are.

        That ``total`` includes the unsubscribed is what the official description's example says.
        """
        parts = [_whole(answer.get(name)) for name in ("explicit", "implicit", "pending")]
        known = [count for count in parts if count is not None]
        total, unsubscribed = (_whole(answer.get(name)) for name in ("total", "unsubscribed"))
        if len(known) == len(parts):
            active = sum(known)
        elif total is not None:
            active = max(total - (unsubscribed or 0), 0)
        else:
            return None
        return cls(active=active, total=max(total or 0, active))


def _id(value: Any) -> str:
    """An id as it is; what cannot be one is none."""
    return value if is_id(value) else ""


def _whole(value: Any) -> int | None:
    """A whole number as it is; anything else, true and false too, is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _moment(value: Any) -> datetime | None:
    """A time in ISO 8601 with its zone, in UTC; anything else is none."""
    try:
        moment = datetime.fromisoformat(value)
        return moment.astimezone(UTC) if moment.tzinfo else None
    except (TypeError, ValueError, OverflowError):
        return None


def _results(links: Any) -> str:
    found = links.get("results") if isinstance(links, dict) else None
    href = found.get("href") if isinstance(found, dict) else None
    return href if isinstance(href, str) else ""


def _stripped(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""
