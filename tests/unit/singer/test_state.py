"""STATE out."""

from __future__ import annotations

import io
import json
import os
import sys
from decimal import Decimal

import pytest

from target_constant_contact.exceptions import InterruptedRunError
from target_constant_contact.singer.state import StateOutput


class Stdout:
    """Notes what is written, and what of it has left."""

    def __init__(self) -> None:
        self.text = self.left = ""

    def fileno(self) -> int:
        raise io.UnsupportedOperation

    def write(self, text: str) -> None:
        self.text += text

    def flush(self) -> None:
        self.left = self.text


def test_a_state_is_one_line_that_has_left(monkeypatch):
    stdout = Stdout()
    monkeypatch.setattr(sys, "stdout", stdout)
    StateOutput(lambda: False).write({"bookmark": Decimal("1.10"), "name": "Zoë"})
    assert stdout.left == '{"bookmark":1.10,"name":"Zo\\u00eb"}\n'


def test_a_state_in_a_pipe_has_left_too(monkeypatch):
    outlet, inlet = os.pipe()
    with io.FileIO(outlet) as read, io.TextIOWrapper(io.FileIO(inlet, "w")) as stdout:
        monkeypatch.setattr(sys, "stdout", stdout)
        StateOutput(lambda: False).write({"bookmark": 1})
        assert os.read(read.fileno(), 100) == b'{"bookmark":1}\n'
        monkeypatch.undo()


@pytest.mark.parametrize("length", [65_536, 3_000_000])
def test_a_state_that_did_not_leave_is_an_error_and_so_is_every_later_one(monkeypatch, length):
    """Also when all but the end of the line fits."""
    outlet, inlet = os.pipe()
    with io.FileIO(outlet) as read, io.TextIOWrapper(io.FileIO(inlet, "w")) as stdout:
        monkeypatch.setattr(sys, "stdout", stdout)
        output = StateOutput(lambda: True)
        with pytest.raises(InterruptedRunError, match="newest STATE was not written"):
            output.write({"bookmark": "x" * (length - len('{"bookmark":""}'))})
        written = os.read(read.fileno(), 10_000_000)
        assert written
        with pytest.raises(ValueError, match="Unterminated"):
            json.loads(written)
        with pytest.raises(InterruptedRunError):
            output.write({"bookmark": 2})
        os.set_blocking(read.fileno(), False)
        assert read.read() is None
        monkeypatch.undo()
