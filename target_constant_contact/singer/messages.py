"""Reads Singer messages; stops when asked to, and never repeats a line in an error.

singer-sdk's own reader logs the whole line when it cannot be parsed. A line holds personal data,
so here an error names the line by its number.

Chunks of RECORD messages can be decoded and handed over together, which takes a fraction of the
time. Whatever is not decoded that way is handed over one message after the other.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import IO, TYPE_CHECKING, Any, Final, Protocol

from singer_sdk.singerlib.encoding import SimpleSingerReader, SingerMessageType
from typing_extensions import override

from target_constant_contact.exceptions import InputError
from target_constant_contact.singer.json_lines import (
    BYTE_ORDER_MARK,
    MOST_LEVELS,
    cut,
    hand_over,
    is_deeper,
    load,
)
from target_constant_contact.singer.pipes import widen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from target_constant_contact.batches.chunk import Chunk
    from target_constant_contact.singer.json_lines import Decode

BLOCK_BYTES: Final = 1 << 18
"""Input that is read at a time, at most; less when the tap has not written more yet."""

_KINDS: Final = frozenset(str(kind.value) for kind in SingerMessageType)
_REQUIRED: Final[dict[str, dict[str, type]]] = {
    SingerMessageType.RECORD: {"stream": str, "record": dict},
    SingerMessageType.SCHEMA: {"stream": str, "schema": dict},
    SingerMessageType.STATE: {"value": dict},
    SingerMessageType.BATCH: {"stream": str, "encoding": dict, "manifest": list},
}
_SHAPES: Final[dict[type, str]] = {str: "a text", dict: "an object", list: "a list"}


class Handler(Protocol):
    """What becomes of messages."""

    @property
    def decode(self) -> Decode | None:
        """Decodes the line of a RECORD that can be part of a chunk; None: there are no chunks."""

    def map(self, messages: Sequence[Any]) -> Chunk:
        """Make a chunk of what was decoded."""

    def take(self, chunk: Chunk, start: int) -> int:
        """Take records of a chunk from a position on.

        Returns:
            The position of the first that has to be handled alone; the length of the chunk when
            there is none.
        """

    def handle(self, kind: str, message: dict[str, Any]) -> None:
        """Handle a message; its members are there and have the types that they should."""

    def check(self) -> None:
        """Raise to stop reading; called before input is read and before :meth:`handle`."""

    def interruptible(self) -> AbstractContextManager[None]:
        """Lets a signal interrupt the reading of input."""

    def abort(self, error: BaseException) -> None:
        """Give up; called with whatever ends the reading early, before it is raised."""


class MessageReader(SimpleSingerReader):
    """Reader of Singer messages from a stream of UTF-8, bytes or text.

    Args:
        handler: Gets every message.
    """

    def __init__(self, handler: Handler) -> None:
        super().__init__()
        self._handler = handler

    @override
    def process_lines(
        self, file_input: IO[str] | None, callbacks: dict[str, Callable[[dict[str, Any]], None]]
    ) -> Counter[str]:
        """Hand over every message, alone or in a chunk, and count the messages by type.

        Args:
            file_input: Where to read; None: stdin.
            callbacks: What singer-sdk would call; everything goes to the handler instead.
        """
        counts: Counter[str] = Counter()
        lines_read = 0
        source = file_input or self.default_input
        widen(source)
        pieces = self._pieces(source)
        try:
            for block in cut(pieces, _refusal):
                messages = _Messages(self._handler, block.lines, lines_read + 1, counts)
                hand_over(block, messages)
                lines_read += len(block.lines)
        except BaseException as error:
            self._handler.abort(error)
            raise
        return counts

    def _pieces(self, source: IO[str]) -> Iterator[bytes]:
        """What can be read, as soon as it can."""
        buffer: Any = getattr(source, "buffer", None)
        while piece := self._read(source, buffer):
            yield piece

    def _read(self, source: IO[str], buffer: Any) -> bytes:
        with self._handler.interruptible():
            self._handler.check()
            if buffer is not None:
                return bytes(buffer.read1(BLOCK_BYTES))
            return "".join(source.readlines(BLOCK_BYTES)).encode(errors="surrogatepass")


@dataclass(frozen=True, slots=True)
class _Messages:
    """Some lines of the input, and where they go."""

    handler: Handler
    lines: Sequence[bytes]
    first_line: int
    counts: Counter[str]

    @property
    def decode(self) -> Decode | None:
        return self.handler.decode

    def map(self, decoded: Sequence[Any]) -> Chunk:
        return self.handler.map(decoded)

    def take(self, chunk: Chunk, start: int) -> int:
        reached = self.handler.take(chunk, start)
        self.counts[SingerMessageType.RECORD] += reached - start
        return reached

    def alone(self, position: int) -> None:
        """Hand over one message."""
        self.handler.check()
        line = self.lines[position].removeprefix(BYTE_ORDER_MARK)
        if not line.strip():
            return
        refusal = partial(_refusal, self.first_line + position)
        message = load(line, refusal)
        kind = str(message.get("type"))
        if kind not in _KINDS:
            raise refusal("has no message type that Singer knows")
        fault = _fault(kind, message)
        if fault:
            raise refusal(fault)
        self.handler.handle(kind, message)
        self.counts[kind] += 1


def _refusal(line: int, fault: str) -> InputError:
    return InputError(
        f"Line {line:,} of the input {fault}. Run the tap alone and look at that line of its "
        "output."
    )


def _fault(kind: str, message: dict[str, Any]) -> str | None:
    """What is wrong with the members of a message."""
    for name, wanted in _REQUIRED.get(kind, {}).items():
        if not isinstance(message.get(name), wanted):
            return f"is a {kind} without {name!r} ({_SHAPES[wanted]})"
    if kind == SingerMessageType.SCHEMA:
        if not isinstance(message["schema"].get("properties") or {}, dict):
            return "is a SCHEMA with properties that are not an object"
        if is_deeper(message, MOST_LEVELS):
            return f"is a SCHEMA that is nested more than {MOST_LEVELS} levels deep"
    return None
