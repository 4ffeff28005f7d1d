"""The lines of batch files, on their way to chunks or to the handler of RECORD messages."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from singer_sdk.singerlib.encoding import SingerMessageType

from target_constant_contact.singer.batch_files import refusal
from target_constant_contact.singer.json_lines import BYTE_ORDER_MARK, load

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from target_constant_contact.batches.chunk import Chunk
    from target_constant_contact.singer.batch_files import FileBlock
    from target_constant_contact.singer.chunks import StreamChunks
    from target_constant_contact.singer.json_lines import Decode

MESSAGE_FIELDS: Final = {"type", "stream", "record"}
"""What tells a RECORD message from a record that has none of these as columns."""

_TELLING: Final[dict[str, str]] = {
    SingerMessageType.RECORD: "record",
    SingerMessageType.SCHEMA: "schema",
    SingerMessageType.STATE: "value",
    SingerMessageType.ACTIVATE_VERSION: "version",
}
"""Messages that a file may hold, and what each has beside its type."""
_logger = logging.getLogger("target-constant-contact")


@dataclass(frozen=True, slots=True)
class FileRecords:
    """Where the records of some lines go: in chunks, or alone as RECORD messages.

    Attributes:
        part: The lines.
        stream: Stream of the records.
        chunks: How records of the stream are taken in chunks; None when they cannot be.
        take: Takes a chunk from a position on, as :meth:`Handler.take` describes it.
        process: Handles a RECORD message.
        may_be_messages: Whether a line that looks like a Singer message is one: the records have
            no column that is called like a part of it.
    """

    part: FileBlock
    stream: str
    chunks: StreamChunks | None
    take: Callable[[Chunk, int], int]
    process: Callable[[dict[str, Any]], None]
    may_be_messages: bool

    @property
    def decode(self) -> Decode | None:
        """Decodes a record to what chunks are made of."""
        return self.chunks.decode if self.chunks else None

    def map(self, decoded: Sequence[Any]) -> Chunk:
        """Make a chunk of records."""
        if self.chunks is None:
            raise TypeError(self.stream)
        return self.chunks.map(decoded)

    def alone(self, position: int) -> None:
        """Handle the record of one line; a blank line is passed over."""
        line = self.part.block.lines[position].removeprefix(BYTE_ORDER_MARK)
        if not line.strip():
            return
        number = self.part.first_line + position
        fault = partial(refusal, self.part.name, number)
        record: Any = load(line, fault)
        kind = _kind(record) if self.may_be_messages else None
        if kind and number == 1:
            _logger.info(
                "Batch file %s holds Singer messages, not bare records: its RECORD messages are "
                "read, and others are passed over",
                self.part.name,
            )
        if kind == SingerMessageType.RECORD:
            if record["stream"] != self.stream:
                raise fault(f"is a Singer message of another stream than {self.stream!r}")
            record = record["record"]
        elif kind:
            return
        self.process({"type": "RECORD", "stream": self.stream, "record": record})


def _kind(line: dict[str, Any]) -> str | None:
    """The type of a Singer message; None for a record."""
    kind = line.get("type")
    if not isinstance(kind, str) or not isinstance(line.get(_TELLING.get(kind, "")), (dict, int)):
        return None
    is_of_stream = isinstance(line.get("stream"), str)
    return kind if is_of_stream or kind == SingerMessageType.STATE else None
