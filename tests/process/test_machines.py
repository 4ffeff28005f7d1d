"""A machine whose disk is gone after each step does what one with a disk does."""

from __future__ import annotations

import json
import signal
import time

import pytest

from target_constant_contact.sandbox import Behaviour, Sandbox
from tests.support.process import COMMAND, TargetProcess, cli, environment
from tests.support.stores import Store
from tests.support.target import member, read_report, schema, settings_for, state
from tests.support.terminal import Terminal, sign_in

ROWS, BATCH = 40, 5


@pytest.fixture
def sandbox():
    behaviour = Behaviour(seconds_to_start=0, seconds_to_finish=0.1, device_interval=0)
    with Sandbox(behaviour=behaviour) as account:
        yield account


@pytest.fixture(params=["file", "server"])
def store(request, tmp_path):
    is_shared = request.param == "server"
    url = request.getfixturevalue("postgres").new_url() if is_shared else None
    return Store(tmp_path / "machines", url)


class Fleet:
    """Machines, one after the other, each gone when the next one begins."""

    def __init__(self, sandbox, folder, store):
        self._store, self._folder = store, folder
        settings = settings_for(sandbox, folder / "unused", batch_size_rows=BATCH)
        del settings["access_token"], settings["data_dir"]
        self._settings = settings | {"auth_url": sandbox.auth_url, "connection": "shop"}

    def log_in(self, sandbox):
        """Sign in on a laptop, and bring the connection to the store of the machines."""
        laptop = self._settings | {"data_dir": str(self._folder / "laptop")}
        laptop["store_key"] = self._store.key
        config = self._write("laptop", laptop)
        arguments = ["--client-id", "sandbox-app", "--device", "--agreed-by", "Ada"]
        words = [*COMMAND, "login", "--config", config, *arguments]
        with Terminal(words, self._folder, environment(self._folder)) as terminal:
            sign_in(terminal, sandbox)
            assert terminal.wait() == 0, terminal.everything
        moved = self._folder / "moved"
        self.command("store", "export", str(moved), config=config)
        self.command("store", "import", str(moved))

    def command(self, *words, config=None):
        """What a command prints."""
        config = config or self._write(
            "command", self._config("another") | {"store_key": self._store.key}
        )
        done = cli(self._folder, *words, "--config", str(config))
        assert done.returncode == 0, done.stderr
        return done.stdout

    def interrupt(self, machine, rows):
        """A run that is killed when so many rows have landed."""
        run = TargetProcess(self._config(machine), self._folder).start()
        run.write(schema(), *map(member, range(rows)))
        deadline = time.monotonic() + 30
        while run.stderr.count("rows landed") < rows // BATCH:
            assert time.monotonic() < deadline, run.stderr
            time.sleep(0.05)
        run.send_signal(signal.SIGKILL)
        run.wait()
        self._store.forget(machine)

    def run(self, machine):
        """A run to its end: its STATE, and the counts of its report."""
        run = TargetProcess(self._config(machine), self._folder).start()
        run.write(schema(), *map(member, range(ROWS)), state("end"))
        run.close_input()
        assert run.wait() == 0, run.stderr
        folders = self._store.data_dir(machine).glob("runs/*")
        reports = [found for folder in sorted(folders) if (found := read_report(folder))]
        self._store.forget(machine)
        return run.states, reports[-1]["totals"]

    def _config(self, machine):
        return self._settings | self._store.settings(machine)

    def _write(self, name, settings):
        path = self._folder / f"{name}.json"
        path.write_text(json.dumps(settings))
        return path


def test_a_night_that_is_interrupted_is_taken_up_where_the_disk_of_the_first_is_gone(
    sandbox, tmp_path, store
):
    """Login on a laptop, a run that is killed, one that takes it up, and the night after."""
    fleet = Fleet(sandbox, tmp_path, store)
    fleet.log_in(sandbox)
    half = ROWS // 2
    fleet.interrupt("first", half)
    assert len(sandbox.activities()) == half // BATCH
    states, totals = fleet.run("second")
    assert states == ["end"]
    assert {name: count for name, count in totals.items() if count} == {
        "read": ROWS,
        "landed": ROWS,
    }
    assert len(sandbox.activities()) == ROWS // BATCH
    sandbox.revoke_access_tokens()
    states, totals = fleet.run("third")
    assert states == ["end"]
    assert totals["landed"] == ROWS
    # A run that has ended well is not taken up: the next night is really sent.
    assert len(sandbox.activities()) == 2 * ROWS // BATCH
    assert sandbox.reused_refresh_tokens == 0
    runs = json.loads(fleet.command("runs", "--json"))
    assert len(runs) == 3
