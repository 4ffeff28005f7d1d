"""What a run does with one stream, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAMED: Final = 20
"""Fields that are not sent of which the names are shown."""


@dataclass(frozen=True, slots=True)
class StreamPlan:
    """What a run does with one stream.

    Attributes:
        stream: Name of the stream, and of its copy where stream maps rename it.
        segment: Glob of the entry of ``segments`` that it falls under; empty for the default.
        lists: Names of the lists that all of its rows go to.
        lists_field: Record field with the lists of that record; empty when there is none.
        fields: Contact property to record field.
        automatic: Whether the fields were matched by well-known names.
        unsent: Record fields that are not sent, each with why, or an empty text.
    """

    stream: str
    segment: str
    lists: tuple[str, ...]
    lists_field: str
    fields: Mapping[str, str]
    automatic: bool
    unsent: Mapping[str, str]

    @property
    def goal(self) -> str:
        """Where its rows go."""
        lists = ", ".join(sorted(self.lists))
        if not self.lists_field:
            return lists
        rest = f", else {lists}" if lists else "; rows where it is blank are rejected"
        return f"the lists in {self.lists_field!r}{rest}"

    @property
    def sent(self) -> str:
        """What is sent, and what is not."""
        fields = ", ".join(f"{name} <- {field}" for name, field in self.fields.items())
        left_out = [
            f"{_shown(field)} ({why})" if why else _shown(field)
            for field, why in self.unsent.items()
        ]
        if not left_out:
            return fields
        more = f" and {len(left_out) - _NAMED:,} more" if len(left_out) > _NAMED else ""
        return f"{fields}; not sent: {', '.join(left_out[:_NAMED])}{more}"


def _shown(field: str) -> str:
    """A name as it is, unless it could not be told from the words around it."""
    return field if field == field.strip() and field and not set(field) & set(",;") else repr(field)
