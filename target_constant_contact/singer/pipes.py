"""The pipe that a tap writes to."""

from __future__ import annotations

import os
import stat
from importlib import import_module
from typing import IO

PIPE_BYTES = 1 << 19
"""What a pipe is asked to hold; Linux lets anybody ask for 1 MiB."""


def widen(source: IO[str]) -> None:
    """Let a tap write on while we are at work, where the system can: on Linux.

    A pipe holds 64 KiB there, which is a quarter of what is read at a time: lines then come in
    small chunks, each at its own cost.
    """
    try:
        descriptor = source.fileno()
        if stat.S_ISFIFO(os.fstat(descriptor).st_mode):
            fcntl = import_module("fcntl")
            if fcntl.fcntl(descriptor, fcntl.F_GETPIPE_SZ) < PIPE_BYTES:
                fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    except (AttributeError, ImportError, OSError, ValueError):
        # Another system, no file, or a user who has as many large pipes as one may have.
        return
