"""Calling commands as a person does, in this process."""

from __future__ import annotations

import io
import json
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from click.testing import CliRunner

from target_constant_contact.cli import command

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Answer:
    """What a command left behind."""

    exit_code: int
    stdout: str
    stderr: str
    log: str

    @property
    def json(self) -> Any:
        """What it printed, read as JSON."""
        return json.loads(self.stdout)

    @property
    def lines(self) -> list[str]:
        """The lines that it printed."""
        return self.stdout.splitlines()


def call(*words: object, text: str | None = None) -> Answer:
    """Run a command line; `text` is typed in."""
    log = io.StringIO()
    root = logging.getLogger()
    before = root.handlers.copy()
    root.addHandler(logging.StreamHandler(log))
    try:
        done = CliRunner().invoke(command(), [str(word) for word in words], input=text)
    finally:
        # Each command line adds one of its own; they would pile up, and each writes every line.
        root.handlers[:] = before
        logging.captureWarnings(capture=False)
    return Answer(done.exit_code, done.stdout, done.stderr, log.getvalue())


def config_file(folder: Path, /, **settings: Any) -> Path:
    """Write a settings file."""
    path = folder / "config.json"
    path.write_text(json.dumps(settings))
    return path
