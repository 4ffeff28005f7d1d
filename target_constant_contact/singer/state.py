"""STATE out: the only thing that the target writes to stdout."""

from __future__ import annotations

import io
import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from singer_sdk.singerlib.json import serialize_json

from target_constant_contact.exceptions import InterruptedRunError
from target_constant_contact.files import naming
from target_constant_contact.terminal.live import LIVE
from target_constant_contact.terminal.writing import write_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_STDOUT: Final = Path("stdout")


class StateOutput:
    """Writes STATE to stdout, a line each.

    Args:
        overdue: Whether to wait no longer for somebody to read.
    """

    def __init__(self, overdue: Callable[[], bool]) -> None:
        self._overdue = overdue
        self._is_open = True

    def write(self, state: Mapping[str, Any]) -> None:
        """Write a STATE that may leave; it has left when this returns.

        Raises:
            InterruptedRunError: It has not, because nobody reads and the run has to end. What was
                written of it is no JSON, and nothing is written behind it.
            OSError: It cannot be written.
        """
        with naming(_STDOUT):
            self._is_open = self._is_open and self._leaves(serialize_json(state) + "\n")
        if not self._is_open:
            raise InterruptedRunError(
                "The newest STATE was not written: nobody reads stdout, and a signal asked the "
                "run to stop. The STATE before it holds; start the run again."
            )

    def _leaves(self, line: str) -> bool:
        # What reads it keeps it: a STATE that stayed in a buffer would be lost with the process.
        try:
            descriptor = sys.stdout.fileno()
        except (AttributeError, io.UnsupportedOperation):
            # Not the stdout of a process.
            sys.stdout.write(line)
            sys.stdout.flush()
            return True
        content, write = line.encode(), partial(write_whole, descriptor, overdue=self._overdue)
        # Of a person who tries it out, stdout is the terminal, too.
        return LIVE.above(content, write) if os.isatty(descriptor) else write(content)
