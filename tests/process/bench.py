"""An account and data folders, and runs against them that may be killed.

Starting Python takes longer than a small run, so the runs are forked from a process that has
imported everything.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from typing import IO, TYPE_CHECKING, Any

from tests.support import forks
from tests.support.process import environment, peak_kilobytes
from tests.support.stores import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

IMPORTS = ("contacts_json_import", "contacts_file_import")
CLIENT = "sandbox-public"
WAITS = {"seconds_to_start": (0.0, 0.1), "seconds_to_finish": (0.0, 0.4)}
"""Ranges, so that later activities may end first."""

_SERVICE = """
import json, sys
from pathlib import Path
from target_constant_contact.sandbox import Behaviour, Fault, Sandbox
path, client, behaviour, faults = sys.argv[1:]
behaviour = {name: tuple(value) if isinstance(value, list) else value
             for name, value in json.loads(behaviour).items()}
with Sandbox(Path(path), behaviour=Behaviour(**behaviour)) as sandbox:
    for fault in json.loads(faults):
        sandbox.add_fault(Fault(**fault))
    found = {
        "api_url": sandbox.api_url,
        "auth_url": sandbox.auth_url,
        "client_id": client,
        "access_token": sandbox.mint_token(client_id=client),
        "refresh_token": sandbox.mint_refresh_token(client_id=client),
    }
    print(json.dumps(found), flush=True)
    for _ in sys.stdin:
        print(sandbox.mint_refresh_token(client_id=client), flush=True)
"""

_FORKS = """
import os, sys
import psycopg
import target_constant_contact.account.account
import target_constant_contact.run.run
import target_constant_contact.store.opening
import target_constant_contact.store.postgres
import target_constant_contact.store.sqlite
from target_constant_contact import waiting
from target_constant_contact.cli import main
from target_constant_contact.store.driver import PatientConnection
# The account works in tenths of seconds where the service takes minutes.
waiting.POLL_SECONDS = (0.05, 0.1, 0.2, 0.4)
# A server that stands still is waited for less long than its longest answer may take.
PatientConnection.patience = 3.0
for line in sys.stdin:
    config, messages, output, log, *words = line.split()
    pid = os.fork()
    if pid == 0:
        for number, path, flags in ((0, messages, os.O_RDONLY),
                                    (1, output, os.O_WRONLY | os.O_CREAT | os.O_APPEND),
                                    (2, log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)):
            os.dup2(os.open(path, flags, 0o600), number)
        sys.stdin = open(0, encoding="utf-8")
        sys.argv = ["target-constant-contact", *words, "--config", config]
        try:
            main()
        except SystemExit as ended:
            sys.stdout.flush()
            os._exit(ended.code if isinstance(ended.code, int) else int(bool(ended.code)))
        os._exit(0)
    print(pid, flush=True)
    _, status = os.waitpid(pid, 0)
    print(os.waitstatus_to_exitcode(status), flush=True)
"""


@dataclass(frozen=True)
class Left:
    """What a run has left in the ledger.

    Attributes:
        sent: Batches that it holds.
        in_doubt: Those whose answer had not arrived.
        is_open: Whether they may be taken up.
        written: When it was written to.
    """

    sent: int
    in_doubt: int
    is_open: bool
    written: float


def kill(pid: int) -> None:
    """Kill a run, unless it has ended already."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


