"""Whether a person can be asked, and where a question goes when nobody is there."""

from __future__ import annotations

import io
import os
import pty
import sys
from typing import Any

import click
import pytest
from click.testing import CliRunner

from target_constant_contact.commands.asking import ask, at_terminal, confirm, conversation


class Terminal(io.StringIO):
    """An input that a person types."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stdin", "answer"), [(Terminal(), True), (io.StringIO(), False), (None, False)]
)
def test_a_person_can_be_asked_only_at_a_terminal(
    monkeypatch: pytest.MonkeyPatch, stdin: Any, *, answer: bool
):
    """A process may have been started without any input."""
    monkeypatch.setattr(sys, "stdin", stdin)
    assert at_terminal() is answer


@click.command()
def chat() -> None:
    with conversation():
        click.echo("hello")
    click.echo(ask("Name of ann@example.org"))
    click.echo(ask("Other name", optional=True) or "none")
    click.echo(confirm("Go on?", default=True))


def test_without_a_terminal_questions_are_whole_lines_of_stderr_and_blanks_are_dropped():
    done = CliRunner().invoke(chat, input=" x \n\ny\n")

    assert done.stdout.splitlines() == ["x", "none", "True"]
    asked = [line for line in done.stderr.splitlines() if line.endswith(":")]
    assert asked == ["Name of <address>:", "Other name:", "Go on? [Y/n]:"]


def test_a_question_that_needs_an_answer_is_asked_again():
    done = CliRunner().invoke(chat, input="\nx\n\n\n")

    assert done.stderr.count("Name of") == 2
    assert done.stdout.splitlines()[0] == "x"


def test_a_terminal_that_the_session_does_not_have_is_found_by_its_name(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
):
    """As for a service that was given one."""
    side, slave = pty.openpty()
    opened = os.fdopen(slave, encoding="utf-8")
    monkeypatch.setattr(sys, "stdin", opened)
    monkeypatch.setattr(
        "target_constant_contact.commands.asking.CONTROLLING_TERMINAL", "/nonexistent"
    )
    with conversation():
        click.echo("hello", err=True)
    assert os.read(side, 100) == b"hello\r\n"
    assert capfd.readouterr() == ("", "")
    opened.close()
    os.close(side)
