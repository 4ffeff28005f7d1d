"""The settings that can differ between streams."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from target_constant_contact.settings.following import days_of
from target_constant_contact.settings.list_texts import split_lists

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_constant_contact.mapping.calendar_days import DateOrder


@dataclass(frozen=True, slots=True)
class StreamSettings:  # one attribute for each setting of an entry
    """What is done with the members that the streams of one name or glob bring.

    Attributes:
        stream: Name or glob of the streams that it is for.
        lists: Lists as they were written: ids, names or URLs.
        lists_field: Record field with the lists of that record, or None.
        field_mapping: Contact property to record field; None to match well-known names.
        place: The entry of ``segments``, as faults call it; empty for the settings themselves.
        lists_place: The same for ``lists`` and ``lists_field``, which may be those of the settings.
        mapping_place: The same for ``field_mapping``.
        date_order: What comes first in dates with slashes or dashes.
        overwrites: Whether lists follow segments.
        overwrite_when: What proves that a segment is whole.
        overwrite_scope: Who may be taken off a list.
        respect_departures: Whether who has left a list is not put back; None for what goes with
            the rest.
        resend_days: Days for which a member that has not changed is not sent.
        left_field: Record field that says that somebody has left, or None.
        max_removed_percent: Share of the people on a list that may be taken off at once.
    """

    stream: str = "*"
    lists: tuple[str, ...] = ()
    lists_field: str | None = None
    field_mapping: Mapping[str, str] | None = None
    place: str = field(default="", compare=False)
    lists_place: str = field(default="", compare=False)
    mapping_place: str = field(default="", compare=False)
    date_order: DateOrder = "mdy"
    overwrites: bool = False
    overwrite_when: Literal["sweep", "activate_version", "end_of_input"] = "sweep"
    overwrite_scope: Literal["managed", "all"] = "managed"
    respect_departures: bool | None = None
    resend_days: float = 0
    left_field: str | None = None
    max_removed_percent: float = 20.0

    @classmethod
    def from_values(
        cls, values: Mapping[str, Any], default: StreamSettings | None = None, place: str = ""
    ) -> StreamSettings:
        """Read the settings themselves, or an entry of ``segments``.

        Args:
            values: What was set.
            default: Serves what is not set.
            place: The entry, as faults call it.
        """
        default = default or cls()
        lists = split_lists(values.get("lists"))
        lists_field = values.get("lists_field") or None
        # Both or neither: the default's field would win over lists of the entry's own.
        own_lists = bool(lists or lists_field)
        own_mapping = values.get("field_mapping")
        return cls(
            stream=values.get("stream", "*"),
            lists=lists if own_lists else default.lists,
            lists_field=lists_field if own_lists else default.lists_field,
            field_mapping=own_mapping or default.field_mapping,
            place=place,
            lists_place=place if own_lists else default.lists_place,
            mapping_place=place if own_mapping else default.mapping_place,
            date_order=values.get("date_order") or default.date_order,
            overwrite_when=values.get("overwrite_when") or default.overwrite_when,
            overwrite_scope=values.get("overwrite_scope") or default.overwrite_scope,
            left_field=values.get("left_field") or default.left_field,
            **_followed(values, default),
        )

    @property
    def has_lists(self) -> bool:
        """Whether there is a way to tell where members go."""
        return bool(self.lists or self.lists_field)

    @property
    def respects_departures(self) -> bool:
        """Whether who has left a list is not put back on it."""
        return self.overwrites if self.respect_departures is None else self.respect_departures

    @property
    def remembers(self) -> bool:
        """Whether it has to be known later who was sent."""
        return self.overwrites or self.respects_departures or self.resend_days > 0


def _followed(values: Mapping[str, Any], default: StreamSettings) -> dict[str, Any]:
    method, departures = values.get("load_method"), values.get("respect_departures")
    days = values.get("send_unchanged")
    share = values.get("max_removed_percent")
    return {
        "max_removed_percent": default.max_removed_percent if share is None else float(share),
        "overwrites": method == "overwrite" if method else default.overwrites,
        "respect_departures": default.respect_departures if departures is None else departures,
        # What is no such value is a fault of its own.
        "resend_days": default.resend_days if days is None else days_of(days) or 0,
    }


def within_entry(place: str, fault: str) -> str:
    """A fault, with the entry of ``segments`` that it is about, if it is about one."""
    return f"{place}: {fault}" if place else fault
