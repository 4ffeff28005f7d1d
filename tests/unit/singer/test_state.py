"""STATE out."""

from __future__ import annotations

import sys
from decimal import Decimal

from target_constant_contact.singer.state import write_state


class Stdout:
    """Notes what is written, and what of it has left."""

    def __init__(self) -> None:
        self.text = self.left = ""

    def write(self, text: str) -> None:
        self.text += text

    def flush(self) -> None:
        self.left = self.text


def test_a_state_is_one_line_that_has_left(monkeypatch):
    stdout = Stdout()
    monkeypatch.setattr(sys, "stdout", stdout)
    write_state({"bookmark": Decimal("1.10"), "name": "Zoë"})
    assert stdout.left == '{"bookmark":1.10,"name":"Zo\\u00eb"}\n'
