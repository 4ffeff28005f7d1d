"""Runs of RECORD messages, decoded to just the fields that are mapped.

A run is taken as a whole, and in the order in which its records came. What it cannot take is left
to the ordinary way, message by message, which has the same result.
"""

from __future__ import annotations

from decimal import Decimal
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

from target_constant_contact.batches.chunk import Run
from target_constant_contact.mapping.columns import ColumnMapping

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from target_constant_contact.batches.batch import Destination, Route
    from target_constant_contact.contacts.encoding import SmsPermission
    from target_constant_contact.mapping.columns import Column
    from target_constant_contact.mapping.field_mapping import FieldMapping
    from target_constant_contact.mapping.paths import Read

_REMEMBERED: Final = 4_096


class StreamRuns:
    """Takes runs of records of one stream.

    Args:
        mapping: Its mapping.
        key_properties: Fields that every record must have.
        lists: Reads the lists of a record; None when all go to the same.
        destination_for: Where a record with that value goes; None when it is to be rejected.
        is_valid: Checks a whole record; None when only mapped fields are checked.
        count: Called with the number of records that have been mapped.

    Attributes:
        record_type: What a record has to be decoded to.
        decode: Decodes one that stands alone on a line.
    """

    def __init__(  # noqa: PLR0913 - one argument for each thing that a stream has of its own
        self,
        mapping: FieldMapping,
        *,
        key_properties: Sequence[str],
        lists: Read | None,
        destination_for: Callable[[Any], Destination | None],
        is_valid: Callable[[dict[str, Any]], bool] | None = None,
        count: Callable[[int], None] = lambda _records: None,
    ) -> None:
        self._count = count
        self._mapping = ColumnMapping(mapping)
        self._lists = lists
        self._destination_for = destination_for
        self._is_valid = is_valid
        self._keys = tuple(key_properties)
        permissions: tuple[SmsPermission, ...] = (None, "explicit")
        self._known: dict[SmsPermission, dict[str, Route]] = {each: {} for each in permissions}
        fixed: Any = destination_for(None) if lists is None else None
        self._fixed = {each: (fixed, each) for each in permissions}
        roots = lists.roots if lists else ()
        self._fields = tuple(dict.fromkeys((*self._mapping.fields, *roots, *self._keys)))
        self.record_type: Any = dict[str, Any] if is_valid else self._struct()
        self.decode = decoder(self.record_type)

    def map(self, records: Sequence[Any]) -> Run:
        """Map records that were decoded to ``record_type``."""
        columns = self._read(records)
        contacts = self._mapping(columns)
        invalid = self._invalid(records) if self._is_valid else set()
        unfit = contacts.unfit | invalid
        slots = self._slots_of(columns, contacts.permissions, invalid, unfit)
        self._count(len(records) - len(unfit))
        return Run(slots, contacts.keys, contacts.bodies, sorted(unfit))

    def _struct(self) -> type:
        """A type with the fields that are needed; decoding passes over all others."""
        names = {field: f"f{place}" for place, field in enumerate(self._fields)}
        fields: list[Any] = [
            (name, Any) if field in self._keys else (name, Any, None)
            for field, name in names.items()
        ]
        rename = {name: field for field, name in names.items()}
        return msgspec.defstruct("Record", fields, rename=rename, kw_only=True, gc=False)

    def _read(self, records: Sequence[Any]) -> Sequence[Column]:
        if self._is_valid:
            return [[record.get(field) for record in records] for field in self._fields]
        return list(zip(*map(msgspec.structs.astuple, records), strict=True))

    def _invalid(self, records: Sequence[dict[str, Any]]) -> set[int]:
        """Places of the records that break the schema, or that the run does not come to."""
        is_valid: Any = self._is_valid
        invalid: set[int] = set()
        for place, record in enumerate(records):
            if any(key not in record for key in self._keys):
                # It ends the run; nothing may be done for those behind it.
                return invalid.union(range(place, len(records)))
            if not is_valid(record):
                invalid.add(place)
        return invalid

    def _slots_of(
        self,
        columns: Sequence[Column],
        permissions: Sequence[SmsPermission],
        invalid: set[int],
        unfit: set[int],
    ) -> Sequence[Route]:
        """The slot of every record; that of one which names no known list has no meaning.

        Args:
            columns: The fields that are read.
            permissions: What each record needs.
            invalid: Places of records whose lists are not looked at: that could make one.
            unfit: Gets the places of those that name no known list.
        """
        if self._lists is None:
            return list(map(self._fixed.__getitem__, permissions))
        values = self._list_values(self._lists, columns)
        if invalid:
            values = [None if place in invalid else value for place, value in enumerate(values)]
        slots = self._known_slots(values, permissions)
        if slots is None:
            slots = list(map(self._slot, values, permissions))
        if None in slots:
            unfit.update(place for place, slot in enumerate(slots) if slot is None)
        return slots

    def _list_values(self, lists: Read, columns: Sequence[Column]) -> Column:
        places = [self._fields.index(name) for name in lists.roots]
        if lists.whole:
            return columns[places[0]]
        parts = zip(*(columns[place] for place in places), strict=True)
        return [lists(dict(zip(lists.roots, values, strict=True))) for values in parts]

    def _known_slots(
        self, values: Column, permissions: Sequence[SmsPermission]
    ) -> list[Route] | None:
        """The slots of texts that have come before, all with the same permission."""
        if permissions.count(permissions[0]) < len(permissions):
            return None
        try:
            return list(map(self._known[permissions[0]].__getitem__, values))
        except (KeyError, TypeError):
            # A new text, or an array or object, which cannot be looked up.
            return None

    def _slot(self, value: Any, permission: SmsPermission) -> Any:
        # Only texts are remembered: lists cannot be, and 1 is equal to True.
        known = self._known[permission]
        is_text = type(value) is str
        slot = known.get(value) if is_text else None
        if slot is None:
            destination = self._destination_for(value)
            slot = None if destination is None else (destination, permission)
            if slot and is_text and len(known) < _REMEMBERED:
                known[value] = slot
        return slot


