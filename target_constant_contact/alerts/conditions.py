"""What is to be told of a run: what holds after it, what is over, and what has happened once."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from target_constant_contact.alerts.sizes import Segment, sizes_of
from target_constant_contact.reports.counts import bad_rows
from target_constant_contact.settings.alerts import FAILED, REJECTED, REMOVED, SHRUNK
from target_constant_contact.wording import counted, were

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from target_constant_contact.reports.counts import Counts
    from target_constant_contact.reports.past_run import PastRun

MAY_ALWAYS_GO: Final = 5
"""Rows: small segments come and go by a few people, as with ``max_removed_percent``."""
_MOST_REASONS: Final = 3


@dataclass(frozen=True, slots=True)
class Rules:
    """When something is to be told.

    Attributes:
        rejected_percent: Share of a stream's rows that may be rejected or refused.
        shrunk_percent: Share of its rows that a segment may lose.
        is_whole: Whether each load of a stream brings its whole segment.
    """

    rejected_percent: float
    shrunk_percent: float
    is_whole: Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that is to be told.

    Attributes:
        event: ``failed``, ``rejected``, ``removed`` or ``shrunk``.
        text: What people read.
        streams: Streams that it is about; none when that is not known.
        segment: Segment that it is about, if it is about one.
        number: Rows or people that it is about.
        of: Of how many.
    """

    event: str
    text: str
    streams: tuple[str, ...] = ()
    segment: Segment | None = None
    number: int = 0
    of: int = 0


@dataclass(frozen=True, slots=True)
class Conditions:
    """All that is to be told of a run.

    Attributes:
        lasting: What holds, until a later run says that it is over.
        over: What surely does not hold; of what is in neither, the run says nothing.
        once: What has happened, and is not a state.
    """

    lasting: tuple[Condition, ...] = ()
    over: tuple[Condition, ...] = ()
    once: tuple[Condition, ...] = ()


def conditions(now: PastRun, earlier: Sequence[PastRun], rules: Rules) -> Conditions:
    """What is to be told of a run that has ended.

    Args:
        now: The run.
        earlier: Those of the same kind and export before it, the newest one first.
        rules: When something is to be told.
    """
    removed = tuple(_removed(now))
    if now.status == "failed":
        # What was not read to its end says nothing of how large or how good a segment is.
        text = f"Run {now.run} has failed: {now.error}{_sums(now)}"
        return Conditions(lasting=(_about_run(now, text),), once=removed)
    if now.status != "completed":
        return Conditions()
    rejected = [*_rejected(now, rules.rejected_percent)]
    shrunk = tuple(_shrunk(now, earlier, rules))
    # A load that nothing has come to says nothing of any stream.
    has_come = bool(now.streams) or now.totals is None
    well = (_about_run(now, f"Run {now.run} has ended well{_sums(now)}"),) if has_come else ()
    return Conditions(
        lasting=tuple(one for one, holds in rejected if holds),
        over=(*well, *(one for one, holds in rejected if not holds)),
        once=(*shrunk, *removed),
    )


def killed(run: str, next_run: str) -> Conditions:
    """What is to be told of a load that has not come to its end.

    Args:
        run: Its name.
        next_run: Name of the run that has taken its place.
    """
    text = (
        f"Run {run} did not come to its end, as far as the store knows: it was killed, its machine "
        f"went down, or the store was away. Run {next_run} has taken up what it had sent"
    )
    return Conditions(lasting=(Condition(FAILED, text),))


def _about_run(now: PastRun, text: str) -> Condition:
    if now.totals is None:
        return Condition(FAILED, text)
    return Condition(FAILED, text, now.streams, number=now.totals.landed, of=now.totals.read)


def _sums(now: PastRun) -> str:
    return f" ({now.totals.sums()})" if now.totals and now.totals.read else ""


def _removed(now: PastRun) -> Iterator[Condition]:
    for one in now.swept:
        if one.taken_off and one.outcome == "swept":
            segment = Segment(one.stream, one.list_id, one.list_name)
            people = counted(one.taken_off, "person", "people")
            text = f"{segment}: {people} of {one.before:,} {were(one.taken_off)} taken off the list"
            yield Condition(REMOVED, text, (one.stream,), segment, one.taken_off, one.before)


def _rejected(now: PastRun, percent: float) -> Iterator[tuple[Condition, bool]]:
    """Each stream that can be judged, and whether too many of its rows are bad."""
    copies = {packed.stream: packed.counts.copies for packed in now.packed_by_list}
    parts: defaultdict[str, list[Counts]] = defaultdict(list)
    for place in now.destinations:
        parts[place.stream].append(place.counts)
    for stream, counts in parts.items():
        judged = sum(one.judged for one in counts) - copies.get(stream, 0)
        if judged < 1 or stream in now.replayed:
            continue
        bad = bad_rows(counts, copies.get(stream, 0))
        holds = 100 * bad > percent * judged
        text = (
            f"Stream {stream}: {bad:,} of {counted(judged, 'row')} ({100 * bad / judged:.3g} %) "
            f"{were(bad)} rejected or refused{_reasons(now, stream) if holds else ''}"
        )
        yield Condition(REJECTED, text, (stream,), number=bad, of=judged), holds


def _reasons(now: PastRun, stream: str) -> str:
    found = [(one.rows, one.reason) for one in now.rejections if one.stream == stream]
    found += [(one.rows, one.reason) for one in now.findings if one.stream == stream]
    found.sort(key=lambda pair: -pair[0])
    reasons = [f"{reason} ({rows:,})" for rows, reason in found[:_MOST_REASONS]]
    return f": {'; '.join(reasons)}" if reasons else ""


def _shrunk(now: PastRun, earlier: Sequence[PastRun], rules: Rules) -> Iterator[Condition]:
    sizes = sizes_of(now)
    may_always_go = MAY_ALWAYS_GO if rules.shrunk_percent else 0
    for stream in now.streams:
        last = _last_whole(stream, earlier)
        if not last or stream in now.replayed or not rules.is_whole(stream):
            continue
        for segment, was in sizes_of(last).items():
            rows = sizes.get(segment, 0)
            lost = was - rows
            if (
                segment.stream == stream
                and lost > may_always_go
                and 100 * lost > rules.shrunk_percent * was
            ):
                text = (
                    f"{segment}: the segment has {counted(rows, 'row')}, {100 * lost / was:.3g} % "
                    f"fewer than the {was:,} of run {last.run}"
                )
                yield Condition(SHRUNK, text, (stream,), segment, rows, was)


def _last_whole(stream: str, earlier: Sequence[PastRun]) -> PastRun | None:
    """The last completed load to which a stream has come; not as a file of rejected rows."""
    loads = (run for run in earlier if run.status == "completed" and stream in run.streams)
    return next((run for run in loads if stream not in run.replayed), None)
