"""The service's answers, typed.

Parsing is lenient: an unknown or missing field never fails, because the service's official
description links no schema to several of its answers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

UNFINISHED_STATES = frozenset({"initialized", "processing"})
"""States in which an activity may still become ``completed``."""


@dataclass(frozen=True, slots=True)
class ContactList:
    """A contact list.

    Attributes:
        list_id: UUID of the list.
        name: Its name, unique in the account.
        membership_count: Number of members, when it was asked for.
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
            list_id=str(answer.get("list_id", "")),
            name=str(answer.get("name", "")),
            membership_count=answer.get("membership_count"),
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
        type: ``string``, ``text_area``, ``number``, ``currency``, ``date``, ``datetime``,
            ``boolean``, ``single_select`` or ``multi_select``; older accounts know only
            ``string`` and ``date``.
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
        choices = answer.get("choices") or ()
        return cls(
            custom_field_id=str(answer.get("custom_field_id", "")),
            label=str(answer.get("label", "")),
            name=str(answer.get("name", "")),
            type=str(answer.get("type") or "string"),
            choices=tuple(str(choice.get("choice_label", "")) for choice in choices),
        )


@dataclass(frozen=True, slots=True)
class Activity:
    """A bulk activity as the service reports it.

    Attributes:
        activity_id: UUID of the activity.
        state: ``initialized``, ``processing``, ``completed``, ``cancelled``, ``failed`` or
            ``timed_out``. The official description once says ``time_out``; that is read as
            ``timed_out``. A state that is not known counts as unfinished, never as success.
        counters: The ``status`` object: every whole number in it, by name.
        errors: ``activity_errors``. They may quote rows, so they never go to a log.
    """

    activity_id: str
    state: str
    counters: Mapping[str, int] = field(default_factory=dict)
    errors: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, answer: Mapping[str, Any]) -> Activity:
        """Read one activity resource of any kind."""
        status = answer.get("status")
        counters = {
            name: value
            for name, value in (status.items() if isinstance(status, dict) else ())
            if isinstance(value, int) and not isinstance(value, bool)
        }
        state = str(answer.get("state", "")).lower()
        return cls(
            activity_id=str(answer.get("activity_id", "")),
            state={"time_out": "timed_out", "canceled": "cancelled"}.get(state, state),
            counters=counters,
            errors=tuple(str(error) for error in answer.get("activity_errors") or ()),
        )
