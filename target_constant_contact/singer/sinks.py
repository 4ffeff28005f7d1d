"""One sink per stream; no HTTP, no files."""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from singer_sdk.metrics import record_counter
from singer_sdk.sinks import RecordSink
from typing_extensions import override

from target_constant_contact.batches.batch import Destination
from target_constant_contact.contacts.contact import Rejection
from target_constant_contact.events.kinds import StreamMapped
from target_constant_contact.mapping.field_mapping import FieldMapping, MappingOptions
from target_constant_contact.redaction import redacted
from target_constant_contact.settings.settings import named_in_faults
from target_constant_contact.singer.chunks import StreamChunks
from target_constant_contact.singer.list_rule import ListRule, default_lists
from target_constant_contact.singer.passed_over import BlankRows, LeftRows
from target_constant_contact.singer.plan import StreamPlan
from target_constant_contact.singer.rejected import RowRejectedError
from target_constant_contact.singer.routes import RouteColumn
from target_constant_contact.singer.validation import RecordValidator

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from singer_sdk import Target
    from singer_sdk.metrics import Counter

    from target_constant_contact.reports.counts import PassedOver
    from target_constant_contact.run.run import Run
    from target_constant_contact.settings.streams import StreamSettings

_logger = logging.getLogger("target-constant-contact")


