"""Reads Singer messages; stops when asked to, and never repeats a line in an error.

singer-sdk's own reader logs the whole line when it cannot be parsed. A line holds personal data,
so here an error names the line by its number.
"""

from __future__ import annotations

from collections import Counter
from typing import IO, TYPE_CHECKING, Any, Final

from singer_sdk.singerlib.encoding import SimpleSingerReader, SingerMessageType
from singer_sdk.singerlib.json import deserialize_json
from typing_extensions import override

from target_constant_contact.exceptions import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

_REQUIRED: Final[dict[str, dict[str, type]]] = {
    SingerMessageType.RECORD: {"stream": str, "record": dict},
    SingerMessageType.SCHEMA: {"stream": str, "schema": dict},
    SingerMessageType.STATE: {"value": dict},
}


class MessageReader(SimpleSingerReader):
    """Reader of Singer messages from a text stream.

    Attributes:
        blocked: True while waiting for the next line. A signal may raise only then; at any
            other time it would tear the handling of a message apart.
        check: Called before each line; it raises to stop reading.
        on_error: Called with whatever ends the reading early, before it is raised.
    """

    def __init__(self) -> None:
        super().__init__()
        self.blocked = False
        self.check: Callable[[], None] = lambda: None
        self.on_error: Callable[[BaseException], None] = lambda _error: None
        self._line_number = 0

    @override
    def process_lines(
        self,
        file_input: IO[str] | None,
        callbacks: dict[str, Callable[[dict[str, Any]], None]],
    ) -> Counter[str]:
        """Hand every message to its callback and count the messages by type."""
        counts: Counter[str] = Counter()
        try:
            self._process(file_input or self.default_input, callbacks, counts)
        except BaseException as error:
            self.on_error(error)
            raise
        return counts

    @override
    def deserialize_json(self, line: str) -> dict[str, Any]:
        """Decode one line.

        Raises:
            InputError: It is not a JSON object.
        """
        try:
            message = deserialize_json(line)
        except (ValueError, RecursionError) as error:
            reason = getattr(error, "msg", type(error).__name__)
            position = getattr(error, "colno", None)
            where = f" at column {position}" if position else ""
            raise self._input_error(f"is not JSON: {reason}{where}") from None
        if not isinstance(message, dict):
            raise self._input_error("is not a JSON object")
        return message

    def _process(
        self,
        lines: IO[str],
        callbacks: dict[str, Callable[[dict[str, Any]], None]],
        counts: Counter[str],
    ) -> None:
        while line := self._next_line(lines):
            self._line_number += 1
            if line.isspace():
                continue
            message = self.deserialize_json(line)
            kind = str(message.get("type"))
            callback = callbacks.get(kind)
            if callback is None:
                raise self._input_error("has no message type that Singer knows")
            self._check_members(kind, message)
            callback(message)
            counts[kind] += 1

    def _next_line(self, lines: IO[str]) -> str:
        self.blocked = True
        try:
            self.check()
            return lines.readline()
        except UnicodeDecodeError:
            self._line_number += 1
            raise self._input_error("is not UTF-8") from None
        finally:
            self.blocked = False

    def _check_members(self, kind: str, message: dict[str, Any]) -> None:
        for name, wanted in _REQUIRED.get(kind, {}).items():
            if not isinstance(message.get(name), wanted):
                shape = "a text" if wanted is str else "an object"
                raise self._input_error(f"is a {kind} without {name!r} ({shape})")
        if kind == SingerMessageType.SCHEMA:
            properties = message["schema"].get("properties")
            if not isinstance(properties, dict):
                raise self._input_error("is a SCHEMA without properties (an object)")
            keys = message.get("key_properties") or []
            if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
                raise self._input_error("is a SCHEMA with key_properties that are not names")

    def _input_error(self, fault: str) -> InputError:
        return InputError(
            f"Line {self._line_number:,} of the input {fault}. Run the tap alone and look at "
            "that line of its output."
        )
