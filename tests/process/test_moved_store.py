"""A store on its way between processes: pipes, terminals, and kills."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import threading

import pytest

from target_constant_contact.store.postgres import PostgresServer
from target_constant_contact.store.sqlite import SqliteFile
from tests.support import forks
from tests.support.process import COMMAND, cli, environment
from tests.support.stored import KEY, TOKEN, everything, fill, rows_in
from tests.support.terminal import Terminal

KILLED = """
import os, signal, sys
from target_constant_contact.store.merging import Merge
from target_constant_contact.cli import main

take, last = Merge.take, sys.argv.pop(1)

def killed(merge, table, row):
    take(merge, table, row)
    if table.name == last:
        os.kill(os.getpid(), signal.SIGKILL)

Merge.take = killed
main()
"""
"""Imports, and is killed behind the first row of a table."""

KILLED_AT_THE_END = """
import os, signal
from target_constant_contact.store import exporting
from target_constant_contact.cli import main

exporting.tail = lambda counts: os.kill(os.getpid(), signal.SIGKILL)
main()
"""
"""Exports, and is killed before the last line."""


@pytest.fixture
def source(tmp_path):
    """A folder with a filled store."""
    database = fill(SqliteFile(tmp_path / "source" / "store.sqlite"))
    yield database
    database.close()


@pytest.fixture
def words(tmp_path):
    return lambda verb, file="-", folder="source": (
        ["store", verb, str(file), "--data-dir", str(tmp_path / folder)]
    )


@pytest.fixture
def variables():
    return {"TARGET_CONSTANT_CONTACT_STORE_KEY": KEY}


def imported(tmp_path, folder="target"):
    database = SqliteFile(tmp_path / folder / "store.sqlite")
    try:
        return rows_in(database)
    finally:
        database.close()


def test_a_pipe_brings_a_store_from_one_process_to_another(source, tmp_path, words, variables):
    env = environment(tmp_path) | variables
    with forks.started(
        [*COMMAND, *words("export")], env, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as out:
        into = forks.run([*COMMAND, *words("import", folder="target")], env, stdin=out.stdout)
        said = out.stderr.read()
    assert (out.returncode, into.returncode) == (0, 0), said + into.stderr
    assert imported(tmp_path) == rows_in(source)
    assert TOKEN.encode() not in said + into.stdout + into.stderr


def test_a_named_pipe_does_as_well(source, tmp_path, words, variables):
    os.mkfifo(pipe := tmp_path / "pipe")
    read = threading.Thread(
        target=cli, args=(tmp_path, *words("import", pipe, "target")), kwargs=variables
    )
    read.start()
    done = cli(tmp_path, *words("export", pipe), **variables)
    read.join(timeout=60)
    assert done.returncode == 0, done.stderr
    assert imported(tmp_path) == rows_in(source)


def test_a_reader_that_has_seen_enough_ends_the_export(source, tmp_path, words, variables):
    rows = [row | {"run": f"{number:06}"} for number, row in enumerate(everything()["runs"] * 4000)]
    fill(source, {"runs": rows})
    with forks.started(
        [*COMMAND, *words("export")],
        environment(tmp_path) | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as out:
        out.stdout.readline()
        out.stdout.close()
        said = out.stderr.read()
    assert out.returncode == 141
    assert said == b""


def test_a_terminal_is_no_place_to_import_from(tmp_path, words, variables):
    command = [*COMMAND, *words("import", folder="target")]
    with Terminal(command, tmp_path, environment(tmp_path) | variables) as terminal:
        assert terminal.wait() == 78
    line = "standard input is a terminal; put a pipe or a file in its place, or name a file"
    assert line in terminal.stderr


@pytest.mark.usefixtures("source")
def test_a_terminal_is_no_place_to_export_to(tmp_path, words, variables):
    side, screen = pty.openpty()
    done = forks.run([*COMMAND, *words("export")], environment(tmp_path) | variables, stdout=screen)
    os.close(screen)
    os.close(side)
    assert done.returncode == 78
    assert b"standard output is a terminal; put a pipe or a file in its place" in done.stderr


@pytest.mark.parametrize("table", ["slots", "connections", "secrets", "fingerprints", "runs"])
@pytest.mark.parametrize("place", ["file", "server"])
def test_an_import_that_is_killed_has_changed_nothing(
    request, source, tmp_path, words, variables, table, place
):
    cli(tmp_path, *words("export", tmp_path / "out.jsonl"), **variables)
    if place == "server":
        url = request.getfixturevalue("postgres").new_url()
        variables["TARGET_CONSTANT_CONTACT_STORE_URL"] = url
        target = PostgresServer(url)
    else:
        target = SqliteFile(tmp_path / "target" / "store.sqlite")
    fill(target, {})
    command = words("import", tmp_path / "out.jsonl", "target")
    killed = forks.run(
        [sys.executable, "-c", KILLED, table, *command], environment(tmp_path) | variables
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert not any(rows_in(target).values())
    again = cli(tmp_path, *command, **variables)
    assert again.returncode == 0, again.stderr
    assert rows_in(target) == rows_in(source)
    target.close()


def test_an_export_that_is_killed_leaves_no_file(source, tmp_path, words, variables):
    out = tmp_path / "out.jsonl"
    killed = forks.run(
        [sys.executable, "-c", KILLED_AT_THE_END, *words("export", out), "--forget"],
        environment(tmp_path) | variables,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert not out.exists()
    assert len(rows_in(source)["connections"]) == 2
    assert cli(tmp_path, *words("export", out), **variables).returncode == 0
    assert out.exists()
