"""The help of commands that have commands of their own."""

from __future__ import annotations

import pytest

from target_constant_contact.cli import COMMANDS
from tests.support.commands import call


@pytest.mark.parametrize("words", [(), ("store",), ("runs",)], ids=["all", "store", "runs"])
def test_the_help_says_to_the_end_what_each_command_does(words):
    shown = call(*words, "--help").stdout.partition("Commands:")[2]
    assert "..." not in shown
    assert " ".join(shown.split()).endswith(".")


def test_the_help_names_all_commands_each_in_a_sentence():
    text = " ".join(call("--help").stdout.partition("Commands:")[2].split())
    for name in COMMANDS:
        summary = call(name, "--help").stdout.split("\n\n")[1].partition(". ")[0]
        assert f"{name} {' '.join(summary.split())}" in text
