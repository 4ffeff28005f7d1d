"""Lines of JSON: cut out of what is read, and decoded in runs where that is possible."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, Protocol

import msgspec
from singer_sdk.singerlib.json import deserialize_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from target_constant_contact.exceptions import InputError

    Decode = Callable[[bytes], Any]

UNDECODED: Final = (msgspec.MsgspecError, ValueError, RecursionError, ArithmeticError)
"""What decoding raises for a line that cannot be part of a run."""

SHORTEST_RUN = 4
"""Lines that are worth being taken together."""
LONGEST_RUN: Final = 512
"""Lines that are taken together at most: with all that they become, they fit a CPU's cache."""
_LONG_INTEGER: Final = 4_300
_LONG_DIGITS: Final = re.compile(rb"[0-9]{%d}" % _LONG_INTEGER)


class Handler(Protocol):
    """What becomes of lines."""

    @property
    def decode(self) -> Decode | None:
        """Decodes a line that can be part of a run, and raises for any other.

        It is looked up again after every line that is handled alone. None: there are no runs.
        """

    def take(self, run: Sequence[Any], leave: Callable[[int], None]) -> None:
        """Take a run; ``leave`` has the line at a position of the run handled alone."""

    def alone(self, position: int) -> None:
        """Handle one line."""


@dataclass(frozen=True, slots=True)
class Block:
    """Whole lines, as many as there were to be read.

    Attributes:
        lines: The lines without their ends.
        is_utf8: Whether all of them are UTF-8.
    """

    lines: Sequence[bytes]
    is_utf8: bool

    @classmethod
    def of(cls, text: bytes) -> Block:
        """Cut a text into lines."""
        return cls(text.split(b"\n"), text.isascii() or _is_utf8(text))


def cut(pieces: Iterable[bytes]) -> Iterator[Block]:
    """Cut what is read into whole lines, as soon as it is there."""
    begun: list[bytes] = []
    for piece in pieces:
        head, end, rest = piece.rpartition(b"\n")
        if end:
            yield Block.of(b"".join((*begun, head)) if begun else head)
            begun.clear()
        if rest:
            begun.append(rest)
    if begun:
        yield Block.of(b"".join(begun))


def hand_over(block: Block, handler: Handler) -> None:
    """Have all lines handled in their order, in runs where that is possible."""
    lines = block.lines
    is_plain = block.is_utf8 and len(max(lines, key=len)) <= _LONG_INTEGER
    rest = iter(lines)
    position = 0
    while position < len(lines):
        decode = handler.decode
        if decode and not is_plain:
            decode = _carefully(decode)
        run, refused = _decoded(rest, decode)
        leave = _leaving(handler, position)
        if len(run) >= SHORTEST_RUN:
            handler.take(run, leave)
        else:
            for place, _ in enumerate(run):
                leave(place)
        position += len(run)
        if refused:
            handler.alone(position)
            position += 1


def _decoded(rest: Iterator[bytes], decode: Decode | None) -> tuple[list[Any], bool]:
    """Decode a run, up to the first line that is refused, if any; that one is passed over."""
    run: list[Any] = []
    if decode is None:
        next(rest)
        return run, True
    try:
        # What was decoded before an error stays in the list.
        run.extend(map(decode, islice(rest, LONGEST_RUN)))
    except UNDECODED:
        return run, True
    return run, False


def _leaving(handler: Handler, start: int) -> Callable[[int], None]:
    return lambda place: handler.alone(start + place)


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def _carefully(decode: Decode) -> Decode:
    """Refuse what json refuses also where the decoder does not look, passing over a value.

    Python reads no integer of more than 4,300 digits.
    """

    def decode_line(line: bytes) -> Any:
        line.decode()
        if len(line) > _LONG_INTEGER and _LONG_DIGITS.search(line):
            raise ValueError
        return decode(line)

    return decode_line


def load(line: bytes, refusal: Callable[[str], InputError]) -> dict[str, Any]:
    """Decode a line as singer-sdk does: numbers with a fraction become decimals.

    Args:
        line: A JSON object in UTF-8.
        refusal: Makes the error for a line that has this fault. It names the line and does not
            quote it.

    Raises:
        InputError: The line is anything else.
    """
    try:
        value = deserialize_json(line.decode())
    except UnicodeDecodeError:
        raise refusal("is not UTF-8") from None
    except (ValueError, RecursionError, ArithmeticError) as error:
        reason = getattr(error, "msg", type(error).__name__)
        position = getattr(error, "colno", None)
        where = f" at column {position}" if position else ""
        raise refusal(f"is not JSON: {reason}{where}") from None
    if not isinstance(value, dict):
        raise refusal("is not a JSON object")
    return value
