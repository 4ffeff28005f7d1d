"""What a run finds around it: variables, settings files and standard streams, right and wrong."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from target_constant_contact.sandbox import Sandbox
from target_constant_contact.settings.sources import ENV_PREFIX
from tests.conftest import AT_ONCE
from tests.support.process import COMMAND, cli, environment
from tests.support.target import lines, member, schema, settings_for, state

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def account() -> Iterator[Sandbox]:
    with Sandbox(behaviour=AT_ONCE) as sandbox:
        yield sandbox


@pytest.fixture
def config(account: Sandbox, tmp_path: Path) -> Any:
    """A settings file that is enough, with others: `config(**settings)`; None takes one out."""

    def write(**settings: Any) -> str:
        wanted = settings_for(account, tmp_path / "data") | settings
        path = tmp_path / "config.json"
        path.write_text(json.dumps({k: v for k, v in wanted.items() if v is not None}))
        return str(path)

    return write


def variables(**settings: str) -> dict[str, str]:
    return {f"{ENV_PREFIX}{name.upper()}": value for name, value in settings.items()}


def in_shell(folder: Path, redirected: str, *arguments: str) -> Any:
    """Run the command line with standard streams as a shell redirects them."""
    return subprocess.run(
        ["sh", "-c", f"exec {shlex.join([*COMMAND, *arguments])} {redirected}"],
        input=lines(schema(), member(1), state("end")),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=folder,
        env=environment(folder),
    )


def foreseen(stderr: str) -> bool:
    return not any(word in stderr for word in ("Traceback", "Unexpected", "AttributeError"))


def test_a_run_and_its_check_read_the_environment_alike(tmp_path, config, account):
    path = config(lists=None)
    found = variables(lists='["Newsletter", "General Interest"]', batch_size_rows="5000")
    ran = cli(tmp_path, "--config", path, stdin=lines(schema(), member(1)), **found)
    checked = cli(tmp_path, "check", "--config", path, **found)
    assert (ran.returncode, checked.returncode) == (0, 0), ran.stderr + checked.stdout
    assert "Settings from the environment: lists, batch_size_rows\n" in ran.stderr
    assert "Skipping parse of env var settings" not in ran.stderr
    assert "from the environment: lists, batch_size_rows\n" in checked.stdout
    for name in ("Newsletter", "General Interest"):
        assert "member1@example.com" in account.members(name)


def test_a_file_wins_over_the_environment_unless_that_is_named_behind_it(tmp_path, config):
    path, given = config(dry_run=True), {"stdin": lines(schema(), member(1))}
    wrong = variables(dry_run="perhaps")
    assert cli(tmp_path, "--config", path, **given, **wrong).returncode == 0
    assert cli(tmp_path, "--config=ENV", "--config", path, **given, **wrong).returncode == 0
    assert cli(tmp_path, "--config", path, "--config=ENV", **given, **wrong).returncode == 78


@pytest.mark.parametrize(
    ("setting", "text", "fault"),
    [
        ("batch_size_rows", "many", "'many' is no whole number"),
        ("dry_run", "maybe", "'maybe' is neither true nor false"),
        ("field_mapping", "{email: t0p-secret}", "is a text that is no JSON object"),
        ("segments", "t0p-secret", "is a text that is no JSON array"),
        ("verify", "sometimes", "'sometimes' is not one of"),
    ],
)
def test_a_variable_that_does_not_fit_is_named_by_the_run_and_by_its_check(
    tmp_path, config, setting, text, fault
):
    line = f"{setting} (from {ENV_PREFIX}{setting.upper()}): {fault}"
    found = variables(**{setting: text})
    ran = cli(tmp_path, "--config", config(), **found)
    checked = cli(tmp_path, "check", "--config", config(), **found)
    assert (ran.returncode, checked.returncode) == (78, 78)
    for shown in (ran.stderr, checked.stdout):
        assert line in shown
        assert "t0p-secret" not in shown
    assert foreseen(ran.stderr + checked.stderr)


@pytest.mark.parametrize("command", [[], ["check"], ["lists"]], ids=str)
def test_a_settings_file_that_cannot_be_used_is_named(tmp_path, command):
    (tmp_path / "broken.json").write_text("{access_token: t0p-secret")
    for name, fault in (
        ("missing.json", "does not exist"),
        ("broken.json", "is not JSON (line 1, column 2)"),
        (".", "cannot be read (Is a directory)"),
    ):
        path = tmp_path / name
        done = cli(tmp_path, *command, "--config", str(path))
        assert done.returncode == 78
        assert f"Settings file {path} {fault}" in done.stderr
        assert "t0p-secret" not in done.stderr
        assert foreseen(done.stderr)


def test_a_settings_file_may_begin_with_a_byte_order_mark(tmp_path, config):
    path = tmp_path / "marked.json"
    path.write_bytes(b"\xef\xbb\xbf" + (tmp_path / config()).read_bytes())
    assert cli(tmp_path, "--config", str(path), stdin=lines(schema(), member(1))).returncode == 0


def test_settings_files_may_stand_before_the_command(tmp_path, config):
    done = cli(tmp_path, "--config", config(), "check")
    assert done.returncode == 0, done.stdout
    assert "Newsletter" in done.stdout


def test_what_is_printed_without_a_run_needs_no_settings_file(tmp_path):
    assert cli(tmp_path, "--config", "missing.json", "--about").returncode == 0
    assert cli(tmp_path, "--config", "missing.json", "--version").returncode == 0


def test_without_a_standard_input_a_run_says_how_to_give_it_one(tmp_path, config):
    done = in_shell(tmp_path, "<&-", "--config", config())
    assert done.returncode == 78
    assert "There is no standard input: pipe a tap's output into it, or give --input FILE" in (
        done.stderr
    )
    assert foreseen(done.stderr)


def test_wrong_settings_are_told_without_a_standard_input_too(tmp_path, config):
    done = in_shell(tmp_path, "<&-", "--config", config(batch_size_rows=0))
    assert done.returncode == 78
    assert "batch_size_rows" in done.stderr
    assert foreseen(done.stderr)


def test_a_file_is_read_without_a_standard_input(tmp_path, config, account):
    path = tmp_path / "messages.singer.jsonl"
    path.write_text(lines(schema(), member(1), state("end")))
    done = in_shell(tmp_path, "<&-", "--config", config(), "--input", str(path))
    assert done.returncode == 0, done.stderr
    assert "member1@example.com" in account.members("Newsletter")


def test_without_a_standard_output_nothing_is_sent_and_the_line_says_why(tmp_path, config, account):
    done = in_shell(tmp_path, ">&-", "--config", config())
    assert done.returncode == 1
    assert "There is no standard output, so that STATE has nowhere to go" in done.stderr
    assert foreseen(done.stderr)
    assert "member1@example.com" not in account.members("Newsletter")


def test_without_a_standard_error_a_run_sends_all_the_same(tmp_path, config, account):
    done = in_shell(tmp_path, "2>&-", "--config", config())
    assert done.returncode == 0
    assert json.loads(done.stdout) == {"bookmark": "end"}
    assert "member1@example.com" in account.members("Newsletter")


@pytest.mark.parametrize(
    ("closed", "arguments"),
    [
        ("<&-", ["check"]),
        (">&-", ["check"]),
        ("2>&-", ["check"]),
        ("<&- >&- 2>&-", ["check"]),
        (">&-", ["--version"]),
        (">&-", ["--about"]),
        (">&-", ["lists", "--json"]),
    ],
)
def test_closed_streams_break_no_command(tmp_path, config, closed, arguments):
    files = ["--config", config()] if not arguments[0].startswith("-") else []
    done = in_shell(tmp_path, closed, *arguments, *files)
    assert done.returncode == 0, done.stderr
    assert foreseen(done.stderr)


def test_no_file_of_a_run_gets_the_place_of_a_closed_stream(tmp_path):
    """What prints to it, such as a library, would write into that file."""
    program = """
import os, target_constant_contact.cli as cli
cli.command = lambda: lambda: None
cli.main()
os._exit(os.open('data', os.O_CREAT | os.O_WRONLY))
"""
    command = shlex.join([COMMAND[0], "-c", program])
    done = subprocess.run(
        ["sh", "-c", f"exec {command} <&- >&- 2>&-"],
        check=False,
        cwd=tmp_path,
        env=environment(tmp_path) | {"PYTHONPATH": os.environ.get("PYTHONPATH", "")},
    )
    assert done.returncode > 2


def test_a_wrong_host_is_named_with_the_cause(tmp_path, config):
    path = config(api_url="http://127.0.0.1:9/v3", max_new_contacts=None)
    done = cli(tmp_path, "check", "--config", path)
    assert done.returncode == 75
    assert "no answer from 127.0.0.1:9 (it refuses the connection; " in done.stdout
    assert foreseen(done.stdout + done.stderr)
