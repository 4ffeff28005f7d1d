"""The mapping, tried on schemas or on a tap's output."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING, Any

from singer_sdk.exceptions import ConfigValidationError

from target_constant_contact.checks.rehearsal import rehearse
from target_constant_contact.checks.results import Check, failures
from target_constant_contact.checks.schemas import read_schemas
from target_constant_contact.exceptions import (
    AllRejectedError,
    DataError,
    InputError,
    SettingsError,
)
from target_constant_contact.reports.counts import Counts
from target_constant_contact.reports.replay import rejected_beyond
from target_constant_contact.reports.segments import idle, misses
from target_constant_contact.reports.summary import MAX_SUMMARY_LINES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from target_constant_contact.account.account import Account
    from target_constant_contact.checks.rehearsal import Rehearsed
    from target_constant_contact.reports.report import Report
    from target_constant_contact.singer.plan import StreamPlan


@dataclass(frozen=True, slots=True)
class Samples:
    """Files that the mapping is tried on.

    Attributes:
        schemas: Schemas of streams.
        messages: A tap's output.
    """

    schemas: Path | None = None
    messages: Path | None = None

    @property
    def given(self) -> bool:
        """Whether there is any."""
        return bool(self.schemas or self.messages)


def check_samples(
    samples: Samples, config: Mapping[str, Any], account: Account, max_rejected_percent: float
) -> Iterator[Check]:
    """What a run would do with the streams, and with the rows of a tap's output.

    Args:
        samples: The files.
        config: The configuration as Singer passes it.
        account: The account, opened with ``dry_run``.
        max_rejected_percent: Share of a stream's rows with which a run fails.

    Raises:
        InputError: A file cannot be read or is not what it should be, or there is no room for
            temporary files.
    """
    found: list[Iterator[Check]] = []
    if samples.schemas:
        found.append(_check_schemas(samples.schemas, config, account))
    if samples.messages:
        found.append(_check_input(samples.messages, config, account, max_rejected_percent))
    said: set[Check] = set()
    try:
        for check in chain.from_iterable(found):
            if check not in said:
                yield check
            said.add(check)
    except ConfigValidationError:
        yield Check("mapping", "skipped", "the settings are wrong")
    except OSError as error:
        raise InputError(
            f"the mapping cannot be tried ({error.strerror}); make room in the folder for "
            "temporary files, or set TMPDIR to another"
        ) from None


def _check_schemas(path: Path, config: Mapping[str, Any], account: Account) -> Iterator[Check]:
    messages = read_schemas(path).values()
    text = "".join(json.dumps(message) + "\n" for message in messages)
    yield from _streams(rehearse(config, account, io.StringIO(text)))


def _check_input(
    path: Path, config: Mapping[str, Any], account: Account, max_rejected_percent: float
) -> Iterator[Check]:
    try:
        messages = path.open(encoding="utf-8")
    except OSError as error:
        raise InputError(
            f"--input: {path} cannot be read ({error.strerror}); name another file"
        ) from None
    with messages, account.events.work(f"trying the mapping on {path}", "rehearsal"):
        rehearsed = rehearse(config, account, messages)
    lines = [*_streams(rehearsed)]
    yield from lines
    if not rehearsed.error:
        yield from _counts(rehearsed.report, max_rejected_percent)
        if not lines:
            detail = f"{path} holds no SCHEMA; a run would send nothing"
            yield Check("mapping", "warning", detail)


def _streams(rehearsed: Rehearsed) -> Iterator[Check]:
    """A line for each stream, and for the error that ended the rehearsal."""
    for plan in rehearsed.plans:
        yield Check("mapping", "ok", _plan(plan))
    for stream in rehearsed.removed:
        yield Check("mapping", "ok", f"stream {stream!r} is dropped by stream_maps")
    for stream, reason in rehearsed.faults.items():
        named = f"stream {stream!r}"
        for failed in failures("mapping", reason):
            detail = failed.detail
            yield replace(failed, detail=detail if named in detail else f"{named}: {detail}")
    if error := rehearsed.error:
        # The file of rejected rows of a rehearsal is not kept.
        line = error.fault if isinstance(error, AllRejectedError) else str(error)
        detail = " ".join(line.split())
        yield Check("mapping", "failed", detail, getattr(error, "exit_code", 1))
        return
    uses = rehearsed.report.segments
    for line in (*misses(uses), *rehearsed.missed_maps):
        yield Check("mapping", "failed", line, SettingsError.exit_code)
    if line := idle(uses):
        yield Check("mapping", "ok", line)


def _plan(plan: StreamPlan) -> str:
    segment = f"segment {plan.segment!r}" if plan.segment else "default"
    how = " (matched by name)" if plan.automatic else ""
    return f"stream {plan.stream!r} ({segment}) goes to {plan.goal}{how}: {plan.sent}"


def _counts(report: Report, max_rejected_percent: float) -> Iterator[Check]:
    """What would become of the rows of each stream, and why some would be rejected."""
    streams: dict[str, Counts] = {}
    for destination, counts in report.counts.items():
        streams[destination.stream] = streams.get(destination.stream, Counts()) + counts
    for stream, counts in streams.items():
        detail = f"stream {stream!r}: {_sums(counts)}"
        share = rejected_beyond(max_rejected_percent, report, stream)
        if share is not None:
            fault = f"{share:.1f} % rejected, max_rejected_percent is {max_rejected_percent:g}"
            if report.is_blank(stream):
                fault = "every row is blank in all mapped fields"
            yield Check("mapping", "failed", f"{detail}; {fault}", DataError.exit_code)
        else:
            yield Check("mapping", "ok", detail)
    yield from _reasons(report)
    for column in report.date_orders.doubtful():
        if column.is_misread:
            yield Check("mapping", "failed", column.line(), DataError.exit_code)
        else:
            yield Check("mapping", "warning", column.line())


def _sums(counts: Counts) -> str:
    said = (
        f"{counts.read:,} read = {counts.unsettled:,} to be sent + {counts.rejected:,} rejected + "
        f"{counts.merged:,} merged"
    )
    for place in ("suppressed", "left", "blank"):
        if rows := getattr(counts, place):
            said += f" + {rows:,} {place}"
    return said


def _reasons(report: Report) -> Iterator[Check]:
    for counted, what in ((report.reasons, "rejected"), (report.dropped, "value{} left out")):
        for (stream, reason, field), count in counted.most_common(MAX_SUMMARY_LINES):
            where = f" (field {field!r})" if field else ""
            said = what.format("" if count == 1 else "s")
            detail = f"stream {stream!r}: {count:,} {said}: {reason}{where}"
            yield Check("mapping", "warning", detail)
        if (others := len(counted) - MAX_SUMMARY_LINES) > 0:
            yield Check("mapping", "warning", f"... and {others:,} more reasons")
