"""Which lists the records of a stream go to."""

from __future__ import annotations

import re
from contextlib import suppress
from decimal import Decimal
from types import NoneType
from typing import TYPE_CHECKING, Any, Final

from target_constant_contact.account.list_names import new_name_fault
from target_constant_contact.account.lists import UnknownListError, Wanted
from target_constant_contact.batches.batch import Destination
from target_constant_contact.contacts.contact import Rejection
from target_constant_contact.exceptions import SettingsError
from target_constant_contact.mapping.paths import field_getter, path_fault
from target_constant_contact.settings.faults import MAX_LISTS
from target_constant_contact.settings.list_texts import array_of, split_lists
from target_constant_contact.singer.rejected import RowRejectedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from target_constant_contact.account.lists import ListDirectory
    from target_constant_contact.mapping.paths import Read
    from target_constant_contact.settings.streams import StreamSettings

_NO_LIST: Final = "record names no list, and no lists are set beside lists_field"
_UNKNOWN: Final = "record names a list that does not exist"
_NAMED: Final = 5
"""Unknown lists of a stream that are named."""
_LONG_NUMBER: Final = re.compile(r"(?:[0-9][ ().-]*){7}")
_LARGEST: Final = 10**15


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
        self._wanted = Wanted(frozenset(default.list_ids), {})
        self._known = {default.list_ids: default}
        self._named: dict[str, Rejection] = {}

    def wanted(self, record: Mapping[str, Any]) -> Wanted:
        """The lists that a record goes to; none is created.

        Raises:
            RowRejectedError: It names no list, too many, or one that does not exist.
        """
        return self._look_up(self.read(record) if self.read else None)

    def destination(self, wanted: Wanted) -> Destination:
        """Where a record goes; lists that are new are created.

        Raises:
            NewListsError: The run would create more than it may.
            RowRejectedError: The service refuses to create one.
        """
        if wanted is self._wanted:
            return self.default
        try:
            list_ids = self._directory.make(wanted)
        except UnknownListError as error:
            raise self._unknown_list(error, wanted.new.values()) from None
        destination = self._known.get(list_ids)
        if destination is None:
            destination = self._known[list_ids] = Destination(self.default.stream, list_ids)
        return destination

    def of_value(self, value: Any) -> Destination | None:
        """Where a record goes that has this value in its field; None: it is to be rejected.

        Raises:
            NewListsError: The run would create more lists than it may.
        """
        try:
            return self.destination(self._look_up(value))
        except RowRejectedError:
            return None

    def admit(self, values: Iterable[Any]) -> None:
        """Look at what records have in their field, before a list is created for the first.

        Raises:
            NewListsError: Together they name more new lists than a run may create.
        """
        if not self._directory.creates:
            return
        new: dict[str, str] = {}
        for value in values:
            with suppress(RowRejectedError):
                new |= self._look_up(value).new
        self._directory.admit(new)

    def _look_up(self, value: Any) -> Wanted:
        references = self._references(value)
        is_blank = all(array_of(reference) == () for reference in references)
        try:
            wanted = self._wanted if is_blank else self._directory.look_up(references)
        except UnknownListError as error:
            raise self._unknown_list(error, references) from None
        if not wanted:
            raise RowRejectedError(Rejection(_NO_LIST, self.field))
        if len(wanted) > MAX_LISTS:
            fault = Rejection(f"record names more than {MAX_LISTS} lists", self.field)
            raise RowRejectedError(fault)
        return wanted

    def _unknown_list(self, error: UnknownListError, names: Iterable[str]) -> RowRejectedError:
        """The rejection of a record that names an unknown list.

        The first few names are part of the reason, which is grouped, logged and reported. When
        there are more, the field is likely to hold something about people.

        Args:
            error: Which list, and what else may be meant.
            names: All that the record names.
        """
        fault, names = str(error), list(names)
        if any(map(_may_be_personal, names)):
            kind = ": ".join(filter(None, (_UNKNOWN, new_name_fault(names[0]))))
            return RowRejectedError(Rejection(kind, self.field), hint=fault)
        if fault not in self._named and len(self._named) < _NAMED:
            self._named[fault] = Rejection(f"{_UNKNOWN}: {fault}", self.field)
        if rejection := self._named.get(fault):
            return RowRejectedError(rejection)
        return RowRejectedError(Rejection(_UNKNOWN, self.field), hint=fault)

    def _references(self, value: Any) -> tuple[str, ...]:
        """What a record says of its lists: texts, or whole numbers."""
        entries: list[Any] = value if isinstance(value, list) else [value]
        entries = [_whole(entry) for entry in entries]
        for entry in entries:
            if isinstance(entry, bool) or not isinstance(entry, (str, int, NoneType)):
                fault = Rejection("record names a list that is not a text", self.field)
                raise RowRejectedError(fault)
        return split_lists(entries if isinstance(value, list) else entries[0])


def _whole(value: Any) -> Any:
    """A whole number without a fraction, which spreadsheets write as ``2026.0``."""
    if isinstance(value, (float, Decimal)) and abs(float(value)) < _LARGEST:
        return int(value) if value == int(value) else value
    return value


def _may_be_personal(name: str) -> bool:
    return "@" in name or _LONG_NUMBER.search(name) is not None


def default_lists(segment: StreamSettings, directory: ListDirectory) -> tuple[str, ...]:
    """Ids of the lists that the settings name; those that are new are created.

    Raises:
        NewListsError: The run would create more than it may.
        SettingsError: They are more than a contact can be on, or none.
    """
    try:
        wanted = directory.look_up(segment.lists)
        if len(wanted) > MAX_LISTS or (segment.lists and not wanted):
            fault = f"lists: {len(wanted)} lists; a contact can be on 1 to {MAX_LISTS}"
            raise SettingsError([fault])
        return directory.make(wanted)
    except UnknownListError as error:
        raise SettingsError([f"lists: {error}"]) from None


def _reader(stream: str, field: str, schema: Mapping[str, Any]) -> Read:
    suggestion = path_fault(schema, field)
    if suggestion is not None:
        fault = f"stream {stream!r} has no field {field!r} (for lists_field){suggestion}"
        raise SettingsError([fault])
    return field_getter(field, schema)
