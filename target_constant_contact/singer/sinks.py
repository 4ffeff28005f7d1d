"""One sink per stream and set of lists; no HTTP, no files."""

from __future__ import annotations

import copy
import logging
from datetime import UTC, datetime
from types import NoneType
from typing import TYPE_CHECKING, Any

from singer_sdk.exceptions import InvalidRecord
from singer_sdk.sinks import BatchSink
from singer_sdk.sinks.core import BaseJSONSchemaValidator, JSONSchemaValidator
from typing_extensions import override

from target_constant_contact.account.lists import UnknownListError
from target_constant_contact.batches.batch import Destination
from target_constant_contact.contacts.contact import Rejection
from target_constant_contact.exceptions import SettingsError
from target_constant_contact.mapping.field_mapping import FieldMapping, MappingOptions
from target_constant_contact.mapping.paths import field_getter, path_fault
from target_constant_contact.settings.faults import MAX_LISTS
from target_constant_contact.settings.streams import split_lists
from target_constant_contact.singer.chunks import StreamRuns
from target_constant_contact.singer.validation import compile_gate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from target_constant_contact.mapping.paths import Read
    from target_constant_contact.run.run import Export
    from target_constant_contact.settings.settings import Settings
    from target_constant_contact.settings.streams import StreamSettings
    from target_constant_contact.singer.target import TargetConstantContact

_logger = logging.getLogger("target-constant-contact")


class RowRejectedError(Exception):
    """A row cannot be sent; the others can.

    Args:
        rejection: What is wrong with it.
        hint: What else helps to correct the row. It may quote the record, so it goes to the
            rejects file only.
    """

    def __init__(self, rejection: Rejection, hint: str = "") -> None:
        super().__init__(rejection.reason)
        self.rejection = rejection
        self.hint = hint


class RecordValidator(JSONSchemaValidator):
    """Checks a record against the stream's schema; its errors name the rule, not the value."""

    def __init__(self, schema: dict[str, Any]) -> None:
        super().__init__(schema)
        self.accepts = compile_gate(schema)

    @override
    def validate(self, record: dict[str, Any]) -> None:
        if self.accepts(record):
            return
        try:
            super().validate(record)
        except InvalidRecord as error:
            broken: Any = error.__cause__
            path = ".".join(str(part) for part in broken.absolute_path)
            reason = f"record breaks the rule {broken.validator!r} of the stream's schema"
            raise RowRejectedError(Rejection(reason, path)) from None


