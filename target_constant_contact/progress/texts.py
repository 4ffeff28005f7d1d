"""How far everything is, in words: as a line of the log, and as rows of a terminal."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from target_constant_contact.log_fields import Line
from target_constant_contact.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from target_constant_contact.progress.standing import Imports, Standing

_MINUTE: Final = 60
_BAR_CELLS: Final = 20
_BAR_FROM_WIDTH: Final = 72
"""On a narrow terminal the numbers need the room."""
_LIMITS: Final = {
    "rate": "the limit of requests a second",
    "throttled": "the service, which has asked for it",
    "queue": "room in the account's queue",
}
"""What :class:`~target_constant_contact.events.kinds.LimitWaited` has waited for."""
_NO_CELLS: Final = frozenset({"Mn", "Me", "Cf"})
"""Categories of characters that stand on the one before, or are not seen."""


class Marks(NamedTuple):
    """The characters of a picture.

    Attributes:
        turns: One after the other, they show that something goes on.
        done: The part of a bar that is done.
        left: The part that is left.
        cut: The end of a text that is too long.
    """

    turns: str
    done: str
    left: str
    cut: str


PLAIN: Final = Marks("|/-\\", "#", "-", "~")
FINE: Final = Marks("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏", "━", "╌", "…")


def marks_for(encoding: str) -> Marks:
    """The finest characters that an encoding has."""
    try:
        "".join(FINE).encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return PLAIN
    return FINE


def line(standing: Standing) -> Line:
    """How far everything is, as a line of the log."""
    return Line(
        f"After {_lasting(standing.seconds)}: {'; '.join(_parts(standing))}",
        seconds=standing.seconds,
        work=[work.name for work in standing.works],
        **(_fields_of_run(standing) if standing.run else {}),
    )


def rows(standing: Standing, width: int, picture: int, marks: Marks) -> list[str]:
    """How far everything is, as rows of a terminal.

    Args:
        standing: How far.
        width: Columns that a row may take.
        picture: A number that grows from one picture to the next.
        marks: The characters of the picture.
    """
    bar = _bar(standing.imports.share, marks) if width >= _BAR_FROM_WIDTH else ""
    turn = marks.turns[picture % len(marks.turns)]
    heads = [f"{turn} {_lasting(standing.seconds)}: "]
    texts = [*_parts(standing, bar)]
    heads += ["  "] * (len(texts) - 1)
    return [_cut(head + text, width, marks) for head, text in zip(heads, texts, strict=True)]


def _fields_of_run(standing: Standing) -> dict[str, Any]:
    imports, left = standing.imports, standing.imports.seconds_left
    return {
        "run": standing.run,
        "read": standing.rows_read,
        **standing.rows,
        "imports_sent": imports.sent,
        "imports_in_flight": imports.in_flight,
        "imports_settled": imports.settled,
        "imports_taken_up": imports.taken_up,
        "imports_to_send": imports.to_send,
        "lists_swept": standing.swept.lists,
        "taken_off": standing.swept.people,
        "waited_seconds": sum(standing.waits.values()),
        "seconds_left": None if left is None else round(left),
    }


def _parts(standing: Standing, bar: str = "") -> Iterator[str]:
    """What there is to tell, the most important first."""
    works = [f"{work.name}, {_lasting(work.seconds)}" for work in standing.works]
    if not standing.run:
        # The time of a command is that of its first work.
        works[:1] = [work.name for work in standing.works[:1]]
    parts = [*_of_run(standing, bar), *_of_waits(standing.waits)]
    yield from [*parts, *works] if standing.run else [*works, *parts]


def _of_run(standing: Standing, bar: str) -> Iterator[str]:
    if standing.is_load or standing.rows_read:
        became = (f"{number:,} {name}" for name, number in standing.rows.items() if number)
        yield ", ".join([f"{counted(standing.rows_read, 'row')} read", *became])
    if standing.imports.sent or standing.imports.taken_up:
        yield bar + ", ".join(_of_imports(standing.imports))
    if standing.swept.lists or (standing.run and not standing.is_load):
        people = counted(standing.swept.people, "person", "people")
        yield f"{counted(standing.swept.lists, 'list')} done, {people} taken off"


def _of_waits(waits: Mapping[str, float]) -> Iterator[str]:
    for why, seconds in waits.items():
        if seconds >= 1:
            yield f"requests waited {_lasting(seconds)} in all for {_LIMITS.get(why, why)}"


def _of_imports(imports: Imports) -> Iterator[str]:
    yield f"{counted(imports.sent, 'import')} sent"
    yield f"{imports.in_flight:,} in flight"
    yield f"{imports.settled:,} settled"
    if imports.taken_up:
        yield f"{imports.taken_up:,} of an interrupted run taken up"
    if imports.to_send:
        yield f"{imports.to_send:,} to send"
    if (left := imports.seconds_left) is not None:
        soon = left < _MINUTE
        yield "less than a minute left" if soon else f"about {round(left / _MINUTE):,} min left"


def _lasting(seconds: float) -> str:
    """A time as people read it: ``42 s``, ``1 min 30 s`` or ``2 h 5 min``."""
    minutes, rest = divmod(int(seconds), _MINUTE)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _bar(share: float | None, marks: Marks) -> str:
    if share is None:
        return ""
    done = int(min(1.0, share) * _BAR_CELLS)
    return f"{marks.done * done}{marks.left * (_BAR_CELLS - done)} "


def _cut(text: str, width: int, marks: Marks) -> str:
    """The beginning of a text that has room, with a mark where some of it is missing."""
    if sum(map(_cells, text)) <= width:
        return text
    kept, room = [], width - 1
    for char in text:
        room -= _cells(char)
        if room < 0:
            break
        kept.append(char)
    return "".join([*kept, marks.cut])[:width]


def _cells(char: str) -> int:
    """How many columns a character takes."""
    if unicodedata.category(char) in _NO_CELLS:
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
