"""Which lists the records of a stream go to."""

from __future__ import annotations

from types import NoneType
from typing import TYPE_CHECKING, Any

from target_constant_contact.account.lists import UnknownListError
from target_constant_contact.batches.batch import Destination
from target_constant_contact.contacts.contact import Rejection
from target_constant_contact.exceptions import SettingsError
from target_constant_contact.mapping.paths import field_getter, path_fault
from target_constant_contact.settings.faults import MAX_LISTS
from target_constant_contact.settings.streams import split_lists
from target_constant_contact.singer.rejected import RowRejectedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_constant_contact.account.lists import ListDirectory
    from target_constant_contact.mapping.paths import Read
    from target_constant_contact.settings.streams import StreamSettings


class ListRule:
    """Finds the destination of each record of a stream.

    Args:
        default: Where records go that name no list themselves.
        field: Record field with the lists of that record; empty when there is none.
        schema: The stream's JSON schema.
        directory: The lists of the account.

    Attributes:
        default: As above.
        field: As above.
        read: Reads the lists of a record; None when all records go to the same.

    Raises:
        SettingsError: The stream has no such field.
    """

    def __init__(
        self, default: Destination, field: str, schema: Mapping[str, Any], directory: ListDirectory
    ) -> None:
        self.default = default
        self.field = field
        self.read = _reader(default.stream, field, schema) if field else None
        self._directory = directory
        self._known = {default.list_ids: default}

    def of(self, record: Mapping[str, Any]) -> Destination:
        """Where a record goes.

        Raises:
            RowRejectedError: It names no list, or one that does not exist.
        """
        return self._find(self.read(record) if self.read else None)

    def of_value(self, value: Any) -> Destination | None:
        """Where a record goes that has this value in its field; None: it is to be rejected."""
        try:
            return self._find(value)
        except RowRejectedError:
            return None

    def _find(self, value: Any) -> Destination:
        references = self._references(value)
        list_ids = self._look_up(references) if references else self.default.list_ids
        if not list_ids:
            raise RowRejectedError(Rejection("record names no list", self.field))
        destination = self._known.get(list_ids)
        if destination is None:
            destination = self._known[list_ids] = Destination(self.default.stream, list_ids)
        return destination

    def _references(self, value: Any) -> tuple[str, ...]:
        """What a record says of its lists: texts, or numbers."""
        entries = value if isinstance(value, list) else [value]
        for entry in entries:
            if isinstance(entry, bool) or not isinstance(entry, (str, int, NoneType)):
                fault = Rejection("record names a list that is not a text", self.field)
                raise RowRejectedError(fault)
        return split_lists(value)

    def _look_up(self, references: tuple[str, ...]) -> tuple[str, ...]:
        try:
            found = self._directory.find_all(references)
        except UnknownListError as error:
            fault = Rejection("record names a list that does not exist", self.field)
            raise RowRejectedError(fault, hint=str(error)) from None
        if len(found) > MAX_LISTS:
            fault = Rejection(f"record names more than {MAX_LISTS} lists", self.field)
            raise RowRejectedError(fault)
        return found


def default_lists(segment: StreamSettings, directory: ListDirectory) -> tuple[str, ...]:
    """Ids of the lists that the settings name.

    Raises:
        SettingsError: They are more than a contact can be on, or none.
    """
    try:
        found = directory.find_all(segment.lists)
    except UnknownListError as error:
        raise SettingsError([f"lists: {error}"]) from None
    if len(found) > MAX_LISTS or (segment.lists and not found):
        fault = f"lists: {len(found)} lists; a contact can be on 1 to {MAX_LISTS}"
        raise SettingsError([fault])
    return found


def _reader(stream: str, field: str, schema: Mapping[str, Any]) -> Read:
    suggestion = path_fault(schema, field)
    if suggestion is not None:
        fault = f"stream {stream!r} has no field {field!r} (for lists_field){suggestion}"
        raise SettingsError([fault])
    return field_getter(field, schema)
