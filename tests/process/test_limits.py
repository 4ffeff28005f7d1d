"""Real processes that share the limits of one key, seen from a real HTTP server."""

from __future__ import annotations

import itertools
import json
import logging
import subprocess
import sys
import time
from collections import Counter
from contextlib import nullcontext

import pytest

from tests.support.process import environment
from tests.support.redis_server import RedisServer

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
from target_constant_contact.api.limits.limiter import RateLimiter
from target_constant_contact.api.limits.redis import RedisSlots
from target_constant_contact.api.limits.sqlite import SqliteSlots
from target_constant_contact.exceptions import QuotaExceededError

name, place, port, options = sys.argv[1:]
store = RedisSlots(place) if "://" in place else SqliteSlots(pathlib.Path(place))
limiter = RateLimiter(store, "key", **json.loads(options))
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
limiter.close()
print(json.dumps([passed, refused]))
"""


class Process:
    """A script that is told lines and tells lines, and is killed at the end of the test."""

    def __init__(self, home, script, *arguments):
        self._process = subprocess.Popen(
            [sys.executable, "-c", script, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment(home),
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
    """A server, and clients that share a key."""

    def __init__(self, home, place):
        self._home = home
        self._place = place
        self._server = Process(home, SERVER)
        self._port = self._server.word()
        self._all = [self._server]

    def clients(self, count, **options):
        """Clients that wait for a command."""
        made = [
            Process(self._home, CLIENT, str(n), self._place, self._port, json.dumps(options))
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


@pytest.fixture(params=["file", "redis"])
def room(request, tmp_path):
    with RedisServer() if request.param == "redis" else nullcontext() as redis:
        one = Room(tmp_path, redis.url if redis else str(tmp_path / "requests.sqlite"))
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
