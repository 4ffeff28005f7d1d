"""Real processes that share the limits of one key, seen from a real HTTP server."""

from __future__ import annotations

import itertools
import json
import logging
import subprocess
import sys
import time
from collections import Counter

import pytest

from target_constant_contact.sandbox import Behaviour, Fault, Sandbox
from tests.support import forks
from tests.support.process import TargetProcess, environment
from tests.support.target import lines, member, schema, settings_for, state

SECONDS = 20
_logger = logging.getLogger(__name__)

# One thread that does nothing else, so that the times are those of arrival.
SERVER = """
import json, selectors, socket, sys, time

selector = selectors.DefaultSelector()
listener = socket.create_server(("127.0.0.1", 0), backlog=50)
selector.register(listener, selectors.EVENT_READ)
selector.register(sys.stdin, selectors.EVENT_READ)
print(listener.getsockname()[1], flush=True)
arrivals, running = [], True
while running:
    ready = selector.select()
    now = time.monotonic()
    for key, _ in ready:
        if key.fileobj is sys.stdin:
            running = False
        elif key.fileobj is listener:
            connection, _ = listener.accept()
            selector.register(connection, selectors.EVENT_READ)
        elif request := key.fileobj.recv(65536):
            arrivals.append([now, request.split()[1].decode().strip("/")])
            key.fileobj.sendall(b"HTTP/1.1 204 No Content\\r\\n\\r\\n")
        else:
            selector.unregister(key.fileobj)
            key.fileobj.close()
print(json.dumps(arrivals))
"""

# Waits for a line, then asks as often as it may until the line's time, or so many times.
CLIENT = """
import http.client, json, pathlib, sys, time
from cryptography.fernet import Fernet
from target_constant_contact.api.limits.limiter import RateLimiter
from target_constant_contact.data_folder import DataFolder
from target_constant_contact.exceptions import QuotaExceededError
from target_constant_contact.store.opening import open_store
from target_constant_contact.store.place import StorePlace
from target_constant_contact.store.slots import Slots

name, folder, url, port, options = sys.argv[1:]
key = Fernet.generate_key().decode()
database = open_store(StorePlace(DataFolder(pathlib.Path(folder)), url or None, key=key))
limiter = RateLimiter(Slots(database), "key", **json.loads(options))
connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=30)
connection.connect()
print("ready", flush=True)
command = json.loads(sys.stdin.readline())
if penalty := command.get("penalty"):
    limiter.penalize(penalty)
    print("penalized", flush=True)
    command = json.loads(sys.stdin.readline())
passed = refused = 0
while time.time() < command.get("until", float("inf")) and passed + refused < command["tries"]:
    try:
        limiter.acquire(in_flight=command.get("in_flight", False))
    except QuotaExceededError:
        refused += 1
        continue
    connection.request("GET", f"/{name}")
    connection.getresponse().read()
    passed += 1
database.close()
print(json.dumps([passed, refused]))
"""


