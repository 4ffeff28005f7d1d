"""What happens in a run, as values.

No event holds anything of a record or of a person: only streams, lists, fields, reasons, numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class RunBegun:  # a plain record
    """A load or a sweep has begun; nothing was read or sent.

    Attributes:
        run: Name of the run, which is also the name of its folder.
        kind: ``load`` or ``sweep``.
        export: Key of the export: the same for all runs to the same lists of the same account.
        folder: Folder of the run.
        started_at: When it began.
        connection: Name of its connection.
        dry_run: Nothing is going to be sent.
    """

    run: str
    kind: str
    export: str
    folder: str
    started_at: datetime
    connection: str = ""
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class StreamMapped:
    """It is known which fields of a stream go where.

    Attributes:
        stream: Name of the stream.
        list_ids: Its lists; none when each row names its own.
        lists: Their names.
        automatic: Whether the fields were matched by well-known names.
        goal: Where its rows go, as people read it.
        sent: What is sent and what is not, as people read it.
    """

    stream: str
    list_ids: tuple[str, ...]
    lists: tuple[str, ...]
    automatic: bool
    goal: str
    sent: str


@dataclass(frozen=True, slots=True)
class RowsRead:
    """More rows were read: one, or as many as were taken together.

    Attributes:
        rows: Rows of the run that were read so far.
    """

    rows: int


@dataclass(frozen=True, slots=True)
class InputEnded:
    """There is nothing more to read, and all that was read is packed.

    Attributes:
        imports: Imports of the run: those that were sent, and those that are yet to be.
    """

    imports: int


@dataclass(frozen=True, slots=True)
class RowsRejected:
    """Rows cannot be sent.

    Attributes:
        stream: Name of the stream.
        reason: What is wrong.
        field: The record field that it is about, or an empty string.
        rows: How many.
    """

    stream: str
    reason: str
    field: str
    rows: int = 1


@dataclass(frozen=True, slots=True)
class ImportSent:
    """The service has accepted an import.

    Attributes:
        activity_id: The service's name for it.
        stream: Stream of its rows.
        list_ids: Lists of its rows.
        rows: How many.
        size: Bytes that were sent.
    """

    activity_id: str
    stream: str
    list_ids: tuple[str, ...]
    rows: int
    size: int


@dataclass(frozen=True, slots=True)
class ImportsPolled:
    """The service has told how far imports are.

    Attributes:
        in_flight: Imports that were asked for.
        seconds: How long the answers took.
    """

    in_flight: int
    seconds: float


@dataclass(frozen=True, slots=True)
class ImportSettled:  # a plain record
    """An import has come to its end.

    Attributes:
        activity_id: The service's name for it.
        stream: Stream of its rows.
        list_ids: Lists of its rows.
        rows: How many were sent.
        landed: Rows that became or updated members.
        refused: Rows that the service counts as errors.
        suppressed: Rows of people who had unsubscribed.
        unexplained: Rows that the service neither confirms nor explains.
        seconds: From the submission to the poll that saw it completed; 0 when it was taken up.
        taken_up: An interrupted run had sent it; this one has not.
    """

    activity_id: str
    stream: str
    list_ids: tuple[str, ...]
    rows: int
    landed: int
    refused: int
    suppressed: int
    unexplained: int
    seconds: float
    taken_up: bool = False


@dataclass(frozen=True, slots=True)
class RowsExplained:
    """It was found out why rows of an import have not landed.

    Attributes:
        stream: Name of the stream.
        list_ids: Lists of the rows.
        findings: Reason, kind of evidence and number of rows.
    """

    stream: str
    list_ids: tuple[str, ...]
    findings: tuple[tuple[str, str, int], ...]


@dataclass(frozen=True, slots=True)
class LimitWaited:
    """A request has waited for a limit of the service, or begins to: see ``why``.

    Attributes:
        why: ``rate``: for the next slot of the API key. Told when the wait begins: ``throttled``,
            because the service has asked for it, and ``queue``, until the account's queue has room.
        seconds: How long.
    """

    why: str
    seconds: float


@dataclass(frozen=True, slots=True)
class WorkBegun:
    """Something has begun that may take a while, beside reading and importing.

    Attributes:
        work: What, as people read it: "reading list Newsletter back".
        span: What, for machines: ``read_back``, ``departures``, ``opt_outs``, ``sweep_list``,
            ``taking_off``, ``sign_in``, ``compare``, ``rehearsal``, ``plan``, ``erase``,
            ``store_export``, ``store_import``, ``store_rotate``.
    """

    work: str
    span: str


@dataclass(frozen=True, slots=True)
class WorkEnded:
    """It has come to its end, or has failed.

    Attributes:
        work: As it was begun; ``span`` too.
        seconds: How long it took.
        failed: It has failed.
    """

    work: str
    span: str
    seconds: float
    failed: bool = False


@dataclass(frozen=True, slots=True)
class ListSwept:
    """It is known what becomes of those who have left the segment of a list.

    Attributes:
        stream: Stream whose segment the list follows.
        list_id: The list.
        list_name: Its name.
        outcome: ``swept``, ``planned``, ``idle`` or ``refused``.
        before: People who were on it.
        taken_off: People who were taken off.
        reason: Why nobody was, when that is not as it should be.
    """

    stream: str
    list_id: str
    list_name: str
    outcome: str
    before: int
    taken_off: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RunEnded:  # a plain record
    """A run has come to its end, and it is known what became of every row.

    Attributes:
        run: Name of the run.
        kind: ``load`` or ``sweep``.
        export: Key of the export.
        folder: Folder of the run.
        status: ``completed``, ``dry run`` or ``failed``.
        error: What it failed of; None when it has not.
        seconds: How long it took.
        requests: Requests it has made.
        document: The whole report, as ``report.json`` has it.
        lines: The summary for people.
        warnings: What people should look at.
    """

    run: str
    kind: str
    export: str
    folder: str
    status: str
    error: str | None
    seconds: float
    requests: int
    document: Mapping[str, Any]
    lines: Sequence[str] = ()
    warnings: Sequence[str] = ()


Event: TypeAlias = (
    RunBegun
    | StreamMapped
    | RowsRead
    | InputEnded
    | RowsRejected
    | ImportSent
    | ImportsPolled
    | ImportSettled
    | RowsExplained
    | LimitWaited
    | WorkBegun
    | WorkEnded
    | ListSwept
    | RunEnded
)