class SegmentSink(BatchSink):
    """The members of one stream, on their way to one set of lists.

    The sink of a stream holds what is compiled once: the mapping, the rule for the lists, the
    validator. Sinks for other sets of lists are light copies of it.
    """

    mapping: FieldMapping
    destination: Destination

    def __init__(
        self,
        target: TargetConstantContact,
        stream_name: str,
        schema: dict[str, Any],
        key_properties: Sequence[str] | None,
    ) -> None:
        super().__init__(target, stream_name, schema, key_properties)
        self._export: Export = target.export
        self._by_lists: dict[tuple[str, ...], SegmentSink] = {}

    def prepare(self, settings: Settings) -> None:
        """Compile the mapping and resolve the lists of the stream.

        Raises:
            SettingsError: The stream has no list, or no way to an e-mail address, or a mapped
                field or custom field does not exist.
        """
        segment = settings.for_stream(self.stream_name)
        account = self._export.account
        self.destination = Destination(self.stream_name, self._resolve(segment))
        self.mapping = FieldMapping.compile(
            self.stream_name,
            self.schema,
            segment.field_mapping,
            MappingOptions(
                today=datetime.now(UTC).date(),
                custom_fields=account.custom_fields_for(segment),
                on_too_long=settings.on_too_long,
                import_format=settings.import_format,
            ),
        )
        message = {
            "type": "SCHEMA",
            "stream": self.stream_name,
            "schema": self.schema,
            "key_properties": list(self.key_properties),
        }
        self._export.know(self.stream_name, message, self.mapping)
        self._lists_field = segment.lists_field or ""
        self._lists_value = self._compile_lists_field()
        self._log_mapping()

    def for_record(self, record: dict[str, Any]) -> SegmentSink:
        """The sink for the lists of this record.

        Raises:
            RowRejectedError: The record names no list, or one that does not exist.
        """
        list_ids = self._list_ids(self._lists_value(record) if self._lists_value else None)
        if list_ids == self.destination.list_ids:
            return self
        sink = self._by_lists.get(list_ids)
        if sink is None:
            sink = self._by_lists[list_ids] = copy.copy(self)
            sink.destination = Destination(self.stream_name, list_ids)
        return sink

    def destination_for(self, value: Any) -> Destination | None:
        """Where a record goes that has this value in ``lists_field``.

        Returns:
            ``None`` when the record is to be rejected.
        """
        try:
            return Destination(self.stream_name, self._list_ids(value))
        except RowRejectedError:
            return None

    def runs(self) -> StreamRuns | None:
        """How runs of this stream's records are taken, if nothing else has to be done to them.

        Returns:
            ``None`` when they have to be handled one by one.
        """
        try:
            return StreamRuns(
                self.mapping,
                key_properties=self.key_properties,
                lists=self._lists_value,
                destination_for=self.destination_for,
                is_valid=None if self._validator is None else self._is_valid,
                count=self.record_counter_metric.increment,
            )
        except ValueError:
            # msgspec takes no field name with a quote, a backslash or a control character.
            return None

    def _is_valid(self, record: dict[str, Any]) -> bool:
        try:
            self.check_schema(record)
        except RowRejectedError:
            return False
        return True

    def check_schema(self, record: dict[str, Any]) -> None:
        """Check a record against the stream's schema, when `validate_records` is on.

        Raises:
            RowRejectedError: It does not fit.
        """
        if self._validator is not None:
            self._validator.validate(record)

    @override
    def get_validator(self) -> BaseJSONSchemaValidator | None:
        return RecordValidator(self.schema) if self.validate_schema else None

    @property
    @override
    def current_size(self) -> int:
        return self._export.open_rows(self.stream_name)

    @override
    def process_record(self, record: dict[str, Any], context: dict[str, Any]) -> None:
        """Map a record and put it into an open batch.

        Args:
            record: The record after stream maps.
            context: ``schema`` and ``message``: the Singer messages as they were read.
        """
        contact = self.mapping(record)
        if isinstance(contact, Rejection):
            self._export.reject(self.destination, contact, context)
        else:
            self._export.add(self.destination, contact, context)

    @override
    def process_batch(self, context: dict[str, Any]) -> None:
        """Send what is open of the stream, to whichever lists."""
        self._export.flush(self.stream_name)

    @override
    def activate_version(self, new_version: int) -> None:
        """Ignore the version: members are added and updated, not replaced."""

    def _compile_lists_field(self) -> Read | None:
        """A reader of the lists of a record; None when all records go to the same lists."""
        if not self._lists_field:
            return None
        suggestion = path_fault(self.schema, self._lists_field)
        if suggestion is not None:
            fault = (
                f"stream {self.stream_name!r} has no field {self._lists_field!r} "
                f"(for lists_field){suggestion}"
            )
            raise SettingsError([fault])
        return field_getter(self._lists_field, self.schema)

    def _resolve(self, segment: StreamSettings) -> tuple[str, ...]:
        """Ids of the lists that the settings name.

        Raises:
            SettingsError: They are more than a contact can be on, or none.
        """
        try:
            found = self._export.account.lists.find_all(segment.lists)
        except UnknownListError as error:
            raise SettingsError([f"lists: {error}"]) from None
        if len(found) > MAX_LISTS or (segment.lists and not found):
            fault = f"lists: {len(found)} lists; a contact can be on 1 to {MAX_LISTS}"
            raise SettingsError([fault])
        return found

    def _list_ids(self, value: Any) -> tuple[str, ...]:
        """Ids of the lists that a record names, or else those of the settings."""
        references = self._references(value)
        list_ids = self._find_lists(references) if references else self.destination.list_ids
        if not list_ids:
            raise RowRejectedError(Rejection("record names no list", self._lists_field))
        return list_ids

    def _references(self, value: Any) -> tuple[str, ...]:
        """What a record says of its lists: texts, or numbers."""
        entries = value if isinstance(value, list) else [value]
        for entry in entries:
            if isinstance(entry, bool) or not isinstance(entry, (str, int, NoneType)):
                fault = Rejection("record names a list that is not a text", self._lists_field)
                raise RowRejectedError(fault)
        return split_lists(value)

    def _find_lists(self, references: tuple[str, ...]) -> tuple[str, ...]:
        try:
            found = self._export.account.lists.find_all(references)
        except UnknownListError as error:
            fault = Rejection("record names a list that does not exist", self._lists_field)
            raise RowRejectedError(fault, hint=str(error)) from None
        if len(found) > MAX_LISTS:
            fault = Rejection(f"record names more than {MAX_LISTS} lists", self._lists_field)
            raise RowRejectedError(fault)
        return found

    def _log_mapping(self) -> None:
        names = self._export.account.lists.names
        lists = ", ".join(names[list_id] for list_id in self.destination.list_ids)
        how = "matched by name" if self.mapping.automatic else "mapped"
        fields = ", ".join(f"{name} <- {field}" for name, field in self.mapping.fields.items())
        _logger.info(
            "Stream %s goes to %s; fields %s: %s",
            self.stream_name,
            lists or f"the lists in {self._lists_field}",
            how,
            fields,
        )