class Process:
    """A script that is told lines and tells lines, and is killed at the end of the test."""

    def __init__(self, home, script, *arguments):
        self._process = forks.started(
            [sys.executable, "-c", script, *arguments],
            environment(home),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def tell(self, **command):
        print(json.dumps(command), file=self._process.stdin, flush=True)

    def line(self):
        return json.loads(self._process.stdout.readline())

    def word(self):
        return self._process.stdout.readline().strip()

    def kill(self):
        self._process.kill()
        self._process.communicate(timeout=30)


class Room:
    """A server, and clients that share a key.

    Args:
        home: Of all.
        url: Of a database for clients on machines of their own. Without one they share a machine.
    """

    def __init__(self, home, url):
        self._home = home
        self._url = url
        self._server = Process(home, SERVER)
        self._port = self._server.word()
        self._all = [self._server]

    def clients(self, count, **options):
        """Clients that wait for a command."""
        made = [
            Process(
                self._home,
                CLIENT,
                str(n),
                str(self._home / (f"data-{n}" if self._url else "data")),
                self._url,
                self._port,
                json.dumps(options),
            )
            for n in range(count)
        ]
        self._all += made
        assert [client.word() for client in made] == ["ready"] * count
        return made

    def arrivals(self):
        """When requests arrived, and whose they were."""
        self._server.tell()
        return self._server.line()

    def close(self):
        for process in self._all:
            process.kill()


@pytest.fixture(params=["file", "server"])
def room(request, tmp_path):
    url = request.getfixturevalue("postgres").new_url() if request.param == "server" else ""
    one = Room(tmp_path, url)
    yield one
    one.close()


@pytest.mark.alone
def test_four_processes_share_a_key_fairly_and_within_its_limit(room):
    """At most 4 requests arrive in any second, and each process has its fair share of them."""
    clients = room.clients(4)
    for client in clients:
        client.tell(until=time.time() + SECONDS, tries=1_000)
    totals = [client.line()[0] for client in clients]
    arrivals = room.arrivals()
    times = [arrived for arrived, _ in arrivals]
    spans = [fifth - first for first, fifth in zip(times, times[4:], strict=False)]
    figures = {"total": len(times), "shares": totals, "shortest five": min(spans)}
    _logger.info("%s", figures)
    assert min(spans) > 1, figures
    assert max(totals) <= 1.2 * min(totals), figures
    assert len(times) / (times[-1] - times[0]) > 3.4, figures


def test_the_requests_of_a_day_are_counted_exactly_over_processes(room):
    """Four processes try 40 times each; the limit of 100 lets exactly 100 pass."""
    clients = room.clients(4, requests_per_second=500, requests_per_day=100)
    for client in clients:
        client.tell(tries=40, in_flight=True)
    totals = [client.line() for client in clients]
    assert [sum(column) for column in zip(*totals, strict=True)] == [100, 60]
    assert len(room.arrivals()) == 100


def test_a_penalty_in_one_process_slows_the_others(room):
    clients = room.clients(2, requests_per_second=50)
    began = time.monotonic()
    clients[0].tell(penalty=2)
    assert clients[0].word() == "penalized"
    clients[1].tell(tries=1)
    clients[1].line()
    ((arrived, name),) = room.arrivals()
    assert name == "1"
    assert 2 <= arrived - began < 10


@pytest.mark.alone
def test_a_killed_process_keeps_nobody_waiting(room):
    """Not for its slot, and not for a lock."""
    clients = room.clients(3)
    for client in clients:
        client.tell(until=time.time() + 4, tries=1_000)
    time.sleep(1.1)
    clients[0].kill()
    killed = time.monotonic()
    survivors = [client.line()[0] for client in clients[1:]]
    arrivals = room.arrivals()
    later = [arrived for arrived, _ in arrivals if arrived > killed]
    gaps = [after - before for before, after in itertools.pairwise(later)]
    assert min(survivors) >= 3
    assert max(gaps) < 1, gaps
    assert Counter(name for _, name in arrivals)["0"] >= 1


class Runs:
    """Whole runs side by side that share a key; each has an export and many imports of its own."""

    def __init__(self, folder, sandbox, processes, imports, **settings):
        self.sandbox = sandbox
        (folder / "data").mkdir()
        config = settings_for(sandbox, folder / "data", batch_size_rows=2) | settings
        self._targets = []
        for number in range(processes):
            home = folder / str(number)
            home.mkdir()
            listed = sandbox.create_list(f"List {number}")
            stream = home / "members.singer.jsonl"
            people = (member(f"{number}-{n}") for n in range(2 * imports))
            stream.write_text(lines(schema(), *people, state("end")))
            self._targets.append(
                TargetProcess(config | {"lists": listed}, home, "--input", str(stream))
            )

    def end(self):
        """Run to the end, and return the exit codes."""
        for target in self._targets:
            target.start()
        return [target.wait(100) for target in self._targets]

    @property
    def states(self):
        return [target.states for target in self._targets]


@pytest.mark.alone
def test_runs_with_several_senders_that_share_a_key_are_within_its_limit(tmp_path):
    """Answers that take two seconds, so that each of them has several requests under way."""
    with Sandbox(behaviour=Behaviour(seconds_to_start=0, seconds_to_finish=5)) as sandbox:
        sandbox.add_fault(Fault("POST", "/activities/*", action="delay", times=None, seconds=2))
        runs = Runs(tmp_path, sandbox, 3, 15, requests_per_second=4)
        assert runs.end() == [0, 0, 0]
        assert runs.states == [["end"]] * 3
        assert len(sandbox.activities()) == 45
        times = [seen.at for seen in sandbox.requests]
    spans = [fifth - first for first, fifth in zip(times, times[4:], strict=False)]
    assert min(spans) > 1, min(spans)


def test_no_run_with_several_senders_asks_more_than_the_day_of_its_key_has_left(tmp_path):
    with Sandbox(behaviour=Behaviour(seconds_to_start=0, seconds_to_finish=5)) as sandbox:
        runs = Runs(tmp_path, sandbox, 3, 40, requests_per_second=100, requests_per_day=60)
        assert runs.end() == [75, 75, 75]
        assert runs.states == [[]] * 3
        assert 50 <= len(sandbox.requests) <= 60


def test_while_sending_at_most_one_request_in_ten_is_a_poll(tmp_path):
    """Over more than the 12 seconds after which a run looks how far its imports are."""
    with Sandbox(behaviour=Behaviour(seconds_to_start=0, seconds_to_finish=5)) as sandbox:
        runs = Runs(tmp_path, sandbox, 1, 130, requests_per_second=9)
        assert runs.end() == [0]
        seen = [(request.method, request.path) for request in sandbox.requests]
    sent = [n for n, (method, _) in enumerate(seen) if method == "POST"]
    sending = seen[sent[0] : sent[-1] + 1]
    polls = sum(path.startswith("/v3/activities") for method, path in sending if method == "GET")
    assert len(sending) - polls >= 130
    assert 0 < polls <= len(sending) / 10, polls
