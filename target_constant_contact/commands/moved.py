"""The file or stream by which a store is on its way to another one."""

from __future__ import annotations

import shutil
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, BinaryIO, Final

from target_constant_contact.exceptions import SettingsError
from target_constant_contact.files import whole_file

if TYPE_CHECKING:
    from collections.abc import Iterator

STANDARD: Final = "-"
"""Names the standard output, or input."""


def is_stream(file: str) -> bool:
    """Whether what is written there goes on at once, and cannot be looked at again."""
    path = Path(file)
    return file == STANDARD or (path.exists() and not path.is_file())


@contextmanager
def destination(file: str) -> Iterator[IO[bytes]]:
    """Where to write: a new file for its owner only, which is there once it is whole; or a stream.

    Raises:
        SettingsError: It cannot be written, is there already, or is a terminal.
        BrokenPipeError: Nobody reads any more.
    """
    if file == STANDARD:
        stdout = _piped(sys.stdout, "output")
        yield stdout
        stdout.flush()
        return
    path = Path(file)
    try:
        if is_stream(file):
            with path.open("wb") as stream:
                yield stream
        elif path.exists() or path.is_symlink():
            raise SettingsError([f"{file} is there already; delete it, or name another file"])
        else:
            with whole_file(path) as new:
                yield new
    except BrokenPipeError:
        raise
    except OSError as error:
        fault = f"{file} cannot be written ({error.strerror}); name another file"
        raise SettingsError([fault]) from None


@contextmanager
def source(file: str) -> Iterator[BinaryIO]:
    """What to read, from its start any number of times.

    Raises:
        SettingsError: It cannot be read, or is a terminal.
    """
    try:
        if file == STANDARD:
            with _kept(_piped(sys.stdin, "input")) as kept:
                yield kept
        else:
            with Path(file).open("rb") as found, _kept(found) as kept:
                yield kept
    except OSError as error:
        fault = f"{file} cannot be read ({error.strerror}); name another file"
        raise SettingsError([fault]) from None


@contextmanager
def _kept(stream: BinaryIO) -> Iterator[BinaryIO]:
    """A copy of a stream; only its owner can read it, and it is gone with this process."""
    with tempfile.TemporaryFile() as copy:
        shutil.copyfileobj(stream, copy)
        yield copy


def _piped(stream: IO[str] | None, name: str) -> BinaryIO:
    if stream is None or stream.isatty():
        what = "closed" if stream is None else "a terminal"
        fault = f"standard {name} is {what}; put a pipe or a file in its place, or name a file"
        raise SettingsError([fault])
    return stream.buffer  # type: ignore[attr-defined,no-any-return]
