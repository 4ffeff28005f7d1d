"""Files and folders that only their owner may read."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

PRIVATE_FILE: Final = 0o600
PRIVATE_FOLDER: Final = 0o700
_MOST_LINKS: Final = 40
"""As many as Linux follows."""


def exposure(folder: Path) -> str | None:
    """How other users of the machine could change what is kept in a folder.

    They could when the folder, one on the way to it, or a link there belongs to somebody else but
    root, or can be written by others. A folder above it that they can write, but where nobody can
    remove what is another's, as in /tmp, does no harm. Nor does a group that has no other member.

    Args:
        folder: The folder; it need not exist yet.

    Returns:
        One clause that names the place; None when they cannot, or where files have no owners.

    Raises:
        OSError: It cannot be looked at.
    """
    if not hasattr(os, "geteuid"):
        return None
    for place, found, is_above in _way_to(folder):
        if found.st_uid not in {0, os.geteuid()}:
            return f"{place} belongs to another user (number {found.st_uid})"
        is_guarded = stat.S_ISLNK(found.st_mode) or (is_above and found.st_mode & stat.S_ISVTX)
        if not is_guarded and _others_may_write(found):
            mode = found.st_mode & 0o777
            return f"{place} can be changed by other users (mode {mode:03o})"
    return None


def _way_to(folder: Path) -> Iterator[tuple[Path, os.stat_result, bool]]:
    """What exists of the way to a folder: each place, what is there, and whether it is above it."""
    absolute = folder.absolute()
    place, links = Path(absolute.anchor), 0
    names = [*reversed(absolute.parts[1:])]
    yield place, os.lstat(place), True
    while names:
        name = names.pop()
        if name == "..":
            place = place.parent
            continue
        try:
            found = os.lstat(place / name)
        except (FileNotFoundError, NotADirectoryError):
            return
        is_link = stat.S_ISLNK(found.st_mode)
        yield place / name, found, bool(names) or is_link
        if not is_link:
            place /= name
            continue
        if (links := links + 1) > _MOST_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(folder))
        target = (place / name).readlink()
        if target.is_absolute():
            place = Path(target.anchor)
        names += reversed(target.parts[1:] if target.is_absolute() else target.parts)


def _others_may_write(found: os.stat_result) -> bool:
    """Whether anybody but the owner and root may."""
    if found.st_mode & stat.S_IWOTH or not found.st_mode & stat.S_IWGRP:
        return bool(found.st_mode & stat.S_IWOTH)
    import grp  # noqa: PLC0415 - there is none on Windows
    import pwd  # noqa: PLC0415 - the same

    members = {user.pw_name for user in pwd.getpwall() if user.pw_gid == found.st_gid}
    # A group without a name, as that of a container's volume, has no known member.
    with suppress(KeyError):
        members.update(grp.getgrgid(found.st_gid).gr_mem)
    owners = {user.pw_name for user in pwd.getpwall() if user.pw_uid in {0, os.geteuid()}}
    return not members <= owners


def make_private_folder(path: Path) -> None:
    """Make a folder and the missing ones above it, for their owner only.

    Folders that exist keep their mode.

    Raises:
        OSError: It cannot be made, or nothing can be written into it.
    """
    # One by one: `parents=True` would make those above by the umask, for others to read.
    for folder in reversed((path, *path.parents)):
        if not folder.exists():
            try:
                folder.mkdir(mode=PRIVATE_FOLDER)
            except FileExistsError:
                _refuse_if_of_others(folder)
    if not os.access(path, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))


def _refuse_if_of_others(folder: Path) -> None:
    """Take a folder that has come in between only if another process of this user has made it.

    Raises:
        PermissionError: Somebody else has.
    """
    found = folder.lstat()
    if hasattr(os, "geteuid") and found.st_uid != os.geteuid():
        raise PermissionError(errno.EACCES, "another user has just made it", str(folder))


def open_private(path: Path, flags: int) -> int:
    """Open a file, readable by its owner only if it is made; never one that a link leads to.

    Args:
        path: The file.
        flags: As `os.open` takes them.

    Raises:
        OSError: It cannot be opened, or is a link.
    """
    # Windows has neither of the two.
    safe = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
    return os.open(path, flags | safe, PRIVATE_FILE)


def _new_file(path: Path) -> int:
    """Make a file and open it; what had its name, a link too, is gone."""
    path.unlink(missing_ok=True)
    return open_private(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL)


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Have the errors of a file tell its name: those of writing do not."""
    try:
        yield
    except OSError as error:
        if error.filename is None:
            error.filename = str(path)
        raise


def write_private(path: Path, text: str, *, durable: bool = False) -> None:
    """Write a file anew, readable by its owner only.

    Args:
        path: The file.
        text: What it is to hold, written as UTF-8.
        durable: Return only when the text would outlive a crash of the machine.

    Raises:
        OSError: It cannot be written.
    """
    descriptor = _new_file(path)
    with naming(path), os.fdopen(descriptor, "w", encoding="utf-8") as file:
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
    descriptor = _new_file(path)
    with naming(path), os.fdopen(descriptor, "wb") as file:
        file.write(content)


def write_whole(path: Path, text: str) -> None:
    """Put a text in the place of a file, readable by its owner only: all or nothing, durably.

    Raises:
        OSError: It cannot be written; ``path`` is as it was.
    """
    with whole_file(path) as file:
        file.write(text.encode())


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """The same with a file that is written bit by bit; an error leaves ``path`` as it was.

    Raises:
        OSError: It cannot be written.
    """
    new = path.with_name(f"{path.name}.new")
    try:
        descriptor = _new_file(new)
        with naming(new), os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(descriptor)
        replace_durably(new, path)
    except BaseException:
        with suppress(OSError):
            new.unlink()
        raise


def replace_durably(new: Path, path: Path) -> None:
    """Put a file in the place of another, all or nothing, also when the machine crashes.

    Raises:
        OSError: It cannot be done; ``path`` is as it was.
    """
    new.replace(path)
    # The new name is in the folder, which is written on its own.
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        with naming(path.parent):
            os.fsync(folder)
    finally:
        os.close(folder)
