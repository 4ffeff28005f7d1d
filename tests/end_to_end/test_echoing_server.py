"""A server that puts what it was sent into all that it says, and what is left of it: nothing."""

from __future__ import annotations

import json
import logging
from contextlib import closing
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pytest

from target_constant_contact.data_folder import DataFolder
from target_constant_contact.sandbox import Behaviour, Fault, Sandbox
from target_constant_contact.sandbox.endpoints.echo import ADDRESS
from target_constant_contact.store.opening import open_store
from target_constant_contact.store.place import StorePlace
from target_constant_contact.store.schema import METADATA
from tests.end_to_end import faults
from tests.end_to_end.faults import ENDPOINTS, JSON_IMPORT, Endpoint
from tests.support.commands import call, config_file
from tests.support.connections import Connections
from tests.support.process import cli
from tests.support.secrets import HIDDEN, addresses_in, given_away, handed_out
from tests.support.target import lines, record, run, settings_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CLIENT_ID = "an-app"
CLIENT_SECRET = "Zq7-Wd2.Rk9_Xt4~Mb6"
REFUSALS = ["echo_400", "echo_401", "echo_403", "echo_429", "echo_503"]
ACTIONS = [*REFUSALS, "echo_names", "echo_states"]
WAYS = {
    "refused": ("echo_429", "echo_401", "echo_400"),
    "not there": ("echo_503",),
    "names": ("echo_names",),
    "states": ("echo_states",),
}
"""What an endpoint echoes by turns, the last one for good. How a status is read, and what is tried
again, is the same for all of them; what is made of a refusal in the end is the endpoint's own."""
PEOPLE = [f"member{n}@example.com" for n in range(6)] + ["una.subscribed@example.com", ADDRESS]
LOST = frozenset({"member1@example.com"})


class Machine:
    """An account, a data folder, and everything that was said or left behind."""

    def __init__(self, sandbox: Sandbox, folder: Path, secrets: set[str]) -> None:
        self.sandbox, self.folder, self.secrets = sandbox, folder, secrets
        self.data = folder / "data"
        self.said: list[str] = []
        self.field = sandbox.create_custom_field("Night tier")
        self.settings = settings_for(sandbox, self.data) | {
            "access_token": None,
            "auth_url": sandbox.auth_url,
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "refresh_token": sandbox.mint_refresh_token(client_id=CLIENT_ID),
            "account": "Sandbox Trading Co.",
            "lists": "Fresh list",
            "create_lists": True,
            "field_mapping": {"email": "email", "first_name": "name", f"cf:{self.field}": "tier"},
            "max_active_contacts": 10_000,
            "max_activities_in_flight": 1,
            "batch_size_rows": 4,
            "import_timeout_minutes": 0.01,
        }

    def load(self, **settings: Any) -> None:
        log = logging.getLogger()
        before = log.level
        log.setLevel(logging.DEBUG)
        try:
            with faults.in_no_time():
                done = run(self.settings | settings, *faults.messages(), record(email="nobody"))
        finally:
            log.setLevel(before)
        assert len(done.stdout.splitlines()) == len(done.states)
        self.said += [done.log, done.stdout]

    def command(self, *words: str, text: str = "", **settings: Any) -> None:
        config = config_file(self.folder, **(self.settings | settings))
        with faults.in_no_time():
            done = call(*words, "--config", config, text=text)
        self.said += [done.stdout, done.stderr, done.log]

    def files(self) -> Iterator[tuple[Path, str]]:
        for path in self.folder.rglob("*"):
            if path.is_file() and path.name != "config.json":
                yield path, path.read_bytes().decode("latin-1")

    def assert_clean(self) -> None:
        """Nothing of a request, and no control character, in what was said and written."""
        for text in self.said:
            assert given_away(text, self.secrets) == [], text
            assert addresses_in(text, PEOPLE) == [], text
            assert HIDDEN.findall(text) == [], text
            assert not [line for line in text.splitlines() if line.startswith("2026-01-01")]
        for path, text in self.files():
            if not path.name.startswith("store.sqlite"):
                assert given_away(text, self.secrets) == [], path
            if not path.name.startswith("rejects"):
                assert addresses_in(text, PEOPLE) == [], path
            if path.suffix in {".json", ".jsonl"}:
                assert HIDDEN.findall(path.read_text()) == [], path
        for told in self.stored():
            assert given_away(told, self.secrets) == [], told

    def stored(self) -> Iterator[str]:
        """All that is in the store but the tokens of connections, which are to be there."""
        with closing(open_store(StorePlace(DataFolder(self.data)))) as database:
            for table in METADATA.sorted_tables:
                rows = database.run(lambda c, table=table: c.execute(table.select()).all())
                if table.name != "connections":
                    yield from map(str, rows)
        store = Connections(self.data)
        for found in map(store.read, store.names()):
            tokens = {"refresh_token": "", "access_token": "", "seed": "", "sent": ""}
            yield json.dumps(asdict(found) | tokens)


@pytest.fixture
def secrets(monkeypatch) -> set[str]:
    """Every secret that the sandbox has handed out, and that of the application."""
    return handed_out(monkeypatch, CLIENT_SECRET)


