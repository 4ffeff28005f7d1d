"""What is known of the tap's streams: their schemas, stream maps and sinks."""

from __future__ import annotations

import copy
import logging
from typing import TYPE_CHECKING, Any, Final, Protocol

from singer_sdk.exceptions import RecordsWithoutSchemaException
from singer_sdk.mapper import MAPPER_SOURCE_OPTION, RemoveRecordTransform, SameRecordTransform

from target_constant_contact.batches.batch import Destination
from target_constant_contact.exceptions import InputError
from target_constant_contact.mapping.paths import properties_of
from target_constant_contact.reports.rejects import is_replay
from target_constant_contact.reports.segments import missed_maps
from target_constant_contact.singer.chunks import Chunks
from target_constant_contact.singer.map_failures import map_failure
from target_constant_contact.singer.passed_over import is_deleted
from target_constant_contact.singer.rejected import RowRejectedError
from target_constant_contact.singer.schemas import usable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from singer_sdk.mapper import PluginMapper, StreamMap

    from target_constant_contact.run.run import Run
    from target_constant_contact.singer.sinks import SegmentSink

_BROKEN_SCHEMA: Final = (AttributeError, KeyError, RecursionError, TypeError, ValueError)
"""What singer-sdk stumbles with over a schema that is none."""
_logger = logging.getLogger("target-constant-contact")


class Host(Protocol):
    """The target, as its streams see it."""

    @property
    def mapper(self) -> PluginMapper:
        """The stream maps."""

    @property
    def run(self) -> Run:
        """The run that gets the rows."""

    def create_sink(
        self,
        *,
        stream_name: str,
        schema: dict[str, Any],
        key_properties: Sequence[str] | None = None,
    ) -> SegmentSink:
        """Make the sink of a stream."""


