"""The words of the log for programs: what a line says in numbers and names is in its `extra` too.

They are those of ``report.json``, and docs/reference/log.md explains them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

from target_constant_contact.redaction import shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from typing_extensions import Unpack


class Fields(TypedDict, total=False):  # a plain record: each word
    """Every word; none of them means anything else in singer-sdk, Meltano or `logging`."""

    run: str
    kind: str
    status: str
    stream: str
    lists: Sequence[str]
    list_ids: Sequence[str]
    activity_id: str

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

    rows: int
    imports: int
    destinations: int
    people: int
    seconds: float
    requests: int
    requests_today: int
    requests_per_day: int

    request: str
    http_status: int | None
    wait_seconds: float
    jobs: int
    interrupted_run: str
    import_timeout_minutes: float


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
    return {name: shown(value) for name, value in known.items() if value not in (None, "")}
