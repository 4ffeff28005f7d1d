"""With everything switched on that shows a run, nothing that is shown holds anything of a row."""

from __future__ import annotations

import contextlib
import fcntl
import io
import json
import logging
import os
import pty
import re
import struct
import termios
import threading

import pytest

from target_constant_contact.events.kinds import RunBegun, RunEnded
from target_constant_contact.progress import reporter
from target_constant_contact.sandbox import Fault
from tests.support.collector import Collector
from tests.support.commands import call, config_file
from tests.support.receivers import inbox
from tests.support.results import tell
from tests.support.target import TEXT, record, run, schema, settings_for, state
from tests.support.year import Account

IMPORT = "/activities/contacts_json_import"
OF_A_ROW = re.compile("quokka|wombat|numbat|%40", re.IGNORECASE)
"""What is in all addresses and names of the input, and in nothing else."""
FOR_PEOPLE = {"rejects.singer.jsonl"}
"""Files that have rows in them so that somebody corrects them."""
ROWS = [
    schema(EmailAddress=TEXT, FirstName=TEXT, Notes=TEXT),
    *(
        record(
            EmailAddress=f"quokka{number}@wombat.example",
            FirstName=f"Numbat{number}",
            Notes=f"also known as quokka.{number}@wombat.example",
        )
        for number in range(12)
    ),
    record(EmailAddress="quokka97 at wombat.example", FirstName="Numbat"),
    record(EmailAddress="quokka98@@wombat.example", FirstName="Numbat", Notes=""),
    record(EmailAddress="", FirstName="quokka99@wombat.example"),
    record(EmailAddress=f"quokka{'9' * 90}@wombat.example", FirstName="Numbat"),
    state(1),
]


class Terminal:
    """What a person sees.

    Attributes:
        stream: Leads there.
        seen: All that has come.
    """

    def __init__(self) -> None:
        self._side, descriptor = pty.openpty()
        fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.stream = os.fdopen(descriptor, "w", encoding="utf-8")
        self.seen = ""
        self._reader = threading.Thread(target=self._read)

    def __enter__(self):
        self._reader.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stream.close()
        self._reader.join()
        os.close(self._side)

    def _read(self) -> None:
        # Linux raises where others say that this is the end.
        with contextlib.suppress(OSError):
            while piece := os.read(self._side, 1 << 16):
                self.seen += piece.decode(errors="replace")


class Shown:
    """Loads and sweeps with everything on, and all that they show."""

    def __init__(self, sandbox, folder, events, collector, receiver, terminal):
        self.collector, self.receiver, self._terminal = collector, receiver, terminal
        self.events, self.folder = events, folder / "data"
        self._log = io.StringIO()
        entry = {"stream": "members", "lists": "Newsletter", "load_method": "overwrite"}
        self.config = settings_for(
            sandbox,
            self.folder,
            segments=[entry],
            batch_size_rows=5,
            alert_urls=[f"json://{receiver.place}/apprise"],
            alert_webhooks=[f"http://{receiver.place}/webhook"],
            alert_secret="a key of more than sixteen characters",
            alert_on=["failed", "recovered", "rejected", "removed", "shrunk"],
        )
        del self.config["lists"]
        self._file = config_file(folder, **self.config)

    def load(self, *messages, **settings):
        with contextlib.redirect_stderr(self._terminal.stream), self._logged():
            return run(self.config | settings, *(messages or ROWS))

    def sweep(self):
        with contextlib.redirect_stderr(self._terminal.stream), self._logged():
            done = call("sweep", "--config", self._file)
        self._log.write(done.stdout + done.stderr)
        return done

    def looked_at(self):
        """What is made of the runs afterwards, each with the name of its place."""
        page = self.folder / "all-runs.html"
        assert call("runs", "--config", self._file, "--html", page).exit_code == 0
        for words in (["runs"], ["runs", "--json"], ["runs", "show"]):
            done = call(words[0], *words[1:], "--config", self._file)
            yield " ".join(words), done.stdout + done.stderr + done.log
        results = tell(data_dir=str(self.folder))
        assert results.runs()
        yield "results", results.stdout + results.log

    @contextlib.contextmanager
    def _logged(self):
        handler = logging.StreamHandler(self._log)
        logging.getLogger().addHandler(handler)
        try:
            yield
        finally:
            logging.getLogger().removeHandler(handler)

    def texts(self):
        """All that was shown, each with the name of its place."""
        yield from ((type(event).__name__, repr(event)) for event in self.events)
        yield "log", self._log.getvalue()
        yield "screen", self._terminal.seen
        for body in self.collector.bodies:
            yield "telemetry", body.decode("utf-8", errors="replace")
        for post in self.receiver.posts:
            yield "alert", f"{post.path} {post.headers} {post.body.decode()}"
        for path in self.folder.rglob("*"):
            if path.is_file() and path.name not in FOR_PEOPLE:
                yield path.name, path.read_bytes().decode("utf-8", errors="replace")


@pytest.fixture
def shown(sandbox, tmp_path, monkeypatch, told):
    monkeypatch.setenv("TERM", "xterm-256color")
    # So that also the shortest run is drawn.
    monkeypatch.setattr(reporter, "PICTURE_SECONDS", 0.005)
    with Collector() as collector, inbox() as receiver, Terminal() as terminal:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        logging.getLogger().setLevel(logging.DEBUG)
        yield Shown(sandbox, tmp_path, told, collector, receiver, terminal)


def found(shown):
    """What of a row stands where."""
    texts = [*shown.looked_at(), *shown.texts()]
    return {(place, match[0]) for place, text in texts for match in OF_A_ROW.finditer(text)}


def test_nothing_of_a_row_is_shown_by_runs_that_fail_recover_and_take_people_off(
    shown, sandbox, behave
):
    behave(flagged_addresses=frozenset({"quokka1@wombat.example"}))
    assert shown.load().exit_code == 0
    assert shown.sweep().exit_code == 0
    Account(sandbox).unsubscribe("quokka2@wombat.example")
    sandbox.add_fault(Fault("POST", IMPORT, action="echo_400"))
    assert shown.load().exit_code != 0
    assert shown.load(*ROWS[:8], state(2), max_rejected_percent=100).exit_code == 0
    shown.sweep()
    assert found(shown) == set()


def test_nothing_of_a_row_is_shown_of_rows_that_are_lost(shown, behave):
    behave(rows_lost=1)
    assert shown.load().exit_code == 65
    assert found(shown) == set()


def test_everything_is_on(shown):
    """Guards the tests above: each place has something to look at."""
    shown.load()
    places = {place for place, _ in shown.texts()}
    assert places >= {"RunBegun", "RowsRejected", "RunEnded", "log", "telemetry", "report.json"}
    assert {RunBegun, RunEnded} <= set(map(type, shown.events))
    texts = {place for place, text in shown.texts() if len(text) > 20}
    assert texts >= {"report.html", "alert", "screen"}


def test_what_the_input_holds_is_looked_for(shown, tmp_path):
    """Guards the tests above: the file for people has it, and a search there finds it."""
    shown.load()
    (rejects,) = tmp_path.glob("data/runs/*/rejects.singer.jsonl")
    rows = [json.loads(line) for line in rejects.read_text().splitlines()]
    assert len([row for row in rows if row["type"] == "RECORD"]) == 4
    assert OF_A_ROW.search(rejects.read_text())