class Streams:
    """The streams of a tap, and the way of a record through stream maps to a sink.

    Args:
        host: The target.

    Attributes:
        chunks: The streams whose records are taken in chunks.
    """

    def __init__(self, host: Host) -> None:
        self.chunks = Chunks()
        self._host = host
        self._schemas: dict[str, dict[str, Any]] = {}
        self._sinks: dict[str, SegmentSink] = {}

    def __iter__(self) -> Iterator[str]:
        """Names of the streams whose SCHEMA has come."""
        return iter(self._schemas)

    def maps(self, stream: str) -> Sequence[StreamMap]:
        """The stream maps of a stream that do not drop it."""
        maps = self._host.mapper.stream_maps[stream]
        return [each for each in maps if not isinstance(each, RemoveRecordTransform)]

    def sink(self, name: str) -> SegmentSink:
        """The sink of a stream, by the name that stream maps give it."""
        return self._sinks[name]

    def register(self, message: dict[str, Any]) -> None:
        """Take a SCHEMA message.

        Raises:
            InputError: singer-sdk cannot use the schema.
            SettingsError: The settings do not fit the stream.
        """
        stream = message["stream"]
        if self._schemas.get(stream) != message:
            # singer-sdk edits the schema in place; rejected rows need it as it came.
            self._schemas[stream] = copy.deepcopy(message)
        try:
            self._map(stream, message["schema"])
        except _BROKEN_SCHEMA as error:
            raise InputError(
                f"The schema of stream {stream!r} cannot be used ({type(error).__name__} in "
                f"singer-sdk). Look at the SCHEMA message of the tap: it has to be a JSON schema "
                "with properties."
            ) from None
        for stream_map in self.maps(stream):
            self._note_replay(stream_map, message)
        sink = self._plain_sink(stream)
        self.chunks.set(stream, sink.chunks() if sink else None)

    def require(self, stream: str) -> None:
        """Refuse records that come before their SCHEMA.

        Raises:
            RecordsWithoutSchemaException: They do.
        """
        if stream not in self._schemas:
            raise RecordsWithoutSchemaException(
                f"A record of stream {stream!r} came before a corresponding schema. Check that "
                "the tap writes SCHEMA before RECORD."
            )

    def activate(self, stream: object) -> None:
        """Note an ACTIVATE_VERSION message of a stream; of what is none, it says nothing."""
        if isinstance(stream, str) and stream in self._schemas:
            for stream_map in self.maps(stream):
                self._host.run.report.note_version(stream_map.stream_alias)

    def has_columns(self, stream: str, names: set[str]) -> bool:
        """Whether the records of a stream can have any of these columns."""
        known = set(properties_of(self._schemas[stream]["schema"]))
        for stream_map in self.maps(stream):
            sink = self._sinks[stream_map.stream_alias]
            fields = (sink.lists.field, *sink.mapping.fields.values())
            known.update(field.partition(".")[0] for field in fields)
            known.update(sink.left_rows.roots)
        return not known.isdisjoint(names)

    def process(self, message: dict[str, Any]) -> None:
        """Take a RECORD message."""
        stream = message["stream"]
        self.require(stream)
        context = {"schema": self._schemas[stream], "message": message}
        # A stream map may take the field away.
        left = is_deleted(message["record"])
        for stream_map in self.maps(stream):
            sink = self._sinks[stream_map.stream_alias]
            record = None
            try:
                record = _transform(stream_map, message)
                if record is None:
                    continue
                if left:
                    sink.leave(record)
                else:
                    sink.process_record(record, context)
            except RowRejectedError as error:
                if left:
                    # Often nothing but its key is there, which no stream map can work with.
                    sink.leave(None)
                    continue
                # Which lists it would have gone to is not known, or not certain.
                place = Destination(stream_map.stream_alias)
                key = _whose(sink, record, message)
                self._host.run.reject(place, error.rejection, context, hint=error.hint, key=key)

    def missed_maps(self) -> list[str]:
        """Lines about ``stream_maps`` that none of the streams that came has matched."""
        maps = self._host.mapper.stream_maps_dict.items()
        sources = (
            each.get(MAPPER_SOURCE_OPTION, name) if isinstance(each, dict) else name
            for name, each in maps
        )
        return missed_maps(sources, list(self))

    def close(self) -> None:
        """End all sinks; every stream has come."""
        for line in self.missed_maps():
            _logger.warning("%s", line)
        for sink in self._sinks.values():
            sink.close()

    def _map(self, stream: str, raw: dict[str, Any]) -> None:
        """Have stream maps made for a stream, and sinks for what comes out of them."""
        mapper = self._host.mapper
        options = mapper.flattening_options
        schema = usable(raw, flattened=bool(options and options.enabled))
        known = mapper.stream_maps.get(stream)
        if known:
            if known[0].raw_schema == schema:
                return
            _logger.info(
                "Schema has changed for stream '%s'. Mapping definitions will be reset.", stream
            )
        # Nothing here needs keys, and singer-sdk refuses those that are not among the properties.
        mapper.register_raw_stream_schema(stream, schema, None)
        for stream_map in self.maps(stream):
            # Before its sink: what comes from such a file is not the whole of a segment.
            self._note_replay(stream_map, self._schemas[stream])
            self._open_sink(stream_map)

    def _note_replay(self, stream_map: StreamMap, message: dict[str, Any]) -> None:
        report = self._host.run.report
        report.note_replay(stream_map.stream_alias, is_replay=is_replay(message))

    def _open_sink(self, stream_map: StreamMap) -> None:
        name = stream_map.stream_alias
        schema = stream_map.transformed_schema
        if sink := self._sinks.get(name):
            if sink.original_schema == schema:
                return
            _logger.info("The schema of stream '%s' has changed. Initializing a new sink...", name)
            # It is done: it holds no rows, and streams may change their schema again and again.
            self._sinks.pop(name).close()
        self._sinks[name] = self._host.create_sink(
            stream_name=name,
            schema=schema,
            key_properties=stream_map.transformed_key_properties,
        )

    def _plain_sink(self, stream: str) -> SegmentSink | None:
        """The sink of a stream to whose records nothing has to be done on their way there."""
        maps = self._host.mapper.stream_maps[stream]
        if len(maps) != 1 or type(maps[0]) is not SameRecordTransform or maps[0].flattening_enabled:
            return None
        return self._sinks.get(maps[0].stream_alias)


def _whose(sink: SegmentSink, record: dict[str, Any] | None, message: dict[str, Any]) -> str | None:
    """E-mail key of the person of a row that was rejected, as `Run.reject` takes it.

    Args:
        sink: The sink that it was for.
        record: The record; None when its stream map has failed.
        message: The RECORD message.
    """
    if record is not None:
        return sink.mapping.key(record) or ""
    # Mostly the map has failed of another field, and has left this one as it was.
    return sink.mapping.key(message["record"])


def _transform(stream_map: StreamMap, message: dict[str, Any]) -> dict[str, Any] | None:
    """Apply a stream map to a copy of the record; None when it is filtered out.

    Raises:
        RowRejectedError: The map failed. Its own error may quote the record, so it is not shown.
    """
    try:
        return stream_map.transform(copy.copy(message["record"]))
    except Exception as error:  # noqa: BLE001 - stream maps are programs of the user's
        raise RowRejectedError(map_failure(error)) from None
