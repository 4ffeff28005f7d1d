"""Rows that are not to be imported, though nothing is wrong with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from target_constant_contact.mapping.paths import field_getter
from target_constant_contact.mapping.values import UnfitValueError, clean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_constant_contact.mapping.field_mapping import FieldMapping

DELETED_AT: Final = ("_sdc_deleted_at", "_SDC_DELETED_AT")
"""Fields in which taps say when the source has deleted a row; some warehouses write capitals.

https://sdk.meltano.com/en/latest/implementation/record_metadata.html
"""


def is_deleted(record: Mapping[str, Any]) -> bool:
    """Whether a row is deleted in the source."""
    return any(has_left(record.get(name)) for name in DELETED_AT)


def has_left(deleted_at: Any) -> bool:
    """Whether a row is deleted in the source, by what it has in one of :data:`DELETED_AT`."""
    return deleted_at is not False and not is_blank(deleted_at)


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
