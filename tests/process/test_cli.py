"""The command line as people and Meltano use it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import urllib.request
from pathlib import Path

import pytest

from target_constant_contact.sandbox import Sandbox
from tests.conftest import AT_ONCE
from tests.support.process import COMMAND, TargetProcess, cli, environment
from tests.support.target import lines, member, schema, settings_for, state


def write_config(folder, **settings) -> str:
    path = folder / "config.json"
    path.write_text(json.dumps(settings))
    return str(path)


def test_version_is_one_line(tmp_path):
    done = cli(tmp_path, "--version")
    assert done.returncode == 0
    assert re.fullmatch(r"target-constant-contact v\d+\.\d+\.\d+, Meltano SDK v.*\n", done.stdout)


@pytest.mark.parametrize("arguments", [[], ["--format=json"], ["--format=markdown"]])
def test_about_describes_every_setting_in_every_format(tmp_path, arguments):
    done = cli(tmp_path, "--about", *arguments)
    assert done.returncode == 0
    for name in ("field_mapping", "accept_data_transfer", "stream_maps", "import_format"):
        assert name in done.stdout
    if arguments == ["--format=json"]:
        about = json.loads(done.stdout)
        assert about["settings"]["properties"]["access_token"]["secret"] is True
        assert "stream-maps" in about["capabilities"]


@pytest.mark.parametrize(
    "words", [["--about"], ["--about", "--format=json"], ["runs"], ["check"]], ids=" ".join
)
def test_what_only_prints_ends_quietly_when_its_reader_is_gone(tmp_path, words):
    """As with `| head`."""
    config = write_config(tmp_path, sandbox=True, lists="x", data_dir=str(tmp_path))
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [*COMMAND, "--config", config, *words],
        stdin=subprocess.DEVNULL,
        stdout=writing,
        stderr=subprocess.PIPE,
        env=environment(tmp_path),
        text=True,
        check=False,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.parametrize("words", [["--about"], ["runs"]], ids=" ".join)
def test_what_cannot_be_printed_is_one_line(tmp_path, words):
    """As to a file on a disk that is full."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*COMMAND, *words],
            stdin=subprocess.DEVNULL,
            stdout=full,
            stderr=subprocess.PIPE,
            env=environment(tmp_path),
            text=True,
            check=False,
        )
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "No space left on device. STATE covers only what has landed" in line


def test_help_names_the_commands(tmp_path):
    done = cli(tmp_path, "--help")
    assert done.returncode == 0
    assert "sandbox" in done.stdout
    assert "--input" in done.stdout


def test_wrong_settings_are_all_named_and_the_exit_code_says_so(tmp_path):
    done = cli(tmp_path, "--config", write_config(tmp_path, batch_size_rows=0), stdin="")
    assert done.returncode == 78
    assert done.stdout == ""
    for part in ("accept_data_transfer", "lists", "batch_size_rows"):
        assert part in done.stderr
    assert "Traceback" not in done.stderr


def test_a_tap_may_write_on_when_the_settings_are_wrong(tmp_path):
    """Its broken pipe would hide the fault that matters."""
    with subprocess.Popen(
        [*COMMAND, "--config", write_config(tmp_path, batch_size_rows=0)],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(tmp_path),
    ) as running:
        # More than a pipe holds: this returns when the target has read it.
        running.stdin.write((lines(schema(), member(1))) * 10_000)
        running.stdin.close()
        log = running.stderr.read()
    assert running.returncode == 78
    assert "batch_size_rows" in log


def test_messages_are_read_from_a_file(tmp_path):
    path = tmp_path / "messages.singer.jsonl"
    path.write_text(lines(schema(), member(1), state("end")))
    with Sandbox(behaviour=AT_ONCE) as sandbox:
        config = write_config(tmp_path, **settings_for(sandbox, tmp_path / "data"))
        done = cli(tmp_path, "--config", config, "--input", str(path))
        assert done.returncode == 0
        assert "member1@example.com" in sandbox.members("Newsletter")
    assert json.loads(done.stdout) == {"bookmark": "end"}