class Bench:
    """An account and a data folder of their own, and runs against them.

    Args:
        folder: Where everything goes.
        messages: The stream of every run.
        forks: The process that the runs are forked from.
        settings: Settings beyond the usual ones.
        seed: Seeds the order in which activities end.
        faults: Trouble that the account makes.
        renews: Whether runs have a refresh token, and not an access token that lasts.
        waits: How long activities take.
        store: Where the runs keep what lasts; on a server each run is on a machine of its own,
            whose folder is gone before the next one. By default a file, which they share.

    Attributes:
        peak_kilobytes: The most memory that a run has held.
        ahead: Bookmarks that came before all up to them had landed.
    """

    def __init__(
        self,
        folder: Path,
        messages: Path,
        forks: subprocess.Popen[str],
        settings: dict[str, Any],
        seed: int,
        faults: tuple[dict[str, Any], ...] = (),
        *,
        renews: bool = False,
        waits: dict[str, Any] = WAITS,
        store: Store | None = None,
    ) -> None:
        folder.mkdir(parents=True)
        self.store = store or Store(folder / "machines")
        self._folder = folder
        self._messages = messages
        self._forks = forks
        self._account = folder / "account.sqlite"
        self._runs = 0
        self.peak_kilobytes = 0
        self.ahead: list[Any] = []
        behaviour = json.dumps(waits | {"seed": seed})
        service = (str(self._account), CLIENT, behaviour, json.dumps(faults))
        self._service = _start(_SERVICE, folder, *service)
        signed_in = json.loads(_line(self._service))
        # A kill may use a refresh token up for good, which test_tokens is about.
        del signed_in["access_token" if renews else "refresh_token"]
        self.config = (
            signed_in
            | {
                "accept_data_transfer": True,
                "segments": [
                    {"stream": "newsletter", "lists": ["Newsletter"]},
                    {"stream": "loyalty", "lists": ["Loyalty"]},
                ],
                "create_lists": True,
                "max_activities_in_flight": 16,
                "requests_per_second": 10_000,
                "requests_per_day": 1_000_000,
            }
            | settings
        )

    def bring(self, messages: Path) -> None:
        """Have all runs from now on read another stream."""
        self._messages = messages

    def sign_in_again(self) -> None:
        """Set a new refresh token, as somebody does whose last one is lost."""
        _tell(self._service, "")
        self.config["refresh_token"] = _line(self._service)

    def sweep(self, moment: float | None = None) -> tuple[int, float]:
        """Sweep once; return the exit code, and the seconds that it took.

        Args:
            moment: Seconds after which the sweep is killed.
        """
        return self.run(moment, words="sweep")

    def run(
        self,
        moment: float | None = None,
        then: Callable[[int], object] = kill,
        *,
        words: str = "",
    ) -> tuple[int, float]:
        """Run once; return the exit code, and the seconds that it took.

        Args:
            moment: Seconds after which something happens to the run.
            then: What happens, told the run's process: by default it is killed.
            words: Of the command line, for a command instead of a run.
        """
        self.store.forget(f"machine-{self._runs}")
        self._runs += 1
        settings = self.config | self.store.settings(f"machine-{self._runs}")
        (self._folder / "config.json").write_text(json.dumps(settings))
        names = ("config.json", "said" if words else "output", "log")
        config, output, log = (str(self._folder / name) for name in names)
        started = time.monotonic()
        _tell(self._forks, f"{config} {self._messages} {output} {log} {words}")
        pid = int(_line(self._forks))
        ended = threading.Event()
        watcher = threading.Thread(target=self._watch, args=(pid, ended))
        watcher.start()
        if moment is not None:
            time.sleep(moment)
            then(pid)
        code, seconds = int(_line(self._forks)), time.monotonic() - started
        ended.set()
        watcher.join()
        return code, seconds

    def _watch(self, pid: int, ended: threading.Event) -> None:
        known = len(self.states())
        while not ended.wait(0.05):
            self.peak_kilobytes = max(self.peak_kilobytes, peak_kilobytes(pid))
            for bookmark in self.states()[known:]:
                known += 1
                if not self._landed_until(bookmark):
                    self.ahead.append(bookmark)

    def _landed_until(self, bookmark: int) -> bool:
        with self._messages.open() as messages:
            found = (json.loads(line) for line in messages)
            records = (one["record"] for one in found if one["type"] == "RECORD")
            people = {one["email"] for one in islice(records, bookmark)} - {"nobody"}
        with self._asking() as db:
            return people <= {key for (key,) in db.execute("SELECT email_key FROM contacts")}

    def left(self) -> Left:
        """What the ledger holds for the next run."""
        entries = self.store.rows("entries")
        return Left(
            sent=len(entries),
            in_doubt=sum(entry["state"] in {"sent", "lost"} for entry in entries),
            is_open=bool(self.store.rows("open_runs")),
            written=sum(row["written_at"] for row in self.store.rows("exports")),
        )

    def states(self) -> list[Any]:
        """The bookmarks that the runs have written."""
        output = self._folder / "output"
        # One that has just begun has written none, and half a line is none.
        written = output.read_text().split("\n")[:-1] if output.exists() else []
        return [json.loads(line)["bookmark"] for line in written]

    def imported(self) -> list[int]:
        """Rows of each import that the account has taken."""
        with self._asking() as db:
            marks = ", ".join("?" * len(IMPORTS))
            query = f"SELECT rows FROM activities WHERE kind IN ({marks})"
            return [rows for (rows,) in db.execute(query, IMPORTS)]

    def state_of_account(self) -> str:
        """A hash of every contact with its properties, permission and lists."""
        digest = hashlib.sha256()
        with self._asking() as db:
            contacts = "SELECT email_key, properties, permission FROM contacts ORDER BY email_key"
            for email, properties, permission in db.execute(contacts):
                row = [email, sorted(json.loads(properties).items()), permission]
                digest.update(json.dumps(row).encode())
            members = (
                "SELECT l.name, c.email_key FROM memberships m"
                " JOIN lists l ON l.seq = m.list_seq JOIN contacts c ON c.seq = m.contact_seq"
                " ORDER BY l.name, c.email_key"
            )
            for row in db.execute(members):
                digest.update(json.dumps(row).encode())
        return digest.hexdigest()

    def lists(self) -> set[str]:
        """Names of the lists that there are."""
        with self._asking() as db:
            query = "SELECT name FROM lists WHERE deleted_at IS NULL"
            return {name for (name,) in db.execute(query)}

    def log(self) -> str:
        """What the runs have logged."""
        return (self._folder / "log").read_text()

    def close(self) -> None:
        """End the account's server."""
        _end(self._service)

    @contextmanager
    def _asking(self) -> Iterator[sqlite3.Connection]:
        db = sqlite3.connect(self._account, timeout=30)
        try:
            yield db
        finally:
            db.close()


@contextmanager
def forking(folder: Path, before: str = "") -> Iterator[subprocess.Popen[str]]:
    """The process that runs are forked from.

    Args:
        folder: Its home.
        before: Lines that it carries out first.
    """
    process = _start(before + _FORKS, folder)
    try:
        yield process
    finally:
        _end(process)


def _start(program: str, folder: Path, *arguments: str) -> subprocess.Popen[str]:
    return forks.started(
        [sys.executable, "-c", program, *arguments],
        environment(folder),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _tell(process: subprocess.Popen[str], line: str) -> None:
    assert process.stdin
    process.stdin.write(line + "\n")
    process.stdin.flush()


def _line(process: subprocess.Popen[str]) -> str:
    stream: IO[str] | None = process.stdout
    assert stream
    found = stream.readline()
    assert found, "the process has ended"
    return found.strip()


def _end(process: subprocess.Popen[str]) -> None:
    assert process.stdin
    assert process.stdout
    process.stdin.close()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    process.stdout.close()
