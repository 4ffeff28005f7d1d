"""Which entries of ``segments`` were used, and which were meant to be."""

from __future__ import annotations

import fnmatch
import logging
import re
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Final

from target_constant_contact.contacts.contact import did_you_mean
from target_constant_contact.mapping.well_known import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from target_constant_contact.settings.settings import Settings

_LINES: Final = 20
_logger = logging.getLogger("target-constant-contact")
_NAMED: Final = 5
_ADVICE: Final = "Correct its name, or give each stream an entry of its own"
_WILD: Final = re.compile(r"[*?[]")
_BETWEEN_WORDS: Final = str.maketrans("", "", "_- .:/")


@dataclass(frozen=True, slots=True)
class SegmentUse:
    """The streams that one entry of ``segments`` was used for.

    Attributes:
        entry: Its position in the settings; None for the settings outside.
        stream: Name or glob of the streams that it is for.
        streams: Names of the streams that fell under it.
    """

    entry: int | None
    stream: str
    streams: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f"segments.{self.entry} (stream {self.stream!r})"


def segment_uses(settings: Settings) -> list[SegmentUse]:
    """The entries of ``segments`` and the settings outside; none when there are no entries."""
    if not settings.segments:
        return []
    entries = [SegmentUse(n, each.stream) for n, each in enumerate(settings.segments)]
    return [*entries, SegmentUse(None, "*")]


def note_use(uses: Iterable[SegmentUse], entry: int | None, stream: str) -> None:
    """Note that a stream fell under an entry, or under the settings outside."""
    for use in uses:
        if use.entry == entry and stream not in use.streams:
            use.streams.append(stream)


def tell_uses(uses: Sequence[SegmentUse]) -> None:
    """Say which entries of ``segments`` no stream has matched; all streams have come."""
    for line in misses(uses):
        _logger.warning("%s", line)
    if line := idle(uses):
        _logger.info("%s", line)


def misses(uses: Sequence[SegmentUse]) -> list[str]:
    """Lines about entries that were used for no stream, though they may have been meant to.

    The rows that they were meant for went to the lists of all other streams, or of another entry.
    """
    lines = list(islice(_misses(uses), _LINES + 1))
    if len(lines) > _LINES:
        lines[-1] = "... and further entries of segments; report.json tells which were used"
    return lines


def _misses(uses: Sequence[SegmentUse]) -> Iterator[str]:
    others = [stream for use in uses if use.stream == "*" for stream in use.streams]
    for use in _unused(uses):
        alike = [stream for each in uses for stream in each.streams if _is_alike(use, each, stream)]
        if before := _covering(use, uses):
            yield (
                f"{use} is never used: {before} stands before it and takes its streams. Put the "
                "entry for fewer streams first"
            )
        elif alike:
            hint = f"did you mean {' or '.join(map(repr, alike[:_NAMED]))}?"
            yield f"{use} has matched no stream; {hint} {_elsewhere(others)}{_ADVICE}"
        elif others and use.stream != "*":
            hint = did_you_mean(use.stream, others) or ";"
            yield f"{use} has matched no stream{hint} {_elsewhere(others)}{_ADVICE}"


def missed_maps(sources: Iterable[str], streams: Sequence[str]) -> list[str]:
    """Lines about stream maps that were used for no stream, though one seems to be meant.

    Args:
        sources: Names or globs of the streams that there are maps for.
        streams: The streams that came, as the tap names them.
    """
    known = list(sources)
    rest = [s for s in streams if not any(fnmatch.fnmatch(s, source) for source in known)]
    lines = []
    for source in known:
        if not any(fnmatch.fnmatch(stream, source) for stream in streams):
            alike = [stream for stream in rest if _may_be_meant(stream, source)]
            hint = f"; did you mean {alike[0]!r}?" if alike else did_you_mean(source, rest)
            if hint:
                lines.append(f"stream_maps: {source!r} has matched no stream{hint}")
    return lines


def idle(uses: Sequence[SegmentUse]) -> str:
    """A line about the entries whose streams did not come; empty when there are none."""
    names = [f"{use}" for use in _unused(uses)]
    if not names or any(_misses(uses)):
        return ""
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return f"No stream has come for {', '.join(names[:_NAMED])}{more}"


def _unused(uses: Sequence[SegmentUse]) -> list[SegmentUse]:
    """Entries without a stream; none as long as no stream has come at all."""
    if not any(use.streams for use in uses):
        return []
    return [use for use in uses if use.entry is not None and not use.streams]


def _covering(unused: SegmentUse, uses: Iterable[SegmentUse]) -> SegmentUse | None:
    """The entry before it that matches all that it can match."""
    names = [unused.stream.replace("*", some) for some in ("", "some-text")]
    for use in uses:
        if use is unused:
            return None
        # Matching takes its time, with hundreds of entries.
        if use.stream == unused.stream or (
            _WILD.search(use.stream)
            and all(fnmatch.fnmatchcase(name, use.stream) for name in names)
        ):
            return use
    return None


def _is_alike(unused: SegmentUse, used: SegmentUse, stream: str) -> bool:
    """Whether a stream may have been meant, and is not named by the entry that it fell under.

    Names are alike that differ in case, in what stands between words, or in what cannot be seen;
    of a stream that fell under no name, also in a schema that a tap has put in front.
    """
    if used.stream == stream or fnmatch.fnmatchcase(stream, unused.stream):
        return False
    if used.stream == "*":
        return _may_be_meant(stream, unused.stream)
    return fnmatch.fnmatchcase(_key(stream), _key(unused.stream))


def _may_be_meant(stream: str, pattern: str) -> bool:
    names = (stream, *(stream.rpartition(mark)[2] for mark in "-."))
    return any(fnmatch.fnmatchcase(_key(name), _key(pattern)) for name in names)


def _key(name: str) -> str:
    return plain(name).lower().translate(_BETWEEN_WORDS)


def _elsewhere(outside: Sequence[str]) -> str:
    if not outside:
        return ""
    more = f" and {len(outside) - _NAMED:,} more" if len(outside) > _NAMED else ""
    names = ", ".join(map(repr, outside[:_NAMED]))
    return f"{names}{more} went to the lists for all other streams. "
