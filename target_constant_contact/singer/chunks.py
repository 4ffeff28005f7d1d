"""Chunks of RECORD messages, decoded to just the fields that are mapped.

A chunk is mapped as a whole, and taken in the order in which its records came. What cannot be taken
that way is handled message by message, which has the same result.
"""

from __future__ import annotations

from decimal import Decimal
from itertools import chain
from typing import TYPE_CHECKING, Any, Literal, Union

import msgspec

from target_constant_contact.batches.chunk import Chunk
from target_constant_contact.mapping.columns import ColumnMapping
from target_constant_contact.singer.passed_over import DELETED_AT, has_left, marks_leaver
from target_constant_contact.singer.routes import column_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from target_constant_contact.contacts.contact import Rejection
    from target_constant_contact.mapping.field_mapping import FieldMapping
    from target_constant_contact.mapping.property_columns import Column
    from target_constant_contact.singer.passed_over import LeftRows
    from target_constant_contact.singer.routes import RouteColumn


class StreamChunks:
    """Maps chunks of records of one stream.

    Args:
        mapping: Its mapping.
        routes: Where its records go.
        left_rows: Which of its records say that somebody has left.
        is_valid: Checks a whole record; None when only mapped fields are checked.
        count: Called with the number of records that have been mapped.

    Attributes:
        record_type: What a record has to be decoded to.
        decode: Decodes one that stands alone on a line.
    """

    def __init__(
        self,
        mapping: FieldMapping,
        routes: RouteColumn,
        left_rows: LeftRows,
        *,
        is_valid: Callable[[dict[str, Any]], bool] | None = None,
        count: Callable[[int], None] = lambda _records: None,
    ) -> None:
        self._count = count
        self._stream = mapping.stream
        self._mapping = ColumnMapping(mapping)
        self._routes = routes
        self._is_valid = is_valid
        # The mapping counts on its fields being the first columns.
        self._left_rows = left_rows
        others = (*routes.fields, *left_rows.roots, *DELETED_AT)
        self._fields = tuple(dict.fromkeys((*self._mapping.fields, *others)))
        self._place = {name: place for place, name in enumerate(self._fields)}
        self.record_type: Any = dict[str, Any] if is_valid else self._struct()
        self.decode = decoder(self.record_type)

    def map(self, records: Sequence[Any]) -> Chunk:
        """Map records that were decoded to ``record_type``."""
        columns = self._read(records)
        contacts = self._mapping(columns)
        unfit = contacts.unfit.union(*self._left(columns))
        if self._is_valid:
            unfit |= {place for place, each in enumerate(records) if not self._is_valid(each)}
        named = {name: columns[self._place[name]] for name in self._routes.fields}
        routes = self._routes.of(named, contacts.permissions, unfit)
        self._count(len(records) - len(unfit))
        dates = {(self._stream, name): column for name, column in contacts.dates.items()}
        return Chunk(routes, contacts.keys, contacts.bodies, sorted(unfit), contacts.dropped, dates)

    def _left(self, columns: Sequence[Column]) -> Iterator[set[int]]:
        """Places of the records that say that somebody has left."""
        for name in DELETED_AT:
            yield _places(columns[self._place[name]], has_left)
        if read := self._left_rows.read:
            roots = {name: columns[self._place[name]] for name in read.roots}
            yield _places(column_of(read, roots), marks_leaver)

    def _struct(self) -> type:
        """A type with the fields that are needed; decoding passes over all others."""
        names = {field: f"f{place}" for place, field in enumerate(self._fields)}
        fields: list[Any] = [(name, Any, None) for name in names.values()]
        rename = {name: field for field, name in names.items()}
        return msgspec.defstruct("Record", fields, rename=rename, kw_only=True, gc=False)

    def _read(self, records: Sequence[Any]) -> Sequence[Column]:
        if self._is_valid:
            return [[record.get(field) for record in records] for field in self._fields]
        # Half of the time that `zip` takes with a thousand arguments.
        values = list(chain.from_iterable(map(msgspec.structs.astuple, records)))
        return [values[place :: len(self._fields)] for place in range(len(self._fields))]


class Chunks:
    """Decodes and maps RECORD messages of all streams that are taken in chunks."""

    def __init__(self) -> None:
        self._streams: dict[str, StreamChunks] = {}
        self._types: dict[type, StreamChunks] = {}
        self.decode: Callable[[bytes], Any] | None = None

    def set(self, stream: str, chunks: StreamChunks | None) -> None:
        """Take a stream in chunks from now on, or (None) leave it to the ordinary way."""
        before = self._streams.pop(stream, None)
        if before is chunks is None:
            return
        # Those of other streams stay: to make them again takes long where streams are many.
        self._types = {kind: each for kind, each in self._types.items() if each is not before}
        if chunks is not None:
            self._streams[stream] = chunks
            self._types[_message_type(stream, chunks.record_type)] = chunks
        # With `|`, each one would be compared with all before it.
        kinds: Any = Union[tuple(self._types)] if self._types else None  # noqa: UP007
        self.decode = decoder(kinds) if self._types else None

    def of(self, stream: str) -> StreamChunks | None:
        """How records of a stream are taken; None when each has to be handled alone."""
        return self._streams.get(stream)

    def map(self, messages: Sequence[Any]) -> Chunk:
        """Map messages as :attr:`decode` returned them."""
        kinds = set(map(type, messages))
        if len(kinds) == 1:
            return self._types[kinds.pop()].map([message.record for message in messages])
        return _woven(len(messages), (self._part(kind, messages) for kind in kinds))

    def _part(self, kind: type, messages: Sequence[Any]) -> tuple[Sequence[int], Chunk]:
        places = [place for place, message in enumerate(messages) if type(message) is kind]
        return places, self._types[kind].map([messages[place].record for place in places])


def _places(column: Column, is_true: Callable[[Any], bool]) -> set[int]:
    """Places of the values of which something is true that is not of null."""
    if column.count(None) == len(column):
        return set()
    return {place for place, value in enumerate(column) if is_true(value)}


def decoder(record_type: Any) -> Callable[[bytes], Any]:
    """Decodes JSON to a type, and numbers with a fraction to decimals, as singer-sdk does."""
    return msgspec.json.Decoder(record_type, float_hook=Decimal).decode


def _message_type(stream: str, record_type: Any) -> type:
    return msgspec.defstruct(
        "Message",
        # In the order in which taps write them, in which they are found in less time.
        [("type", Literal["RECORD"]), ("record", record_type)],
        tag_field="stream",
        tag=stream,
        gc=False,
    )


def _woven(length: int, parts: Iterable[tuple[Sequence[int], Chunk]]) -> Chunk:
    """One chunk of several, whose records came in between each other."""
    routes: list[Any] = [None] * length
    keys, bodies = [""] * length, [b""] * length
    unfit: list[int] = []
    dropped: dict[int, Sequence[Rejection]] = {}
    dates: dict[tuple[str, str], list[Any]] = {}
    for places, part in parts:
        for place, route, key, body in zip(
            places, part.routes, part.keys, part.bodies, strict=True
        ):
            routes[place], keys[place], bodies[place] = route, key, body
        unfit += [places[index] for index in part.unfit]
        dropped |= {places[index]: values for index, values in part.dropped.items()}
        for name, column in part.dates.items():
            dates[name] = whole = [None] * length
            for place, value in zip(places, column, strict=True):
                whole[place] = value
    return Chunk(routes, keys, bodies, sorted(unfit), dropped, dates)
