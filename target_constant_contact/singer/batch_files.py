"""The files that BATCH messages name, in any storage that fsspec knows.

A file is never read as a whole: what is held of it, unpacked, is a block of lines, or the pages of
a parquet file that some rows are on.
"""

from __future__ import annotations

import gzip
import os
import stat
import zlib
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

import msgspec
from upath import UPath

from target_constant_contact.exceptions import InputError
from target_constant_contact.redaction import trust
from target_constant_contact.singer.json_lines import Block, UnfitFileError, cut, load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from target_constant_contact.batches.chunk import Chunk
    from target_constant_contact.singer.chunks import StreamChunks
    from target_constant_contact.singer.json_lines import Decode

BLOCK_BYTES: Final = 1 << 17
"""Bytes that are read, or decompressed, at a time."""

_LOCAL: Final = frozenset({"", "file", "local"})
"""Protocols of files on this machine."""
_SPECIAL: Final = "is a device, a pipe or a folder, which may block or never end"
_encode_row: Final = msgspec.json.Encoder(decimal_format="number", enc_hook=str).encode


@dataclass(frozen=True, slots=True)
class Storage:
    """A folder that batch files are in.

    Attributes:
        root: Its URL.
        params: What its file system has to know, such as credentials.
    """

    root: str
    params: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Storage | None:
        """The storage of the settings; None when they name none."""
        storage = (config.get("batch_config") or {}).get("storage") or {}
        root = storage.get("root")
        return cls(root, storage.get("params") or {}) if root else None


@dataclass(frozen=True, slots=True)
class FileBlock:
    """Whole lines of a batch file, a JSON record on each.

    Attributes:
        name: The file, as an error line may show it.
        first_line: Number of the first line in the file, from 1 on; in a parquet file, of the row.
        block: The lines.
    """

    name: str
    first_line: int
    block: Block


def read_batch(message: Mapping[str, Any], storage: Storage | None = None) -> Iterator[FileBlock]:
    """Read the files of a BATCH message, one after the other.

    Args:
        message: The message; it has a ``manifest``, a list, and an ``encoding``, an object.
        storage: Where the files are, whatever folder the manifest names; None: in that folder.

    Raises:
        InputError: The encoding is not known, or a file cannot be read.
    """
    pieces = _reader(message)
    for url in message["manifest"]:
        if not isinstance(url, str):
            raise InputError(
                f"A BATCH message names a file by {type(url).__name__}, not by a text. Run the tap "
                "alone and look at its output."
            )
        name = _without_secrets(url)
        line = 1
        with _errors_explained(name):
            for block in cut(pieces(url, storage), partial(_refusal, name)):
                yield FileBlock(name, line, block)
                line += len(block.lines)


def _reader(message: Mapping[str, Any]) -> Any:
    """What reads files of the message's encoding."""
    encoding = message["encoding"]
    file_format, compression = encoding.get("format"), encoding.get("compression")
    if file_format == "parquet":
        return _parquet
    if file_format == "jsonl" and compression in {None, "none", "gzip"}:
        return _gzipped if compression == "gzip" else _plain
    raise InputError(
        f"Stream {message['stream']!r} comes in batch files of format {file_format!r} with "
        f"compression {compression!r}. Set batch_config.encoding of the tap to jsonl, with gzip "
        "or without, or to parquet."
    )


def _plain(url: str, storage: Storage | None) -> Iterator[bytes]:
    with _opened(url, storage) as file:
        while piece := file.read(BLOCK_BYTES):
            yield piece


def _gzipped(url: str, storage: Storage | None) -> Iterator[bytes]:
    with _opened(url, storage) as file, gzip.GzipFile(fileobj=file) as text:
        while piece := text.read(BLOCK_BYTES):
            yield piece


def _parquet(url: str, storage: Storage | None) -> Iterator[bytes]:
    """Rows as JSON lines: dates in ISO form, decimals as numbers."""
    from target_constant_contact.singer.parquet_rows import read_rows  # noqa: PLC0415 - an extra

    with _opened(url, storage) as file:
        for rows in read_rows(file, BLOCK_BYTES):
            yield b"".join(_encode_row(row) + b"\n" for row in rows)


@contextmanager
def _opened(url: str, storage: Storage | None) -> Iterator[IO[bytes]]:
    place = UPath(url)
    if storage:
        place = UPath(storage.root, **storage.params) / place.name
    place = place.resolve()
    if place.protocol not in _LOCAL:
        _refuse_special_files(str(place))
        with place.open("rb") as file:
            yield file
        return
    # A pipe without a writer would block here.
    descriptor = os.open(place.path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise UnfitFileError(_SPECIAL)
    with os.fdopen(descriptor, "rb") as file:
        yield file


def _refuse_special_files(url: str) -> None:
    """Refuse a chain of file systems, such as a cache, over what is no file on this machine."""
    for link in url.split("::")[1:]:
        protocol, _, path = link.rpartition("://")
        if protocol in _LOCAL and Path(path).exists() and not Path(path).is_file():
            raise UnfitFileError(_SPECIAL)


@contextmanager
def _errors_explained(name: str) -> Iterator[None]:
    """Say in one line why a file cannot be read; errors of storages may hold credentials."""
    try:
        yield
    except InputError:
        raise
    except ModuleNotFoundError as error:
        raise InputError(
            f"Batch file {name}: {error.name} is not installed; run pip install "
            f"{_package(error.name or '')}."
        ) from None
    except ImportError as error:
        # fsspec says what is missing in its own words, such as "Install s3fs to access S3".
        raise InputError(f"Batch file {name} cannot be read: {error}.") from None
    except UnfitFileError as error:
        raise InputError(
            f"Batch file {name} {error}. Have the tap write other batch files."
        ) from None
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise InputError(
            f"Batch file {name} is not whole, or not gzip. Run the tap again."
        ) from None
    except Exception as error:  # noqa: BLE001 - each storage has errors of its own
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise InputError(
            f"Batch file {name} cannot be read ({reason}). Check that the target may read where "
            "the tap has written it, and run again."
        ) from None


def _refusal(name: str, line: int, fault: str) -> InputError:
    return InputError(f"Line {line:,} of batch file {name} {fault}. Look at that line of the file.")


def _package(module: str) -> str:
    return "'target-constant-contact[parquet]'" if module.startswith("pyarrow") else module


def _without_secrets(url: str) -> str:
    """A URL, or a chain of them, without user, password and query."""
    if url.startswith("file:"):
        trust(url)
        return url
    scheme, slashes, rest = url.partition("?")[0].partition("//")
    return f"{scheme}{slashes}{rest.rpartition('@')[2]}"


@dataclass(frozen=True, slots=True)
class FileRecords:
    """Where the records of some lines go: in chunks, or alone as RECORD messages.

    Attributes:
        part: The lines.
        stream: Stream of the records.
        chunks: How records of the stream are taken in chunks; None when they cannot be.
        take: Takes a chunk from a position on, as :meth:`Handler.take` describes it.
        process: Handles a RECORD message.
    """

    part: FileBlock
    stream: str
    chunks: StreamChunks | None
    take: Callable[[Chunk, int], int]
    process: Callable[[dict[str, Any]], None]

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
        line = self.part.block.lines[position]
        if line.strip():
            number = self.part.first_line + position
            record = load(line, partial(_refusal, self.part.name, number))
            self.process({"type": "RECORD", "stream": self.stream, "record": record})
