"""What becomes of each Singer message."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from singer_sdk.singerlib.encoding import SingerMessageType

from target_constant_contact.singer.batch_files import Storage, read_batch
from target_constant_contact.singer.file_records import MESSAGE_FIELDS, FileRecords
from target_constant_contact.singer.json_lines import hand_over
from target_constant_contact.singer.streams import Host as StreamsHost

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from target_constant_contact.batches.chunk import Chunk
    from target_constant_contact.singer.json_lines import Decode
    from target_constant_contact.singer.signals import Signals
    from target_constant_contact.singer.streams import Streams


class Host(StreamsHost, Protocol):
    """The target, as the handler of its messages sees it."""

    @property
    def config(self) -> Mapping[str, Any]:
        """The settings as Singer passes them."""

    @property
    def signals(self) -> Signals:
        """What interrupts the target."""

    def begin(self) -> None:
        """Begin the run; called at the first SCHEMA."""

    def abort(self, error: BaseException) -> None:
        """Give up the run."""


class MessageHandler:
    """Takes Singer messages to the streams and to the run.

    Args:
        host: The target.
        streams: Its streams.
    """

    def __init__(self, host: Host, streams: Streams) -> None:
        self._host = host
        self._streams = streams
        self._begun = False
        self._handlers: dict[str, Callable[[dict[str, Any]], None]] = {
            SingerMessageType.SCHEMA: self._schema,
            SingerMessageType.RECORD: streams.process,
            SingerMessageType.BATCH: self._batch,
            SingerMessageType.STATE: self._state,
            SingerMessageType.ACTIVATE_VERSION: self._activate_version,
        }

    @property
    def decode(self) -> Decode | None:
        """Decodes the line of a RECORD that can be part of a chunk."""
        return self._streams.chunks.decode

    def map(self, messages: Sequence[Any]) -> Chunk:
        """Make a chunk of what was decoded."""
        return self._streams.chunks.map(messages)

    def take(self, chunk: Chunk, start: int) -> int:
        """Take records of a chunk, up to one that has to be handled alone."""
        return self._host.run.add_chunk(chunk, start)

    def handle(self, kind: str, message: dict[str, Any]) -> None:
        """Handle a message."""
        self._handlers[kind](message)

    def check(self) -> None:
        """Raise when the run is to stop."""
        self._host.signals.check()

    def interruptible(self) -> AbstractContextManager[None]:
        """Lets a signal interrupt what is done meanwhile."""
        return self._host.signals.interruptible()

    def abort(self, error: BaseException) -> None:
        """Give up the run."""
        self._host.abort(error)

    def _schema(self, message: dict[str, Any]) -> None:
        # No row is half handled here, and the account may take its time to answer.
        with self.interruptible():
            if not self._begun:
                self._host.begin()
                self._begun = True
            self._streams.register(message)

    def _state(self, message: dict[str, Any]) -> None:
        self._host.run.add_state(message["value"])

    def _activate_version(self, message: dict[str, Any]) -> None:
        """Note that all records of a version have come, if no more of them come."""
        self._streams.activate(message["stream"])

    def _batch(self, message: dict[str, Any]) -> None:
        """Take the records of batch files as if they had come as RECORD messages."""
        stream = message["stream"]
        self._streams.require(stream)
        chunks = self._streams.chunks.of(stream)
        # A column of such a name makes a record look like a message.
        may_be_messages = not self._streams.has_columns(stream, MESSAGE_FIELDS)
        for part in read_batch(message, Storage.of(self._host.config)):
            self.check()
            records = FileRecords(
                part, stream, chunks, self.take, self._streams.process, may_be_messages
            )
            hand_over(part.block, records)
