"""Files and folders that only their owner may read."""

from __future__ import annotations

import errno
import os
import secrets
from contextlib import suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

PRIVATE_FILE: Final = 0o600
PRIVATE_FOLDER: Final = 0o700


def make_private_folder(path: Path) -> None:
    """Make a folder and the missing ones above it, for their owner only.

    Folders that exist keep their mode.

    Raises:
        OSError: It cannot be made, or nothing can be written into it.
    """
    # One by one: `parents=True` would make those above by the umask, for others to read.
    for folder in reversed((path, *path.parents)):
        if not folder.exists():
            folder.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
    if not os.access(path, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))


def write_private(path: Path, text: str, *, durable: bool = False) -> None:
    """Write a file anew, readable by its owner only.

    Args:
        path: The file.
        text: What it is to hold, written as UTF-8.
        durable: Return only when the text would outlive a crash of the machine.

    Raises:
        OSError: It cannot be written.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE_FILE)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        # The mode above serves a new file only; one that was there keeps its own.
        os.fchmod(descriptor, PRIVATE_FILE)
        file.write(text)
        if durable:
            file.flush()
            os.fsync(descriptor)


def prove_writable(folder: Path) -> None:
    """Make sure, without a trace, that a file could be kept in a folder, which is made if missing.

    Raises:
        OSError: It cannot be made, or nothing can be written into it.
    """
    make_private_folder(folder)
    probe = folder / f".probe-{os.getpid()}"
    try:
        write_private(probe, "This file can be deleted.\n", durable=True)
    finally:
        with suppress(OSError):
            probe.unlink()


def write_private_bytes(path: Path, content: bytes) -> None:
    """Write a file anew, readable by its owner only; a crash of the machine may lose it.

    Raises:
        OSError: It cannot be written.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE_FILE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)


def replace_durably(new: Path, path: Path) -> None:
    """Put a file in the place of another, all or nothing, also when the machine crashes.

    Raises:
        OSError: It cannot be done; ``path`` is as it was.
    """
    new.replace(path)
    # The new name is in the folder, which is written on its own.
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def make_once(path: Path, text: str) -> None:
    """Write a file, durably and readable by its owner only, unless there is one.

    Of several processes, one does; none sees half of it.

    Raises:
        OSError: It cannot be written.
    """
    new = path.with_name(f"{path.name}.{secrets.token_hex(4)}.new")
    write_private(new, text, durable=True)
    try:
        os.link(new, path)
    except FileExistsError:
        new.unlink()
    except OSError:
        # Not every file system gives a file two names. This way the last one wins.
        replace_durably(new, path)
    else:
        new.unlink()