class Runs:
    """Decodes RECORD messages of all streams that are taken in runs."""

    def __init__(self) -> None:
        self._streams: dict[str, StreamRuns] = {}
        self._types: dict[type, StreamRuns] = {}
        self.decode: Callable[[bytes], Any] | None = None

    def know(self, stream: str, runs: StreamRuns | None) -> None:
        """Take a stream in runs from now on, or leave it to the ordinary way."""
        if runs is not None:
            self._streams[stream] = runs
        elif self._streams.pop(stream, None) is None:
            return
        self._types = {
            _message_type(name, runs.record_type): runs for name, runs in self._streams.items()
        }
        kinds: Any = reduce(or_, self._types) if self._types else None
        self.decode = decoder(kinds) if self._types else None

    def of(self, stream: str) -> StreamRuns | None:
        """How records of a stream are taken; None when each has to be handled alone."""
        return self._streams.get(stream)

    def map(self, messages: Sequence[Any]) -> Run:
        """Map messages as :attr:`decode` returned them."""
        kinds = set(map(type, messages))
        if len(kinds) == 1:
            return self._types[kinds.pop()].map([message.record for message in messages])
        return _woven(len(messages), (self._part(kind, messages) for kind in kinds))

    def _part(self, kind: type, messages: Sequence[Any]) -> tuple[Sequence[int], Run]:
        places = [place for place, message in enumerate(messages) if type(message) is kind]
        return places, self._types[kind].map([messages[place].record for place in places])


def decoder(record_type: Any) -> Callable[[bytes], Any]:
    """Decodes JSON to a type, and numbers with a fraction to decimals, as singer-sdk does."""
    return msgspec.json.Decoder(record_type, float_hook=Decimal).decode


def _message_type(stream: str, record_type: Any) -> type:
    return msgspec.defstruct(
        "Message",
        [("record", record_type), ("type", Literal["RECORD"])],
        tag_field="stream",
        tag=stream,
        gc=False,
    )


def _woven(length: int, parts: Iterable[tuple[Sequence[int], Run]]) -> Run:
    """One run of several, whose records came in between each other."""
    slots: list[Any] = [None] * length
    keys, bodies = [""] * length, [b""] * length
    unfit: list[int] = []
    for places, run in parts:
        for place, slot, key, body in zip(places, run.slots, run.keys, run.bodies, strict=True):
            slots[place], keys[place], bodies[place] = slot, key, body
        unfit += [places[index] for index in run.unfit]
    return Run(slots, keys, bodies, sorted(unfit))
