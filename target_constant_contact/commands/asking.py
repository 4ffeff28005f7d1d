"""Asking a person, at the terminal itself.

Meltano, and others who call a command, read its stderr line by line: a question without a line end
stays with them. What is said and asked in a conversation goes past them, to the terminal.
"""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout, suppress
from typing import TYPE_CHECKING, Any, Final, TextIO

import click

from target_constant_contact.redaction import redacted

if TYPE_CHECKING:
    from collections.abc import Iterator
CONTROLLING_TERMINAL: Final = "/dev/tty"


def at_terminal() -> bool:
    """Whether a person can be asked."""
    # None where there is no console at all.
    return sys.stdin is not None and sys.stdin.isatty()


@contextmanager
def conversation() -> Iterator[None]:
    """Have all that is printed go to the terminal; to stderr where there is none.

    What came of a command is on stdout, so a conversation never is.
    """
    with ExitStack() as stack:
        terminal = _open_terminal()
        stream = stack.enter_context(terminal) if terminal else sys.stderr
        stack.enter_context(redirect_stdout(stream))
        stack.enter_context(redirect_stderr(stream))
        yield


def confirm(question: str, *, default: bool | None = False) -> bool:
    """Ask a person a question, which is redacted.

    Raises:
        click.Abort: There is no answer.
    """
    with conversation():
        suffix = _line_end_or(": ")
        return click.confirm(redacted(question), default=default, prompt_suffix=suffix)


def ask(question: str, *, optional: bool = False, hidden: bool = False) -> str:
    """Ask a person for a text; blanks around it are dropped.

    Args:
        question: The question, which is redacted.
        optional: Take a blank answer, too.
        hidden: Do not show what is typed in.

    Raises:
        click.Abort: There is no answer.
    """
    with conversation():
        answer: Any = click.prompt(
            redacted(question),
            default="" if optional else None,
            show_default=False,
            hide_input=hidden,
            prompt_suffix=_line_end_or(": "),
        )
    return str(answer).strip()


def _line_end_or(usual: str) -> str:
    # Whoever reads lines sees a question at its line end.
    return usual if sys.stderr.isatty() else f"{usual.rstrip()}\n"


def _open_terminal() -> TextIO | None:
    """The terminal of a person who can be asked, to write to; what they type comes by stdin."""
    if not at_terminal():
        return None
    for name in _terminals():
        with suppress(OSError):
            descriptor = os.open(name, os.O_WRONLY | os.O_NOCTTY)
            return os.fdopen(descriptor, "w", encoding=sys.stdin.encoding, buffering=1)
    return None


def _terminals() -> Iterator[str]:
    yield CONTROLLING_TERMINAL
    # Of a session that has none of its own.
    with suppress(OSError):
        yield os.ttyname(sys.stdin.fileno())
