"""The settings that can differ between streams."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from target_constant_contact.settings.list_texts import split_lists

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_constant_contact.mapping.calendar_days import DateOrder


@dataclass(frozen=True, slots=True)
class StreamSettings:
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
    """

    stream: str = "*"
    lists: tuple[str, ...] = ()
    lists_field: str | None = None
    field_mapping: Mapping[str, str] | None = None
    place: str = field(default="", compare=False)
    lists_place: str = field(default="", compare=False)
    mapping_place: str = field(default="", compare=False)
    date_order: DateOrder = "mdy"

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
        )

    @property
    def has_lists(self) -> bool:
        """Whether there is a way to tell where members go."""
        return bool(self.lists or self.lists_field)


def within_entry(place: str, fault: str) -> str:
    """A fault, with the entry of ``segments`` that it is about, if it is about one."""
    return f"{place}: {fault}" if place else fault
