"""The settings that can differ between streams."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

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
        date_order: What comes first in dates with slashes or dashes.
    """

    stream: str = "*"
    lists: tuple[str, ...] = ()
    lists_field: str | None = None
    field_mapping: Mapping[str, str] | None = None
    date_order: DateOrder = "mdy"

    @classmethod
    def from_values(
        cls, values: Mapping[str, Any], default: StreamSettings | None = None
    ) -> StreamSettings:
        """Read the settings themselves, or an entry of ``segments``.

        Args:
            values: What was set.
            default: Serves what is not set.
        """
        default = default or cls()
        lists = split_lists(values.get("lists"))
        lists_field = values.get("lists_field") or None
        # Both or neither: the default's field would win over lists of the entry's own.
        own_lists = bool(lists or lists_field)
        return cls(
            stream=values.get("stream", "*"),
            lists=lists if own_lists else default.lists,
            lists_field=lists_field if own_lists else default.lists_field,
            field_mapping=values.get("field_mapping") or default.field_mapping,
            date_order=values.get("date_order") or default.date_order,
        )

    @property
    def has_lists(self) -> bool:
        """Whether there is a way to tell where members go."""
        return bool(self.lists or self.lists_field)


def split_lists(value: object) -> tuple[str, ...]:
    """Read one or several lists: a text, a text with commas, or a list of texts."""
    entries = value if isinstance(value, (list, tuple)) else [value]
    texts = [str(entry).strip() for entry in entries if entry is not None]
    return tuple(dict.fromkeys(text for text in texts if text))
