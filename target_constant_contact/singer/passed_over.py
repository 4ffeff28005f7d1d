"""Rows that are not to be imported, though nothing is wrong with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from target_constant_contact.exceptions import SettingsError
from target_constant_contact.mapping.paths import field_getter, path_fault
from target_constant_contact.mapping.values import UnfitValueError, clean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_constant_contact.mapping.field_mapping import FieldMapping
    from target_constant_contact.mapping.paths import Read

DELETED_AT: Final = ("_sdc_deleted_at", "_SDC_DELETED_AT")
"""Fields in which taps say when the source has deleted a row; some warehouses write capitals.

https://sdk.meltano.com/en/latest/implementation/record_metadata.html
"""


_NO: Final = frozenset({"false", "no", "off", "0"})
"""Texts for false, as settings from the environment have them; columns of files are texts, too."""


def is_deleted(record: Mapping[str, Any]) -> bool:
    """Whether a row is deleted in the source."""
    return any(has_left(record.get(name)) for name in DELETED_AT)


def has_left(deleted_at: Any) -> bool:
    """Whether a row is deleted in the source, by what it has in one of :data:`DELETED_AT`."""
    return deleted_at is not False and not is_blank(deleted_at)


def marks_leaver(value: Any) -> bool:
    """Whether somebody has left, by what a row has in the field of the settings.

    True, a time, a reason and any other value say it; false, null, blank, 0 and a text for false
    do not.
    """
    if isinstance(value, str):
        return not is_blank(value) and value.strip().lower() not in _NO
    return value not in (None, False, [], {})


class LeftRows:
    """Tells which records of a stream say that somebody has left.

    Args:
        stream: Name of the stream, for error lines.
        field: Record field that says so besides `DELETED_AT`; None when there is none.
        schema: The stream's JSON schema.

    Attributes:
        read: Reads that field; None when there is none.
        roots: Names of the record's own fields that it is read from.

    Raises:
        SettingsError: The stream has no such field.
    """

    def __init__(self, stream: str, field: str | None, schema: Mapping[str, Any]) -> None:
        self.read: Read | None = None
        if field:
            suggestion = path_fault(schema, field)
            if suggestion is not None:
                fault = f"stream {stream!r} has no field {field!r} (for left_field){suggestion}"
                raise SettingsError([fault])
            self.read = field_getter(field, schema)
        self.roots: tuple[str, ...] = self.read.roots if self.read else ()

    def __contains__(self, record: Mapping[str, Any]) -> bool:
        return is_deleted(record) or (self.read is not None and marks_leaver(self.read(record)))


def is_blank(value: Any) -> bool:
    """Whether a value is none: null, empty, or nothing but white space and invisible characters."""
    if isinstance(value, str):
        try:
            return not clean(value)
        except UnfitValueError:
            return False
    return value is None or value in ([], {})


class BlankRows:
    """Tells which records of a stream have nothing in any mapped field.

    Args:
        mapping: The stream's mapping.
        schema: Its JSON schema.
    """

    def __init__(self, mapping: FieldMapping, schema: Mapping[str, Any]) -> None:
        # E-mail is there in most rows, and then nothing else has to be looked at.
        paths = dict.fromkeys((mapping.fields["email"], *mapping.fields.values()))
        self._reads = [field_getter(path, schema) for path in paths]

    def __contains__(self, record: Mapping[str, Any]) -> bool:
        return all(is_blank(read(record)) for read in self._reads)
