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
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Any, Final
from urllib.parse import unquote

import msgspec
from upath import UPath

from target_constant_contact.exceptions import InputError
from target_constant_contact.redaction import trust
from target_constant_contact.singer.json_lines import (
    Block,
    UnfitFileError,
    cut,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


BLOCK_BYTES: Final = 1 << 17
"""Bytes that are read, or decompressed, at a time."""

_LOCAL: Final = frozenset({"", "file", "local"})
"""Protocols of files on this machine."""
_GZIP: Final = b"\x1f\x8b"
"""The first bytes of every gzip file: https://www.rfc-editor.org/rfc/rfc1952#page-6"""
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
            for block in cut(pieces(url, storage), partial(refusal, name)):
                yield FileBlock(name, line, block)
                line += len(block.lines)


def _reader(message: Mapping[str, Any]) -> Any:
    """What reads files of the message's encoding."""
    encoding = message["encoding"]
    file_format, compression = encoding.get("format"), encoding.get("compression")
    if file_format == "parquet":
        return _parquet
    if file_format == "jsonl" and compression in {None, "none", "gzip"}:
        return _text
    raise InputError(
        f"Stream {message['stream']!r} comes in batch files of format {file_format!r} with "
        f"compression {compression!r}. Set batch_config.encoding of the tap to jsonl, with gzip "
        "or without, or to parquet."
    )


def _text(url: str, storage: Storage | None) -> Iterator[bytes]:
    """Lines as they are, or gzipped: the file itself says so, more reliably than its message."""
    with _opened(url, storage) as file:
        begun: Any = _Begun(file, file.read(len(_GZIP)))
        text = gzip.GzipFile(fileobj=begun) if begun.head == _GZIP else begun
        while piece := text.read(BLOCK_BYTES):
            yield piece


def _parquet(url: str, storage: Storage | None) -> Iterator[bytes]:
    """Rows as JSON lines: dates in ISO form, decimals as numbers."""
    from target_constant_contact.singer.parquet_rows import read_rows  # noqa: PLC0415 - an extra

    with _opened(url, storage) as file:
        for rows in read_rows(file, BLOCK_BYTES):
            yield b"".join(_encode_row(row) + b"\n" for row in rows)


class _Begun:
    """A file whose beginning has been read: not every storage lets one go back."""

    def __init__(self, file: IO[bytes], head: bytes) -> None:
        self._file = file
        self.head = head

    def read(self, size: int) -> bytes:
        head, self.head = self.head, b""
        return head or self._file.read(size)


def _place(url: str, storage: Storage | None) -> UPath:
    """Where a file is. singer-sdk writes paths with percent signs; a file of that name wins."""
    place = UPath(url)
    if storage is None:
        place = place.resolve()
        if "%" not in place.path or place.exists():
            return place
        return UPath(unquote(place.path), protocol=place.protocol, **place.storage_options)
    root = UPath(storage.root, **storage.params)
    named: UPath = (root / place.name).resolve()
    if "%" in place.name and not named.exists():
        # Without what would lead out of the folder.
        named = (root / PurePosixPath(unquote(place.name)).name).resolve()
    return named


@contextmanager
def _opened(url: str, storage: Storage | None) -> Iterator[IO[bytes]]:
    place = _place(url, storage)
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
            f"Batch file {name} is not whole: its gzip ends early or is damaged. Run the tap again."
        ) from None
    except Exception as error:  # noqa: BLE001 - each storage has errors of its own
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise InputError(
            f"Batch file {name} cannot be read ({reason}). Check that the target may read where "
            "the tap has written it, and run again."
        ) from None


def refusal(name: str, line: int, fault: str) -> InputError:
    """The error for a line of a batch file that has this fault."""
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
