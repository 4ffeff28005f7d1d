"""Settings in, sinks out, STATE out, exit: the only file that knows ``singer_sdk.Target``."""

from __future__ import annotations

import copy
import math
import signal
import sys
import threading
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Final

from singer_sdk import Target
from singer_sdk.exceptions import ConfigValidationError, RecordsWithoutSchemaException
from singer_sdk.helpers._batch import StorageTarget
from singer_sdk.helpers.capabilities import PluginCapabilities, TargetCapabilities
from singer_sdk.mapper import RemoveRecordTransform, SameRecordTransform
from typing_extensions import override

from target_constant_contact.batches.batch import Destination
from target_constant_contact.contacts.contact import Rejection
from target_constant_contact.exceptions import InputError, InterruptedRunError, SettingsError
from target_constant_contact.settings.faults import unknown_settings
from target_constant_contact.settings.schema import PROPERTIES
from target_constant_contact.settings.settings import Settings, defaults
from target_constant_contact.singer.batch_files import FileRecords, read_batch
from target_constant_contact.singer.chunks import Runs
from target_constant_contact.singer.json_lines import hand_over
from target_constant_contact.singer.messages import MessageReader
from target_constant_contact.singer.sinks import RowRejectedError, SegmentSink

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import FrameType

    from singer_sdk.helpers.capabilities import CapabilitiesEnum
    from singer_sdk.mapper import StreamMap

    from target_constant_contact.account.account import Account
    from target_constant_contact.batches.chunk import Run
    from target_constant_contact.run.run import Export


_BROKEN_SCHEMA: Final = (AttributeError, KeyError, RecursionError, TypeError, ValueError)
"""What singer-sdk stumbles with over a schema that is none."""


