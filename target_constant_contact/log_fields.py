"""The words of the log for programs: what a line says in numbers and names is in its `extra` too.

They are those of ``report.json``, and docs/reference/log.md explains them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, TypedDict, Unpack

from target_constant_contact.redaction import shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Fields(TypedDict, total=False):  # a plain record: each word
    """Every word; none of them means anything else in singer-sdk, Meltano or `logging`."""

    run: str
    kind: str
    status: str
    report_file: str
    rejects_file: str
    exit_code: int
    stream: str
    lists: Sequence[str]
    list_ids: Sequence[str]
    activity_id: str
    reason: str
    field: str
    evidence: str

    read: int
    landed: int
    rejected: int
    refused: int
    suppressed: int
    merged: int
    left: int
    unchanged: int
    blank: int
    unexplained: int
    unsettled: int
    copies: int

    messages: Mapping[str, int]
    rows: int
    values: int
    imports: int
    taken_up: bool
    imports_taken_up: int
    imports_sent: int
    imports_in_flight: int
    imports_settled: int
    imports_to_send: int | None
    lists_swept: int
    waited_seconds: float
    seconds_left: float | None
    work: Sequence[str]
    destinations: int
    seconds: float
    requests: int
    requests_today: int | None
    requests_per_day: int
    size: int

    outcome: str
    people: int
    added: int
    updated: int
    before: int
    stay: int
    taken_off: int
    not_ours: int
    left_by_themselves: int

    request: str
    http_status: int | None
    wait_seconds: float
    interrupted_run: str
    jobs: int
    runs: int
    folders: int
    keep_runs_days: float
    import_timeout_minutes: float


class Line(str):
    """A line that people read, with what it says as fields for programs.

    Attributes:
        values: The fields.
    """

    __slots__ = ("values",)
    values: Fields

    def __new__(cls, text: str, **values: Unpack[Fields]) -> Self:
        """Make a line.

        Args:
            text: What people read.
            **values: Its fields.
        """
        line = super().__new__(cls, text)
        line.values = values
        return line


def fields_of(line: str) -> Mapping[str, Any]:
    """The fields of a line that was made elsewhere; of one that has none of its own, the run."""
    return fields(**line.values) if isinstance(line, Line) else fields()


class _Now:
    """What is the case for all lines: the run of this process that is under way or was the last."""

    run: str | None = None


def set_run(run: str | None) -> None:
    """Say which run the lines from now on are of; None: of none yet."""
    _Now.run = run


def fields(**values: Unpack[Fields]) -> Mapping[str, Any]:
    """What a log line about numbers has as `extra`, redacted.

    Args:
        **values: The fields; those that are None or empty texts are left out.

    Returns:
        The fields with the run; and the stream also as `stream_name`, which is where singer-sdk
        and Meltano look for it.
    """
    known: dict[str, Any] = {"run": _Now.run, **values, "stream_name": values.get("stream")}
    return {name: _tidy(value) for name, value in known.items() if value not in (None, "")}


def _tidy(value: Any) -> Any:
    # Clocks tell more digits than mean anything.
    return round(value, 3) if isinstance(value, float) else shown(value)