def test_settings_come_from_the_environment(tmp_path):
    with Sandbox(behaviour=AT_ONCE) as sandbox:
        done = cli(
            tmp_path,
            "--config=ENV",
            stdin=lines(schema(), member(1)),
            TARGET_CONSTANT_CONTACT_API_URL=sandbox.api_url,
            TARGET_CONSTANT_CONTACT_ACCESS_TOKEN=sandbox.access_token,
            TARGET_CONSTANT_CONTACT_ACCEPT_DATA_TRANSFER="true",
            TARGET_CONSTANT_CONTACT_LISTS="Newsletter",
            TARGET_CONSTANT_CONTACT_DATA_DIR=str(tmp_path / "data"),
            TARGET_CONSTANT_CONTACT_MAX_REJECTED_PERCENT="5",
        )
        assert done.returncode == 0, done.stderr
        assert "member1@example.com" in sandbox.members("Newsletter")


def test_text_is_utf_8_whatever_the_locale(tmp_path):
    with Sandbox(behaviour=AT_ONCE) as sandbox:
        config = write_config(tmp_path, **settings_for(sandbox, tmp_path / "data"))
        text = json.dumps(member(1, FirstName="Zoë 李"), ensure_ascii=False)
        done = cli(
            tmp_path,
            "--config",
            config,
            stdin=lines(schema()) + text,
            LC_ALL="C",
            PYTHONUTF8="0",
            PYTHONCOERCECLOCALE="0",
        )
        assert done.returncode == 0, done.stderr
        assert sandbox.contact("member1@example.com")["first_name"] == "Zoë 李"


def test_at_debug_level_neither_addresses_nor_tokens_are_logged(tmp_path):
    with Sandbox(behaviour=AT_ONCE) as sandbox:
        config = write_config(tmp_path, **settings_for(sandbox, tmp_path / "data"))
        messages = lines(
            schema(), member(1, FirstName="Annabella"), member("@@", FirstName="Berthold")
        )
        done = cli(
            tmp_path,
            "--config",
            config,
            stdin=messages + '{"type": "RECORD", "stream": "members", "record": "x@example.com"}',
            TARGET_CONSTANT_CONTACT_LOGLEVEL="DEBUG",
        )
        secret = sandbox.access_token
    assert done.returncode == 1
    shown = done.stderr.replace("name@example.com", "")
    assert "DEBUG" in shown
    for private in ("example.com", "Annabella", "Berthold", secret):
        assert private not in shown


def test_the_embedded_sandbox_keeps_its_account_for_the_served_one(tmp_path):
    """A newcomer opens the sandbox after the run and sees the segment in the list."""
    config = {"sandbox": True, "lists": "Newsletter", "data_dir": str(tmp_path / "data")}
    target = TargetProcess(config, tmp_path).start()
    target.write(schema(), *map(member, range(3)), state("end"))
    target.close_input()
    assert target.wait() == 0, target.stderr
    assert target.states == ["end"]
    served = subprocess.Popen(
        [*COMMAND, "sandbox", "--config", str(tmp_path / "config.json"), "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
        env=environment(tmp_path),
    )
    with served:
        line = served.stdout.readline()
        url = re.search(r"http://127\.0\.0\.1:\d+", line).group()
        page = urllib.request.urlopen(url, timeout=10).read().decode()
        served.send_signal(signal.SIGTERM)
        assert served.wait(timeout=10) == 0
    assert "Newsletter" in page


def test_a_closed_stdout_keeps_the_exit_code(tmp_path):
    with Sandbox(behaviour=AT_ONCE) as sandbox:
        config = write_config(tmp_path, **settings_for(sandbox, tmp_path / "data"))
        running = subprocess.Popen(
            [*COMMAND, "--config", config],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(tmp_path),
        )
        running.stdout.close()
        running.stdin.write(lines(schema(), member(1), state("end")))
        running.stdin.close()
        log = running.stderr.read()
        assert running.wait(timeout=30) == 1
        running.stderr.close()
    assert "stdout: Broken pipe" in log
    assert "Exception ignored" not in log