@pytest.fixture
def machine(tmp_path, secrets):
    behaviour = Behaviour(
        seconds_to_start=0, seconds_to_finish=0, line_errors=True, dropped_addresses=LOST
    )
    with Sandbox(behaviour=behaviour) as sandbox:
        sandbox.add_application(CLIENT_ID, CLIENT_SECRET)
        yield Machine(sandbox, tmp_path, secrets)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.title)
def test_a_load_shows_nothing_of_what_one_endpoint_echoes(machine, endpoint: Endpoint, way):
    for fault in endpoint.before:
        machine.sandbox.add_fault(fault)
    *passing, last = WAYS[way]
    for action in passing:
        machine.sandbox.add_fault(Fault(endpoint.method, endpoint.path, action))
    machine.sandbox.add_fault(Fault(endpoint.method, endpoint.path, last, times=None))
    machine.load(**endpoint.settings)
    assert any("forged" in text for text in machine.said) or last not in REFUSALS
    machine.assert_clean()


@pytest.mark.parametrize("action", ["echo_401", "echo_403", "echo_429"])
@pytest.mark.parametrize("endpoint", [ENDPOINTS[2], ENDPOINTS[6]], ids=lambda found: found.title)
def test_a_load_shows_nothing_of_what_is_echoed_with_a_status(machine, endpoint, action):
    machine.sandbox.add_fault(Fault(endpoint.method, endpoint.path, action, times=None))
    machine.load()
    assert any("forged" in text for text in machine.said)
    machine.assert_clean()


@pytest.mark.parametrize("action", ACTIONS)
def test_a_load_shows_nothing_of_what_all_endpoints_echo(machine, action):
    machine.sandbox.add_fault(Fault(action=action, times=None))
    machine.load()
    machine.assert_clean()


def test_a_load_that_comes_to_its_end_shows_nothing_of_what_is_echoed_on_its_way(machine):
    """Each request is refused once, and every name in the answers is an echo."""
    for endpoint in ENDPOINTS:
        if endpoint.path != JSON_IMPORT:
            fault = Fault(endpoint.method, endpoint.path, "echo_503", nth=1)
            machine.sandbox.add_fault(fault)
    for path in ("/contact_lists", "/activities/*", "/contacts", "/account/summary"):
        machine.sandbox.add_fault(Fault(path=path, action="echo_names", times=None))
    machine.load(account=None, verify="always")
    assert "landed" in machine.said[0]
    machine.assert_clean()


@pytest.mark.parametrize(
    ("words", "action"),
    [
        *((words, action) for words in (("check",), ("check", "--json")) for action in ACTIONS),
        *(
            (words, action)
            for words in (
                ("lists",),
                ("lists", "--json"),
                ("lists", "--create", "Another"),
                ("fields",),
                ("fields", "--json"),
                ("fields", "--create", "Another"),
                ("connections",),
                ("connections", "--json"),
            )
            for action in ("echo_400", "echo_503", "echo_names")
        ),
    ],
    ids=lambda found: found if isinstance(found, str) else " ".join(found),
)
def test_a_command_shows_nothing_of_what_is_echoed(machine, words, action):
    machine.sandbox.add_fault(Fault(path="/token", action="echo_names", times=None))
    machine.command("check")
    machine.sandbox.add_fault(Fault(action=action, times=None))
    machine.command(*words)
    machine.command("runs", "show")
    machine.assert_clean()


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("path", ["/device/authorize", "/token", "/account/summary"])
def test_a_sign_in_shows_nothing_of_what_is_echoed(machine, path, action):
    machine.sandbox.add_fault(Fault(path=path, action=action, times=None))
    words = ("login", "--device", "--agree", "--yes", "--agreed-by", "A person")
    machine.sandbox.behaviour = Behaviour(device_code_seconds=0.2, device_interval=0)
    machine.command(*words, refresh_token=None, account=None)
    machine.command("login", "--no-browser", "--agree", "--yes", text="?state=x&code=1234567890ab")
    machine.assert_clean()


@pytest.mark.parametrize("log", ["console", "structured"])
@pytest.mark.parametrize("action", ["echo_400", "echo_names", "echo_states"])
def test_a_process_shows_nothing_of_what_is_echoed(machine, action, log):
    """At DEBUG, as people and as Meltano have it logged."""
    machine.sandbox.add_fault(Fault("*", "/contact_*", action=action, times=None))
    machine.sandbox.add_fault(Fault("*", "/activities/*", action=action, times=None))
    formatter = {"console": "ConsoleFormatter", "structured": "StructuredFormatter"}[log]
    config = {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"one": {"()": f"singer_sdk.logging.{formatter}"}},
        "handlers": {"one": {"class": "logging.StreamHandler", "formatter": "one"}},
        "root": {"level": "DEBUG", "handlers": ["one"]},
    }
    path = machine.folder / "logging.yaml"
    path.write_text(json.dumps(config))
    done = cli(
        machine.folder,
        "--config",
        str(config_file(machine.folder, **machine.settings)),
        stdin=lines(*faults.messages()),
        SINGER_SDK_LOG_CONFIG=str(path),
    )
    assert "forged" in done.stderr or action not in REFUSALS
    assert "debug" in done.stderr.lower()
    events = done.stderr.splitlines()
    if log == "structured":
        assert all(json.loads(event) for event in events)
    else:
        assert all(event[:4].isdigit() for event in events)
    machine.said = [done.stdout, done.stderr]
    machine.assert_clean()
