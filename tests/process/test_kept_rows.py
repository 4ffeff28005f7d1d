"""Rows that a run has kept to explain them do not outlive the run, whatever has become of it."""

from __future__ import annotations

import json
import signal
import time
from functools import partial

import pytest

from target_constant_contact.store.cipher import new_key
from tests.support.process import COMMAND, TargetProcess, cli
from tests.support.target import member, schema, settings_for, state

FLAGGED = "member1@example.com"
ASKS_SOON = "from target_constant_contact.imports import pace; pace._RELAXED = 1;"
"""While the tap is silent, it would not ask for an import before it is twelve seconds old."""


@pytest.fixture
def place(request, tmp_path):
    """Settings of a store, in a file or on a server; the rows are in the data folder."""
    place = {"data_dir": str(tmp_path / "data")}
    if getattr(request, "param", "file") == "file":
        return place
    url = request.getfixturevalue("postgres").new_url()
    return place | {"store_url": url, "store_key": new_key()}


@pytest.fixture
def export(export, place):
    """Run an export, with that store."""
    return partial(export, **place)


@pytest.fixture
def keeping(sandbox, behave, tmp_path, place):
    """A run that is under way and has kept rows; it is killed at the end, if not before."""
    behave(flagged_addresses=frozenset({FLAGGED}))
    folder = tmp_path / "keeping"
    folder.mkdir()
    config = settings_for(sandbox, tmp_path / "data", batch_size_rows=5, **place)
    *python, main = COMMAND
    run = TargetProcess(config, folder, command=[*python, f"{ASKS_SOON} {main}"]).start()
    run.write(schema(), *map(member, range(5)), state("five"))
    # STATE waits for them too, so it is the file that tells.
    deadline = time.monotonic() + 60
    while not kept(tmp_path):
        assert time.monotonic() < deadline, run.stderr
        time.sleep(0.02)
    yield run
    run.send_signal(signal.SIGKILL)
    run.wait()


def kill(run) -> None:
    run.send_signal(signal.SIGKILL)
    assert run.wait() == -signal.SIGKILL


def kept(tmp_path) -> bytes:
    found = (tmp_path / "data" / "runs").glob("*/unverified/*")
    return b"".join(path.read_bytes() for path in found)


def command(tmp_path, place, *arguments):
    config = tmp_path / "config.json"
    config.write_text(json.dumps(place))
    done = cli(tmp_path, *arguments, "--config", str(config))
    assert "Traceback" not in done.stderr
    return done.returncode


ON_BOTH = pytest.mark.parametrize("place", ["file", "server"], indirect=True)


@pytest.mark.parametrize("arguments", [["runs"], ["connections"], ["logout", "--yes"], ["check"]])
def test_a_command_clears_what_a_killed_run_has_kept(keeping, tmp_path, place, arguments):
    assert FLAGGED.encode() in kept(tmp_path)
    kill(keeping)
    assert FLAGGED.encode() in kept(tmp_path)
    command(tmp_path, place, *arguments)
    assert kept(tmp_path) == b""


@ON_BOTH
def test_what_a_living_run_has_kept_stays(keeping, tmp_path, place):
    before = kept(tmp_path)
    assert command(tmp_path, place, "runs") == 0
    assert kept(tmp_path) == before != b""
    keeping.close_input()
    assert keeping.wait() == 0
    assert "1 of members refused: not in the account" in keeping.stderr
    assert kept(tmp_path) == b""


@pytest.mark.parametrize("settings", [{"lists": "Another list"}, {"dry_run": True}])
def test_a_run_of_another_export_clears_it(keeping, export, tmp_path, settings):
    kill(keeping)
    export(schema(), member(7), state("end"), create_lists=True, **settings)
    assert kept(tmp_path) == b""


def test_a_run_of_another_export_leaves_what_a_living_run_has_kept(keeping, export, tmp_path):
    before = kept(tmp_path)
    assert keeping.states == []
    assert export(schema(), state("end"), lists="Another list", create_lists=True).exit_code == 0
    assert kept(tmp_path) == before != b""


@ON_BOTH
def test_a_run_that_had_waited_for_a_killed_one_clears_it(keeping, sandbox, tmp_path, place):
    (tmp_path / "next").mkdir()
    config = settings_for(sandbox, tmp_path / "data", batch_size_rows=5, **place)
    following = TargetProcess(config, tmp_path / "next").start()
    following.write(schema())
    following.wait_for_log("of the same export is under way; waiting")
    kill(keeping)
    following.write(state("end"))
    following.close_input()
    assert following.wait() == 0
    assert kept(tmp_path) == b""
