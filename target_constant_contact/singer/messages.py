"""Reads Singer messages; stops when asked to, and never repeats a line in an error.

singer-sdk's own reader logs the whole line when it cannot be parsed. A line holds personal data,
so here an error names the line by its number.

Runs of RECORD messages can be decoded and handed over together, which takes a fraction of the
time. Whatever is not decoded that way goes through the callbacks, one message after the other.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Final

from singer_sdk.singerlib.encoding import SimpleSingerReader, SingerMessageType
from typing_extensions import override

from target_constant_contact.exceptions import InputError
from target_constant_contact.singer.json_lines import cut, hand_over, load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from target_constant_contact.singer.json_lines import Decode

    Callbacks = dict[str, Callable[[dict[str, Any]], None]]

BLOCK_BYTES: Final = 1 << 18
"""Input that is read at a time, at most; less when the tap has not written more yet."""

_REQUIRED: Final[dict[str, dict[str, type]]] = {
    SingerMessageType.RECORD: {"stream": str, "record": dict},
    SingerMessageType.SCHEMA: {"stream": str, "schema": dict},
    SingerMessageType.STATE: {"value": dict},
    SingerMessageType.BATCH: {"stream": str, "encoding": dict, "manifest": list},
}
_SHAPES: Final[dict[type, str]] = {str: "a text", dict: "an object", list: "a list"}


class MessageReader(SimpleSingerReader):
    """Reader of Singer messages from a stream of UTF-8, bytes or text.

    Attributes:
        blocked: True while waiting for input. A signal may raise only then; at any other time it
            would tear the handling of a message apart.
        check: Called before input is read and before each message that is handled alone; it
            raises to stop reading.
        on_error: Called with whatever ends the reading early, before it is raised.
        decode: Returns what decodes the line of a RECORD that can be taken in a run, and raises
            for other lines; or None when there are no runs.
        take: Called with a run of what was decoded, and a function that has the message at a
            position of the run handled alone.
    """

    def __init__(self) -> None:
        super().__init__()
        self.blocked = False
        self.check: Callable[[], None] = lambda: None
        self.on_error: Callable[[BaseException], None] = lambda _error: None
        self.decode: Callable[[], Decode | None] = lambda: None
        self.take: Callable[[Sequence[Any], Callable[[int], None]], None] = lambda _run, _leave: (
            None
        )

    @override
    def process_lines(self, file_input: IO[str] | None, callbacks: Callbacks) -> Counter[str]:
        """Hand over every message, alone or in a run, and count the messages by type."""
        counts: Counter[str] = Counter()
        lines_read = 0
        try:
            for block in cut(self._pieces(file_input or self.default_input)):
                messages = _Messages(self, block.lines, lines_read + 1, callbacks, counts)
                hand_over(block, messages)
                lines_read += len(block.lines)
        except BaseException as error:
            self.on_error(error)
            raise
        return counts

    def _pieces(self, source: IO[str]) -> Iterator[bytes]:
        """What can be read, as soon as it can."""
        buffer: Any = getattr(source, "buffer", None)
        while piece := self._read(source, buffer):
            yield piece

    def _read(self, source: IO[str], buffer: Any) -> bytes:
        self.blocked = True
        try:
            self.check()
            if buffer is not None:
                return bytes(buffer.read1(BLOCK_BYTES))
            return "".join(source.readlines(BLOCK_BYTES)).encode(errors="surrogatepass")
        finally:
            self.blocked = False


@dataclass(frozen=True, slots=True)
class _Messages:
    """Some lines of the input, and where they go."""

    reader: MessageReader
    lines: Sequence[bytes]
    first_line: int
    callbacks: Callbacks
    counts: Counter[str]

    @property
    def decode(self) -> Decode | None:
        return self.reader.decode()

    def take(self, run: Sequence[Any], leave: Callable[[int], None]) -> None:
        # Those that are left to be handled alone are counted there.
        self.counts[SingerMessageType.RECORD] += len(run)

        def uncount(position: int) -> None:
            self.counts[SingerMessageType.RECORD] -= 1
            leave(position)

        self.reader.take(run, uncount)

    def alone(self, position: int) -> None:
        """Hand one message to its callback."""
        self.reader.check()
        line = self.lines[position]
        if not line.strip():
            return

        def refusal(fault: str) -> InputError:
            return InputError(
                f"Line {self.first_line + position:,} of the input {fault}. Run the tap alone and "
                "look at that line of its output."
            )

        message = load(line, refusal)
        kind = str(message.get("type"))
        callback = self.callbacks.get(kind)
        if callback is None:
            raise refusal("has no message type that Singer knows")
        fault = _fault(kind, message)
        if fault:
            raise refusal(fault)
        callback(message)
        self.counts[kind] += 1


def _fault(kind: str, message: dict[str, Any]) -> str | None:
    """What is wrong with the members of a message."""
    for name, wanted in _REQUIRED.get(kind, {}).items():
        if not isinstance(message.get(name), wanted):
            return f"is a {kind} without {name!r} ({_SHAPES[wanted]})"
    if kind == SingerMessageType.SCHEMA:
        if not isinstance(message["schema"].get("properties"), dict):
            return "is a SCHEMA without properties (an object)"
        keys = message.get("key_properties") or []
        if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
            return "is a SCHEMA with key_properties that are not names"
    return None
