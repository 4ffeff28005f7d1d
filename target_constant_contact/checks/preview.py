"""The first rows of each stream, each beside the contact that a run would make of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import IO, TYPE_CHECKING, Any

from typing_extensions import override

from target_constant_contact.checks.rehearsal import Rehearsal, RehearsedStreams, aside, heard
from target_constant_contact.mapping.trace import TracedProperty, traced
from target_constant_contact.run.run import Run
from target_constant_contact.singer.passed_over import is_blank
from target_constant_contact.singer.sinks import SegmentSink

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from target_constant_contact.account.account import Account
    from target_constant_contact.batches.batch import Destination
    from target_constant_contact.checks.rehearsal import Rehearsed
    from target_constant_contact.contacts.contact import Contact, Rejection
    from target_constant_contact.reports.counts import PassedOver
    from target_constant_contact.run.hooks import Hooks
    from target_constant_contact.singer.streams import Host


@dataclass(slots=True)
class PreviewedRow:  # a plain record
    """One row, and what a run would do with it. It holds personal data.

    Attributes:
        number: Which row of its stream it is, from 1 on.
        record: The record after stream maps; as it was read where they have failed.
        outcome: ``sent``, ``merged`` (it joins an earlier row of the same address), ``rejected``,
            ``suppressed``, ``unchanged``, ``left``, ``blank``, or ``dropped`` by stream maps.
        reason: Why it is not sent, in the words of a run.
        source: The record field that the reason is about.
        lists: Names of the lists that it goes to.
        lists_rule: What says so: ``settings``, or ``field ...``.
        properties: What becomes of each property.
    """

    number: int
    record: Mapping[str, Any]
    outcome: str = "dropped"
    reason: str = ""
    source: str = ""
    lists: tuple[str, ...] = ()
    lists_rule: str = "settings"
    properties: tuple[TracedProperty, ...] = ()


@dataclass(frozen=True, slots=True)
class Notes:
    """What is noted of the rows that go through.

    Attributes:
        most: Rows of each stream that are looked at.
        rows: Those that were, by the name that stream maps give their stream.
    """

    most: int
    rows: dict[str, list[PreviewedRow]] = field(default_factory=dict)

    def latest(self, stream: str) -> PreviewedRow:
        """The row of a stream that is handled."""
        return self.rows[stream][-1]

    def end(self, stream: str, outcome: str, reason: str = "", source: str = "") -> None:
        """Note what has become of the row of a stream that is handled."""
        row = self.latest(stream)
        if row.outcome == "dropped":
            row.outcome, row.reason, row.source = outcome, reason, source


def preview(
    config: Mapping[str, Any], account: Account, messages: IO[str], rows: int
) -> tuple[Rehearsed, Mapping[str, Sequence[PreviewedRow]]]:
    """Let the first rows of each stream go through the target; nothing is sent.

    Args:
        config: The settings as Singer passes them.
        account: The account, opened with ``dry_run``.
        messages: What the tap wrote.
        rows: How many rows of each stream.

    Returns:
        What came of it, and the rows of each stream.

    Raises:
        ConfigValidationError: The settings do not allow a run.
        OSError: There is no room for temporary files.
    """
    with aside() as folder:
        notes = Notes(rows)
        target = _Preview(config, account, folder, notes)
        return target.outcome(heard(target, messages)), notes.rows


class _Preview(Rehearsal):
    """A rehearsal of a few rows.

    Args:
        config: The settings.
        account: The account.
        folder: A folder that does not last.
        notes: Gets the rows.
    """

    def __init__(
        self, config: Mapping[str, Any], account: Account, folder: Path, notes: Notes
    ) -> None:
        self._notes = notes
        super().__init__(config, account, folder)

    @override
    def open_streams(self) -> RehearsedStreams:
        return _FirstRows(self, self._notes)

    @override
    def open_run(self, hooks: Hooks) -> Run:
        hooks = replace(hooks, encode=None)
        return _NotingRun(self._notes, self.settings, self._opened, self._folder, hooks)

    @override
    def create_sink(
        self,
        *,
        stream_name: str,
        schema: dict[str, Any],
        key_properties: Sequence[str] | None = None,
    ) -> SegmentSink:
        return _NotingSink(self._notes, self, stream_name, schema, key_properties, self.run)


class _FirstRows(RehearsedStreams):
    """Lets the first rows of each stream pass."""

    def __init__(self, host: Host, notes: Notes) -> None:
        super().__init__(host)
        self._notes = notes
        self._passed: dict[str, int] = {}

    @override
    def process(self, message: dict[str, Any]) -> None:
        stream = message["stream"]
        number = self._passed[stream] = self._passed.get(stream, 0) + 1
        if number > self._notes.most or stream in self.faults:
            return
        self.require(stream)
        for stream_map in self.maps(stream):
            rows = self._notes.rows.setdefault(stream_map.stream_alias, [])
            rows.append(PreviewedRow(number, message["record"]))
        super().process(message)


class _NotingSink(SegmentSink):
    """Notes what the mapping makes of each record.

    Args:
        notes: Get it.
        arguments: Those of a sink.
    """

    def __init__(self, notes: Notes, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._notes = notes

    @override
    def chunks(self) -> None:
        """Each record is handled by itself."""

    @override
    def process_record(self, record: dict[str, Any], context: Mapping[str, Any]) -> None:
        self._note(record)
        super().process_record(record, context)

    @override
    def leave(self, record: Mapping[str, Any] | None) -> None:
        if record is not None:
            self._note(record)
        super().leave(record)

    def _note(self, record: Mapping[str, Any]) -> None:
        row = self._notes.latest(self.stream_name)
        row.record = dict(record)
        row.properties = tuple(traced(self.mapping, record))
        if read := self.lists.read:
            rest = " is blank, so those of the settings" if is_blank(read(record)) else ""
            row.lists_rule = f"field {self.lists.field!r}{rest}"


class _NotingRun(Run):
    """Notes where each row ends up.

    Args:
        notes: Get it.
        arguments: Those of a run.
    """

    def __init__(self, notes: Notes, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._notes = notes

    @override
    def add(self, destination: Destination, contact: Contact, context: Mapping[str, Any]) -> None:
        self._note_lists(destination)
        before = replace(self.report.of(destination)), self.report.withheld.copy()
        super().add(destination, contact, context)
        after = self.report.of(destination)
        reasons = ", ".join(reason for _, reason in self.report.withheld - before[1])
        stream = destination.stream
        if after.suppressed > before[0].suppressed:
            self._notes.end(stream, "suppressed", reasons)
        elif after.unchanged > before[0].unchanged:
            self._notes.end(stream, "unchanged", reasons or "says what has landed before")
        elif after.merged > before[0].merged:
            self._notes.end(stream, "merged", "joins an earlier row of the same address")
        else:
            self._notes.end(stream, "sent")

    @override
    def reject(
        self,
        destination: Destination,
        rejection: Rejection,
        context: Mapping[str, Any],
        *,
        hint: str = "",
        key: str | None = "",
    ) -> None:
        self._note_lists(destination)
        reason = f"{rejection.reason}: {hint}" if hint else rejection.reason
        self._notes.end(destination.stream, "rejected", reason, rejection.field)
        super().reject(destination, rejection, context, hint=hint, key=key)

    @override
    def pass_over(self, destination: Destination, place: PassedOver) -> None:
        super().pass_over(destination, place)
        why = "says that its person has left" if place == "left" else "every mapped field is blank"
        self._notes.end(destination.stream, place, why)
        # Nothing of it is sent; the address tells who it is.
        row = self._notes.latest(destination.stream)
        row.properties = tuple(replace(each, sent=None, rule=place) for each in row.properties[:1])

    def _note_lists(self, destination: Destination) -> None:
        names = self.account.list_names
        lists = (names.get(list_id, list_id) for list_id in destination.list_ids)
        self._notes.latest(destination.stream).lists = tuple(sorted(lists))
