"""Lines of JSON: cut out of what is read, and decoded in chunks where that is possible."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, Protocol

import msgspec
from singer_sdk.singerlib.json import deserialize_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from target_constant_contact.batches.chunk import Chunk
    from target_constant_contact.exceptions import InputError

    Decode = Callable[[bytes], Any]

UNDECODED: Final = (msgspec.MsgspecError, ValueError, RecursionError, ArithmeticError)
"""What decoding raises for a line that cannot be part of a chunk."""

SHORTEST_CHUNK = 4
"""Lines that are worth being taken together."""
LONGEST_CHUNK: Final = 1_024
"""Lines that are taken together at most: with all that they become, they fit a CPU's cache."""
LONGEST_LINE: Final = 1 << 24
"""Bytes of a line, as near as what is read at a time. A member has hundreds of them, a chunk of
members hundreds of thousands."""
MOST_LEVELS: Final = 100
"""Of objects and arrays in each other, in what is walked through by functions that call themselves:
Python has room for about a thousand calls, and jsonschema needs seven for a level."""
BYTE_ORDER_MARK: Final = "\ufeff".encode()
"""What some programs write before UTF-8. JSON does not begin with it, so it can be passed over at
the start of any line, as it is where files were put together."""

_UTF_16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")
_UTF_16: Final = "is UTF-16, and not UTF-8 as JSON has to be (PowerShell makes that of a pipe)"
_LONG_INTEGER: Final = 4_300
# Looked for where digits begin only: at each of them would take the square of the time.
_LONG_DIGITS: Final = re.compile(rb"(?<![0-9])[0-9]{%d}" % _LONG_INTEGER)


class UnfitFileError(Exception):
    """A file of lines cannot be read safely; the message says why, behind the file's name."""


class Handler(Protocol):
    """What becomes of lines."""

    @property
    def decode(self) -> Decode | None:
        """Decodes a line that can be part of a chunk, and raises for any other.

        It is looked up again after every line that is handled alone. None: there are no chunks.
        """

    def map(self, decoded: Sequence[Any]) -> Chunk:
        """Make a chunk of lines that were decoded one after the other."""

    def take(self, chunk: Chunk, start: int) -> int:
        """Take a chunk from a position on, up to the first line that has to be handled alone.

        Returns:
            The position of that line; the length of the chunk when there is none.
        """

    def alone(self, position: int) -> None:
        """Handle one line."""


@dataclass(frozen=True, slots=True)
class Block:
    """Whole lines, as many as there were to be read.

    Attributes:
        lines: The lines with their ends; the last one of the input may have none.
        is_utf8: Whether all of them are UTF-8.
    """

    lines: Sequence[bytes]
    is_utf8: bool

    @classmethod
    def of(cls, text: bytes) -> Block:
        """Cut a text into lines."""
        # A file finds line ends in a quarter of the time that `split` takes.
        lines = io.BytesIO(text).readlines()
        # Most lines are ASCII, which is seen in less time.
        odd = [] if text.isascii() else [line for line in lines if not line.isascii()]
        return cls(lines, _is_utf8(b"".join(odd)))


def cut(pieces: Iterable[bytes], refusal: Callable[[int, str], InputError]) -> Iterator[Block]:
    """Cut what is read into whole lines, as soon as it is there.

    Args:
        pieces: What is read.
        refusal: Makes the error for a line, by its number from 1 on, that has this fault.

    Raises:
        InputError: A line is too long to be held.
    """
    begun: list[bytes] = []
    length, lines = 0, 0
    for piece in pieces:
        end = piece.rfind(b"\n") + 1
        whole, rest = piece[:end], piece[end:]
        if whole:
            block = Block.of(b"".join((*begun, whole)) if begun else whole)
            lines += len(block.lines)
            yield block
            begun.clear()
            length = 0
        if rest:
            begun.append(rest)
            length += len(rest)
            if length > LONGEST_LINE:
                raise refusal(lines + 1, f"is longer than {LONGEST_LINE >> 20} MiB")
    if begun:
        yield Block.of(b"".join(begun))


def hand_over(block: Block, handler: Handler) -> None:
    """Have all lines handled in their order, in chunks where that is possible."""
    lines = block.lines
    is_plain = block.is_utf8 and len(max(lines, key=len)) <= _LONG_INTEGER
    rest = iter(lines)
    position = 0
    while position < len(lines):
        # A line that is handled alone may be a SCHEMA, which changes how the next ones are decoded.
        decode = handler.decode
        if decode and not is_plain:
            decode = _carefully(decode)
        decoded, refused = _decoded(rest, decode)
        if len(decoded) >= SHORTEST_CHUNK:
            _hand_over_chunk(handler.map(decoded), handler, position)
        else:
            for place in range(len(decoded)):
                handler.alone(position + place)
        position += len(decoded)
        if refused:
            handler.alone(position)
            position += 1
            # A file of kilobytes may hold a million of them, each refused at its own cost.
            while position < len(lines) and lines[position] == b"\n":
                next(rest)
                position += 1


def _hand_over_chunk(chunk: Chunk, handler: Handler, position: int) -> None:
    """Have a chunk taken; what is not taken with the others is handled alone, in its place.

    Args:
        chunk: The lines, decoded and mapped.
        handler: Takes them.
        position: Position of the first of them in their block.
    """
    length = len(chunk.keys)
    taken = handler.take(chunk, 0)
    while taken < length:
        handler.alone(position + taken)
        taken = handler.take(chunk, taken + 1)


def _decoded(rest: Iterator[bytes], decode: Decode | None) -> tuple[list[Any], bool]:
    """Decode lines up to the first that is refused, if any; that one is passed over."""
    decoded: list[Any] = []
    if decode is None:
        next(rest)
        return decoded, True
    try:
        # What was decoded before an error stays in the list.
        decoded.extend(map(decode, islice(rest, LONGEST_CHUNK)))
    except UNDECODED:
        return decoded, True
    return decoded, False


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


def is_deeper(value: Any, levels: int) -> bool:
    """Whether there are more than so many levels of objects and arrays in each other."""
    # One level after the other, and not by calls, which would have the limit that this is for.
    level = [value]
    for _ in range(levels + 1):
        level = [each for each in level if isinstance(each, (dict, list))]
        if not level:
            return False
        level = [
            part for each in level for part in (each.values() if isinstance(each, dict) else each)
        ]
    return True


def load(line: bytes, refusal: Callable[[str], InputError]) -> dict[str, Any]:
    """Decode a line as singer-sdk does: numbers with a fraction become decimals.

    Args:
        line: A JSON object in UTF-8.
        refusal: Makes the error for a line that has this fault. It names the line and does not
            quote it.

    Raises:
        InputError: The line is anything else.
    """
    if line.startswith(_UTF_16_MARKS) or b"\0" in line[:2]:
        raise refusal(_UTF_16)
    try:
        value = deserialize_json(line.decode().removesuffix("\n"))
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
