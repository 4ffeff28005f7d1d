"""With everything switched on that shows a run, nothing that is shown holds anything of a row."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from target_constant_contact.events.kinds import RunBegun, RunEnded
from target_constant_contact.listeners import registry
from target_constant_contact.sandbox import Fault
from target_constant_contact.singer.target import TargetConstantContact
from tests.support.collector import Collector
from tests.support.commands import call, config_file
from tests.support.target import TEXT, record, run, schema, settings_for, state
from tests.support.year import Account

IMPORT = "/activities/contacts_json_import"
OF_A_ROW = re.compile("quokka|wombat|numbat|%40", re.IGNORECASE)
"""What is in all addresses and names of the input, and in nothing else."""
FOR_PEOPLE = {"rejects.singer.jsonl"}
"""Files that have rows in them so that somebody corrects them."""
LISTENERS = {begin.__module__.rpartition(".")[2] for begin in registry.LISTENERS}
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


class Terminal(io.StringIO):
    """What a person sees."""

    def isatty(self) -> bool:
        return True


class Receiver:
    """Takes whatever is sent to it."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.taken.append(f"{self.path}\n{self.headers}\n{body.decode()}")
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.place = f"127.0.0.1:{self._server.server_port}"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, args=[0.05]).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class Shown:
    """Loads and sweeps with everything on, and all that they show."""

    def __init__(self, sandbox, folder, collector, receiver):
        self.collector, self.receiver = collector, receiver
        self.events, self.folder = [], folder / "data"
        self._screen, self._log = Terminal(), io.StringIO()
        entry = {"stream": "members", "lists": "Newsletter", "load_method": "overwrite"}
        wanted = {
            "alert_urls": [f"json://{receiver.place}/apprise"],
            "alert_webhooks": [f"http://{receiver.place}/webhook"],
            "alert_secret": "a key of more than sixteen characters",
            "alert_on": ["failed", "recovered", "rejected", "removed", "shrunk"],
        }
        known = TargetConstantContact.settings_schema()["properties"]
        self.config = settings_for(sandbox, self.folder, segments=[entry], batch_size_rows=5)
        self.config |= {name: value for name, value in wanted.items() if name in known}
        del self.config["lists"]
        self._file = config_file(folder, **self.config)

    def load(self, *messages, **settings):
        with contextlib.redirect_stderr(self._screen), self._logged():
            return run(self.config | settings, *(messages or ROWS))

    def sweep(self):
        with contextlib.redirect_stderr(self._screen), self._logged():
            done = call("sweep", "--config", self._file)
        self._log.write(done.stdout + done.stderr)
        return done

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
        yield "screen", self._screen.getvalue()
        for body in self.collector.bodies:
            yield "telemetry", body.decode("utf-8", errors="replace")
        yield from (("alert", taken) for taken in self.receiver.taken)
        for path in self.folder.rglob("*"):
            if path.is_file() and path.name not in FOR_PEOPLE:
                yield path.name, path.read_bytes().decode("utf-8", errors="replace")


@pytest.fixture
def shown(sandbox, tmp_path, monkeypatch):
    with Collector() as collector, Receiver() as receiver:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        logging.getLogger().setLevel(logging.DEBUG)
        shown = Shown(sandbox, tmp_path, collector, receiver)

        def listen(source, _settings, _database):
            source.listen(shown.events.append)

        monkeypatch.setattr(registry, "LISTENERS", (*registry.LISTENERS, listen))
        yield shown


def found(shown):
    """What of a row stands where."""
    return {(place, match[0]) for place, text in shown.texts() for match in OF_A_ROW.finditer(text)}


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
    texts = {place: text for place, text in shown.texts() if len(text) > 20}
    assert ("run_page" in LISTENERS) == ("report.html" in texts)
    assert ("alerts" in LISTENERS) == ("alert" in texts)
    assert ("progress" in LISTENERS) == ("screen" in texts)


def test_what_the_input_holds_is_looked_for(shown, tmp_path):
    """Guards the tests above: the file for people has it, and a search there finds it."""
    shown.load()
    (rejects,) = tmp_path.glob("data/runs/*/rejects.singer.jsonl")
    rows = [json.loads(line) for line in rejects.read_text().splitlines()]
    assert len([row for row in rows if row["type"] == "RECORD"]) == 4
    assert OF_A_ROW.search(rejects.read_text())