class SegmentSink(RecordSink):
    """The members of one stream, on their way to lists.

    Args:
        target: The target.
        stream_name: The stream, as stream maps name it.
        schema: Its JSON schema, after stream maps.
        key_properties: Names of its keys; nothing here needs them.
        run: Gets the rows.

    Attributes:
        lists: Where each record goes.
        left_rows: Which records say that somebody has left.
        mapping: What each record becomes.
        plan: Both in words.

    Raises:
        SettingsError: The stream has no list, or no way to an e-mail address, or a mapped field or
            custom field does not exist.
    """

    def __init__(
        self,
        target: Target,
        stream_name: str,
        schema: dict[str, Any],
        key_properties: Sequence[str] | None,
        run: Run,
    ) -> None:
        super().__init__(target, stream_name, schema, key_properties)
        self._run = run
        self._rules = RecordValidator(self.schema, stream_name) if self.validate_schema else None
        account = run.account
        segment = run.settings_of(stream_name)
        with named_in_faults(segment.mapping_place):
            self.mapping = FieldMapping.compile(
                stream_name, self.schema, segment.field_mapping, _options(run, segment)
            )
        with named_in_faults(segment.lists_place):
            default = Destination(stream_name, default_lists(segment, account.lists))
            self.lists = ListRule(default, segment.lists_field or "", self.schema, account.lists)
        with named_in_faults(segment.place):
            self.left_rows = LeftRows(stream_name, segment.left_field, self.schema)
        self._blank_rows = BlankRows(self.mapping, self.schema)
        self.plan = self._plan(segment)
        run.know(self.lists.default, self._message(), self.mapping)
        run.leaving.know(stream_name, default.list_ids, of_rows=self.lists.read is not None)
        self._tell()

    @override
    def get_validator(self) -> None:
        """None: singer-sdk's own check of records is not used."""

    @override
    def process_record(self, record: dict[str, Any], context: Mapping[str, Any]) -> None:
        """Check and map a record, and give it to the run.

        Args:
            record: The record after stream maps.
            context: ``schema`` and ``message``: the Singer messages as they were read.

        Raises:
            NewListsError: It names a new list, and the run has created as many as it may.
            RowRejectedError: It breaks the schema, or names no known list.
        """
        if self.include_sdc_metadata_properties:
            self._add_sdc_metadata_to_record(record, context["message"], {})
        if record in self.left_rows:
            self.leave(record)
        elif record in self._blank_rows:
            self.pass_over("blank")
        else:
            self._take(record, context)

    def _take(self, record: dict[str, Any], context: Mapping[str, Any]) -> None:
        self.record_counter_metric.increment()
        if self._rules:
            self._rules.validate(record)
        # The lists come before the mapping: a row that has both faults is rejected for its lists.
        wanted = self.lists.wanted(record)
        contact = self.mapping(record)
        for field, value in self.mapping.written_dates(record):
            self._run.report.date_orders.count(self.stream_name, field, [value])
        if isinstance(contact, Rejection):
            # No list is created for it.
            place = Destination(self.stream_name) if wanted.new else self.lists.destination(wanted)
            self._run.reject(place, contact, context, key=self.mapping.key(record) or "")
        else:
            self._run.add(self.lists.destination(wanted), contact, context)

    def leave(self, record: Mapping[str, Any] | None) -> None:
        """Take a record that says that its person has left.

        Args:
            record: The record after stream maps; None when they have failed.
        """
        key, list_ids = "", frozenset[str]()
        if record is not None:
            key = self.mapping.key(record) or ""
            # Nobody is on a list that there is not, so none is created.
            with suppress(RowRejectedError):
                list_ids = self.lists.wanted(record).ids
        self._run.leaving.note(self.stream_name, list_ids, key)
        self.pass_over("left")

    def pass_over(self, place: PassedOver) -> None:
        """Count a record that is not to be imported."""
        self.record_counter_metric.increment()
        nowhere = Destination(self.stream_name)
        self._run.pass_over(nowhere if self.lists.read else self.lists.default, place)

    def chunks(self) -> StreamChunks | None:
        """How chunks of this stream's records are mapped, if nothing else has to be done to them.

        Returns:
            ``None`` when they have to be handled one by one.
        """
        if self.include_sdc_metadata_properties:
            return None
        try:
            return StreamChunks(
                self.mapping,
                RouteColumn(self.lists.read, self.lists.of_value, self.lists.admit),
                self.left_rows,
                is_valid=self._rules.is_valid if self._rules else None,
                count=self.record_counter_metric.increment,
            )
        except ValueError:
            # msgspec takes no field name with a quote, a backslash or a control character.
            return None

    @override
    def get_sink_record_counter(self) -> Counter:
        # In the log, a whole line of JSON would become <address> for one in the name of a stream.
        return record_counter(redacted(self.stream_name))

    def close(self) -> None:
        """End the sink; its rows are in the run's batches."""
        # Up to singer-sdk 0.54 clean_up() does it, from 0.55 on a method that is private.
        self.record_counter_metric.exit()

    def _tell(self) -> None:
        plan = self.plan
        self._run.account.events.tell(
            StreamMapped(
                plan.stream,
                self.lists.default.list_ids,
                plan.lists,
                automatic=plan.automatic,
                goal=plan.goal,
                sent=plan.sent,
            )
        )

    def _message(self) -> dict[str, Any]:
        """The SCHEMA message of what the sink gets."""
        return {
            "type": "SCHEMA",
            "stream": self.stream_name,
            "schema": self.schema,
            "key_properties": list(self.key_properties),
        }

    def _plan(self, segment: StreamSettings) -> StreamPlan:
        names = self._run.account.lists.names
        mapping, lists = self.mapping, self.lists
        used = {*(lists.read.roots if lists.read else ()), *self.left_rows.roots}
        return StreamPlan(
            stream=self.stream_name,
            segment="" if segment is self._run.settings.default else segment.stream,
            lists=tuple(names[list_id] for list_id in lists.default.list_ids),
            lists_field=lists.field,
            fields=mapping.fields,
            automatic=mapping.automatic,
            unsent={name: why for name, why in mapping.unsent.items() if name not in used},
        )


def _options(run: Run, segment: StreamSettings) -> MappingOptions:
    settings = run.settings
    return MappingOptions(
        today=datetime.now(UTC).date(),
        custom_fields=run.account.custom_fields_for(segment),
        on_too_long=settings.on_too_long,
        on_bad_value=settings.on_bad_value,
        date_order=segment.date_order,
        import_format=settings.import_format,
    )
