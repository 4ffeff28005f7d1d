"""The commands in the pages exist, with the options that they are given."""

from __future__ import annotations

import os
import re
import shlex
import tomllib
from typing import TYPE_CHECKING

import click
import pytest
import yaml

from target_constant_contact.cli import COMMANDS as SUBCOMMANDS
from target_constant_contact.cli import command
from target_constant_contact.commands.sandbox import SANDBOX_PORT
from tests.docs import pages

if TYPE_CHECKING:
    from collections.abc import Iterator

KNOWN_ELSEWHERE = {"git", "cd", "pip", "meltano", "docker", "ssh", "tail", "head"}
OF_THE_SHELL = {"exit", "export", "if", "set", "unset"}
TARGET = "target-constant-contact"


def _commands() -> Iterator[list[str]]:
    """Every command in a shell block, a pipe being two; and those named in the text."""
    text = pages.everything()
    bodies = [block.body.replace("\\\n", " ") for block in pages.blocks("bash", text)]
    shown = [line for body in bodies for line in body.splitlines()]
    shown += [span for span in pages.code(text) if re.match(r"(scripts/|target-\S+ [-a-z])", span)]
    for line in shown:
        for part in line.replace(">> state.jsonl", "").split(" | "):
            words = shlex.split(part.replace("<", "").replace(">", ""), comments=True)
            if words and "=" not in words[0]:
                yield words


def _of_the_target(words: list[str]) -> list[str] | None:
    """The arguments of the target, also where Meltano calls it."""
    if words[0] == TARGET:
        return words[1:]
    if "invoke" in words[1:]:
        called = words[words.index("invoke") + 1 :]
        name, _, command = called[0].partition(":")
        if name.startswith("tap-"):
            return None
        assert name == TARGET
        return [*filter(None, [command]), *called[1:]]
    return None


COMMANDS = [*_commands()]
OF_THE_TARGET = [words for words in map(_of_the_target, COMMANDS) if words is not None]


def test_the_pages_show_only_commands_that_exist():
    unknown = {
        words[0]
        for words in COMMANDS
        if words[0] not in KNOWN_ELSEWHERE | OF_THE_SHELL | {TARGET}
        and not words[0].startswith("tap-")
        and not os.access(pages.ROOT / words[0], os.X_OK)
    }

    assert unknown == set()
    assert {words[0] for words in COMMANDS} >= {"scripts/example", "scripts/test", ".ci/run"}


def test_the_pages_show_how_to_call_every_command_that_is_in_their_table():
    """Guards the test below against a reader that finds nothing; two are only spoken of."""
    assert {words[0] for words in OF_THE_TARGET if words} >= set(SUBCOMMANDS) - {"fields", "lists"}


@pytest.mark.parametrize("words", OF_THE_TARGET, ids=" ".join)
def test_the_target_has_the_options_that_are_shown(words: list[str]):
    found: click.Command = command()
    while isinstance(found, click.Group) and words:
        named = found.get_command(click.Context(found), words[0])
        if named is None:
            break
        found, words = named, words[1:]
    if any(isinstance(one, click.Argument) and one.required for one in found.params):
        words = [word for word in words[1:] if word != "..."]
    assert not words or words[0].startswith("-")

    options = {option for parameter in found.params for option in parameter.opts}
    given = {word.partition("=")[0] for word in words if word.startswith("-")}
    # A lone dash is standard input.
    assert given - {"-"} <= options


@pytest.mark.parametrize("option", ["--about", "--version", "--config", "--input"])
def test_the_options_in_the_text_exist(option: str):
    assert option in pages.everything()
    assert option in {option for parameter in command().params for option in parameter.opts}


def test_the_entry_point_is_called_as_the_pages_call_it():
    project = tomllib.loads((pages.ROOT / "pyproject.toml").read_text(encoding="utf-8"))

    scripts = {"target-constant-contact", "tap-constant-contact-results"}
    assert project["project"]["scripts"].keys() == scripts
    assert all(f"`{name}`" in pages.everything() for name in scripts)


def test_meltano_has_what_the_commands_ask_of_it():
    project = yaml.safe_load((pages.ROOT / "meltano.yml").read_text(encoding="utf-8"))
    loader = project["plugins"]["loaders"][0]

    assert "scripts/example invoke target-constant-contact:sandbox" in pages.everything()
    assert loader["commands"].keys() == set(SUBCOMMANDS)
    assert all(name == told["args"] for name, told in loader["commands"].items())
    assert "production" in {environment["name"] for environment in project["environments"]}
    assert project["default_environment"] == "sandbox"


def test_the_sandbox_is_where_the_pages_say():
    example = pages.read(pages.DOCS / "tutorial" / "example.md")

    assert f"<http://127.0.0.1:{SANDBOX_PORT}>" in example
    assert set(re.findall(r"127\.0\.0\.1:(\d+)", pages.everything())) == {str(SANDBOX_PORT)}
