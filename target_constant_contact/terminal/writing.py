"""Writing to who may be slow to read, or never does.

A full pipe blocks whoever writes to it, and with a lock in hand everybody else. So what is written
here waits for its reader outside of the system's write, and stops waiting once it has to.
"""

from __future__ import annotations

import os
import select
import stat
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from target_constant_contact.waiting import SLICE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from _typeshed import ReadableBuffer

    Overdue = Callable[[], bool]


def write_whole(descriptor: int, content: ReadableBuffer, overdue: Overdue) -> bool:
    """Write as soon as there is room, in pieces that a pipe takes whole or not at all.

    Args:
        descriptor: Where to write; it may block.
        content: What to write.
        overdue: Whether to wait for room no longer.

    Returns:
        Whether all of it was written. Otherwise its last bytes, two at least, were not.

    Raises:
        OSError: It cannot be written, such as when the reader is gone.
    """
    rest = memoryview(content).cast("B")
    with _never_blocking(descriptor) as inlet:
        while rest:
            if not select.select([], [inlet], [], 0 if overdue() else SLICE_SECONDS)[1]:
                if overdue():
                    return False
                continue
            # The odd piece comes first: the last one is then never just the end of a line.
            piece = len(rest) % select.PIPE_BUF or select.PIPE_BUF
            # Others who write to the same pipe, such as the tap, may have taken the room.
            with suppress(BlockingIOError):
                rest = rest[os.write(inlet, rest[:piece]) :]
    return True


@contextmanager
def _never_blocking(descriptor: int) -> Iterator[int]:
    """A descriptor for the same pipe or terminal that does not block, if the system has one.

    That of the process is left as it is: whether it blocks would change for the tap, too.
    """
    own = -1
    if stat.S_ISFIFO(os.fstat(descriptor).st_mode) or os.isatty(descriptor):
        with suppress(OSError):
            flags = os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY
            own = os.open(f"/proc/self/fd/{descriptor}", flags)
    try:
        yield descriptor if own < 0 else own
    finally:
        if own >= 0:
            os.close(own)