class TargetConstantContact(Target):
    """Turns segments into Constant Contact lists and accounts for every row."""

    name = "target-constant-contact"
    config_jsonschema: ClassVar[dict[str, Any]] = PROPERTIES.to_dict()
    default_sink_class = SegmentSink
    message_reader_class = MessageReader
    message_reader: MessageReader

    _MAX_RECORD_AGE_IN_MINUTES = math.inf
    """singer-sdk drains all sinks every five minutes; that would cut imports small."""

    capabilities: ClassVar[list[CapabilitiesEnum]] = [
        PluginCapabilities.ABOUT,
        PluginCapabilities.STREAM_MAPS,
        PluginCapabilities.FLATTENING,
        PluginCapabilities.STRUCTURED_LOGGING,
        TargetCapabilities.VALIDATE_RECORDS,
        PluginCapabilities.BATCH,
    ]

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        # One batch after the other: the importer keeps several in flight anyway.
        self.max_parallelism = 1
        self.message_reader.check = self._check
        self.message_reader.on_error = self._abort
        self.message_reader.decode = lambda: self._runs.decode
        self.message_reader.take = lambda messages, leave: self._take(
            self._runs.map(messages), leave
        )
        self._runs = Runs()
        self._schemas: dict[str, dict[str, Any]] = {}
        self._account: Account | None = None
        self._signal: int | None = None
        self._waking = False
        self._connecting = False

    @classmethod
    def settings_schema(cls) -> dict[str, Any]:
        """JSON schema of all settings: this target's, and those that singer-sdk adds."""
        cls.append_builtin_config(cls.config_jsonschema)
        return cls.config_jsonschema

    @cached_property
    def settings(self) -> Settings:
        """The settings, checked."""
        return Settings.parse(self.config, self.settings_schema())

    @cached_property
    def export(self) -> Export:
        """This run; its account is reached at the first SCHEMA."""
        # Not needed to say which version this is, and half of what there is to load.
        from target_constant_contact.account.account import Account  # noqa: PLC0415
        from target_constant_contact.run.run import Export  # noqa: PLC0415

        folder = self.settings.data_dir.make_run()
        self._account = Account(self.settings)
        return Export(self.settings, self._account, folder, check=self._check, wake=self._wake)

    @override
    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        """Check the settings: types, ranges, and whether they make sense together."""
        schema = self.settings_schema()
        # As singer-sdk's own check does; its sinks read some settings from here.
        given = {name: value for name, value in self._config.items() if value is not None}
        self._config = defaults(schema) | given
        for line in unknown_settings(self.config, schema):
            self.logger.warning(line)
        try:
            Settings.parse(self.config, schema)
        except SettingsError as error:
            if raise_errors:
                raise ConfigValidationError(
                    "Config validation failed", errors=list(error.faults), schema=schema
                ) from None
            return list(error.faults)
        return []

    @override
    def get_sink(
        self,
        stream_name: str,
        *,
        record: dict[str, Any] | None = None,
        schema: dict[str, Any] | None = None,
        key_properties: Sequence[str] | None = None,
    ) -> SegmentSink:
        """The sink of a stream, or with a record the sink for that record's lists."""
        known = self._sinks_active.get(stream_name)
        sink = super().get_sink(stream_name, schema=schema, key_properties=key_properties)
        assert isinstance(sink, SegmentSink)  # noqa: S101 - default_sink_class
        if record is not None:
            return sink.for_record(record)
        if sink is not known:
            self._discard_replaced_sinks()
            if not self._is_removed(stream_name):
                sink.prepare(self.settings)
        return sink

    @override
    def process_endofpipe(self) -> None:
        """Settle everything that was read, then report."""
        try:
            super().process_endofpipe()
            self.export.finish()
        except BaseException as error:
            self._abort(error)
            raise
        self._close()

    @override
    def _process_schema_message(self, message_dict: dict[str, Any]) -> None:
        stream = message_dict["stream"]
        # No row is half handled here, and the account may take its time to answer.
        self._connecting = True
        try:
            self._register(stream, message_dict)
        finally:
            self._connecting = False

    def _register(self, stream: str, message_dict: dict[str, Any]) -> None:
        if not self._schemas:
            self._check_account()
        if self._schemas.get(stream) != message_dict:
            # singer-sdk edits the schema in place; rejected rows need it as it came.
            self._schemas[stream] = copy.deepcopy(message_dict)
        try:
            super()._process_schema_message(message_dict)
        except _BROKEN_SCHEMA as error:
            raise InputError(
                f"The schema of stream {stream!r} cannot be used ({type(error).__name__} in "
                f"singer-sdk). Look at the SCHEMA message of the tap: it has to be a JSON schema "
                "with properties."
            ) from None
        sink = self._plain_sink(stream)
        self._runs.know(stream, sink.runs() if sink else None)

    def _plain_sink(self, stream: str) -> SegmentSink | None:
        """The sink of a stream to whose records nothing has to be done on their way there."""
        maps = self.mapper.stream_maps[stream]
        if len(maps) != 1 or type(maps[0]) is not SameRecordTransform:
            return None
        sink = self.get_sink(maps[0].stream_alias)
        if maps[0].flattening_enabled or sink.include_sdc_metadata_properties:
            return None
        return sink

    def _take(self, run: Run, leave: Callable[[int], None]) -> None:
        """Take a run of records; those that have to be left alone are handled by ``leave``."""
        self.export.add_run(run, leave)

    def _check_account(self) -> None:
        """Compare the settings with the account, once, before the first row."""
        self.export.account.check()
        self.export.begin()

    @override
    def _process_record_message(self, message_dict: dict[str, Any]) -> None:
        stream = message_dict["stream"]
        self._require_schema(stream)
        context = {"schema": self._schemas[stream], "message": message_dict}
        for stream_map in self.mapper.stream_maps[stream]:
            try:
                self._process_mapped(stream_map, context)
            except RowRejectedError as error:
                place = Destination(stream_map.stream_alias)
                self.export.reject(place, error.rejection, context, hint=error.hint)

    def _require_schema(self, stream: str) -> None:
        if stream not in self._schemas:
            raise RecordsWithoutSchemaException(
                f"A record of stream {stream!r} came before a corresponding schema. Check that "
                "the tap writes SCHEMA before RECORD."
            )

    @override
    def _process_state_message(self, message_dict: dict[str, Any]) -> None:
        self.export.add_state(message_dict["value"])

    @override
    def _process_activate_version_message(self, message_dict: dict[str, Any]) -> None:
        """Ignore the version: members are added and updated, not replaced."""

    @override
    def _process_batch_message(self, message_dict: dict[str, Any]) -> None:
        """Take the records of batch files as if they had come as RECORD messages."""
        self._require_schema(message_dict["stream"])
        stream = message_dict["stream"]
        runs = self._runs.of(stream)
        for part in read_batch(message_dict, self._batch_storage()):
            self._check()
            records = FileRecords(part, stream, runs, self._take, self._process_record_message)
            hand_over(part.block, records)

    def _batch_storage(self) -> StorageTarget | None:
        """Where batch files are, when the settings say so."""
        storage = (self.config.get("batch_config") or {}).get("storage") or {}
        root = storage.get("root")
        return StorageTarget(root, params=storage.get("params") or {}) if root else None

    def _process_mapped(self, stream_map: StreamMap, context: dict[str, Any]) -> None:
        record = _transform(stream_map, context["message"])
        if record is None:
            return
        sink = self.get_sink(stream_map.stream_alias)
        if sink.include_sdc_metadata_properties:
            sink._add_sdc_metadata_to_record(record, context["message"], {})  # noqa: SLF001
        sink._singer_validate_message(record)  # noqa: SLF001 - the SDK's own check of keys
        sink.record_counter_metric.increment()
        sink.check_schema(record)
        sink.for_record(record).process_record(record, context)

    def _is_removed(self, stream: str) -> bool:
        """Whether stream maps drop everything that would go to this stream."""
        maps = [
            stream_map
            for maps in self.mapper.stream_maps.values()
            for stream_map in maps
            if stream_map.stream_alias == stream
        ]
        return all(isinstance(stream_map, RemoveRecordTransform) for stream_map in maps)

    def _discard_replaced_sinks(self) -> None:
        """Forget sinks whose schema has changed; their rows are in the run's batches."""
        for sink in self._sinks_to_clear:
            # What `Sink.clean_up` did by itself up to singer-sdk 0.54.
            sink.record_counter_metric.exit()
        self._sinks_to_clear.clear()

    def _check(self) -> None:
        """Raise when the run is to stop: a signal came, or it cannot succeed any more."""
        if "export" in self.__dict__:
            self.export.raise_failure()
        if self._signal is not None:
            raise InterruptedRunError(
                f"{signal.Signals(self._signal).name} came before the run was finished. What "
                "Constant Contact has completed is counted, and STATE covers nothing else; "
                "start the run again."
            )

    @override
    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:
        """Note the signal; stop at once only while waiting for input."""
        if self._waking:
            self._waking = False
        elif self._signal is not None:
            sys.exit(1)
        else:
            self._signal = signum
        if self.message_reader.blocked or self._connecting:
            self._check()

    def _wake(self) -> None:
        """Make a blocked reader look up: the run has failed in another thread."""
        if signal.getsignal(signal.SIGINT) == self._handle_termination:
            self._waking = True
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    def _abort(self, error: BaseException) -> None:
        if "export" in self.__dict__:
            self.export.abort(error)
        self._close()

    def _close(self) -> None:
        if self._account:
            self._account.close()


def _transform(stream_map: StreamMap, message: dict[str, Any]) -> dict[str, Any] | None:
    """Apply a stream map to a copy of the record; None when it is filtered out.

    Raises:
        RowRejectedError: The map failed. Its own error may quote the record, so it is not shown.
    """
    try:
        return stream_map.transform(copy.copy(message["record"]))
    except Exception as error:  # noqa: BLE001 - stream maps are programs of the user's
        fault = f"stream map failed with {type(error).__name__}"
        raise RowRejectedError(Rejection(fault, "")) from None
