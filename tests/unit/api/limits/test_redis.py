"""Request counts on a real Redis server, and what is said when it cannot be used."""

from __future__ import annotations

import itertools
import socket
import sys
import time

import pytest

from target_constant_contact.api.limits.limiter import RateLimiter
from target_constant_contact.api.limits.redis import RedisSlots, url_fault
from target_constant_contact.exceptions import SettingsError, TryLaterError
from target_constant_contact.settings.settings import Settings
from target_constant_contact.singer.target import TargetConstantContact
from tests.support.redis_server import RedisServer

PASSWORD = "correct-horse"


@pytest.fixture(scope="module")
def shared_server():
    with RedisServer() as server:
        yield server


@pytest.fixture
def server(shared_server):
    shared_server.command("FLUSHALL")
    return shared_server


@pytest.fixture
def connect(server):
    """Make stores on the server, and close them."""
    made = []

    def make(url=None, **options):
        made.append(RedisSlots(url or server.url, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()


def failure(url, **options):
    """The error of a store that cannot be used, and the pauses that it made before."""
    pauses = []
    with pytest.raises((SettingsError, TryLaterError)) as caught:
        RedisSlots(url, sleep=pauses.append, **options)
    assert PASSWORD not in str(caught.value)
    return caught.value, pauses


def test_slots_are_told_by_the_servers_clock(connect, server):
    seconds, microseconds = (int(word) for word in server.command("TIME").split()[2::2])
    slot = connect().reserve("key", 0.26, 10)
    assert 0 <= slot.asked_at - (seconds + microseconds / 1e6) < 10


def test_slots_of_several_machines_are_an_interval_apart(connect, server):
    stores = [connect(), connect(server.socket_url), connect()]
    times = [store.reserve("key", 0.26, 100).time for _ in range(4) for store in stores]
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert gaps == pytest.approx([0.26] * 11, abs=1e-5)


def test_a_machine_whose_clock_is_wrong_waits_for_the_right_time(connect):
    """What it waits comes from the server's answer: slot minus now."""
    one = connect(clock=lambda: time.monotonic() - 50_000)
    one.postpone("key", 0.26, 30)
    slot = one.reserve("key", 0.26, 10)
    assert slot.time - slot.asked_at == pytest.approx(30, abs=1)
    assert slot.due - one.clock() == pytest.approx(slot.time - slot.asked_at, abs=1)


def test_the_first_answer_is_taken_to_be_from_the_middle_of_its_time(connect):
    """The server tells 1,000 at some moment between 4 and 5."""
    one = connect(now=lambda: 1_000.0, clock=iter([4.0, 5.0]).__next__)
    slot = one.reserve("key", 0.26, 10)
    assert slot.due == pytest.approx(4.5)


def test_an_answer_that_was_held_up_does_not_move_a_slot(connect):
    """A quick answer, then one that took two seconds, on whichever way."""
    clock = iter([4.5, 4.502, 5.5, 7.5]).__next__
    times = iter([0.0, 1_000.0, 1_001.0]).__next__
    one = connect(now=times, clock=clock)
    one.reserve("key", 0.26, 10)
    assert one.reserve("key", 0.26, 10).due == pytest.approx(5.5, abs=0.002)


def test_a_server_clock_that_jumps_is_followed(connect):
    clock = iter([4.0, 4.002, 5.0, 5.002]).__next__
    times = iter([0.0, 1_000.0, 9_000.0]).__next__
    one = connect(now=times, clock=clock)
    one.reserve("key", 0.26, 10)
    assert one.reserve("key", 0.26, 10).due == pytest.approx(5, abs=0.003)


def test_a_limiter_passes_when_the_servers_time_has_come(connect):
    one = RateLimiter(connect(), "key", requests_per_second=10)
    one.acquire()
    one.penalize(0.5)
    started = time.monotonic()
    one.acquire()
    assert 0.45 < time.monotonic() - started < 10
    assert one.used_today() == 2


def test_the_key_is_hashed_on_the_server_and_forgotten_after_three_days(connect, server):
    one = RateLimiter(connect(), "client-id-0815")
    one.acquire()
    (name,) = server.command("KEYS", "*").split()[2::2]
    assert b"client-id" not in name
    assert len(name) == len("target-constant-contact:requests:") + 64
    (left,) = server.command("TTL", name.decode()).split()
    assert 3 * 86_400 - 60 < int(left.removeprefix(b":")) <= 3 * 86_400


def test_a_penalty_alone_is_forgotten_too(connect, server):
    connect().postpone("key", 0.26, 1)
    assert b":-1" not in server.command("TTL", "target-constant-contact:requests:key")


def test_days_long_past_are_forgotten_in_redis(connect, server):
    now = [1_785_585_600.0]
    one = connect(now=lambda: now[0])
    for _ in range(5):
        one.reserve("key", 0.26, 10)
        now[0] += 86_400
    fields = server.command("HKEYS", "target-constant-contact:requests:key").split()[2::2]
    assert sorted(fields) == [b"20668", b"20669", b"20670", b"asked", b"last"]


def test_a_server_that_has_lost_the_script_gets_it_again(connect, server):
    one = connect()
    one.reserve("key", 0.26, 10)
    server.command("SCRIPT", "FLUSH")
    assert one.reserve("key", 0.26, 10).used == 2


def test_a_server_that_comes_back_is_asked_again():
    """The run goes on; a pause is not yet a failure."""
    pauses = []
    with RedisServer() as server:

        def start_again(seconds):
            pauses.append(seconds)
            if len(pauses) == 2:
                server.start()

        one = RedisSlots(server.url, sleep=start_again)
        server.stop()
        assert one.reserve("key", 0.26, 10).granted
        one.close()
    assert pauses == [0.25, 0.5]


def test_a_server_that_cannot_be_reached_is_named_without_its_password():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        error, pauses = failure(f"redis://someone:{PASSWORD}@127.0.0.1:{port}/0")
    assert str(error) == (
        f"the request counts at Redis 127.0.0.1:{port} cannot be used (ConnectionError); nothing "
        "is sent without them. Check that the server is up and that rate_limit_url is right, and "
        "run again"
    )
    assert error.exit_code == 75
    assert pauses == [0.25, 0.5, 1.0, 2.0]


def test_a_socket_that_is_not_there_is_named(tmp_path):
    error, _ = failure(f"unix://{tmp_path}/none.sock")
    assert f"at Redis {tmp_path}/none.sock cannot be used" in str(error)


def test_a_server_that_does_not_answer_is_not_waited_for(monkeypatch):
    monkeypatch.setattr("target_constant_contact.api.limits.redis._ANSWER_SECONDS", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        error, pauses = failure(f"redis://127.0.0.1:{silent.getsockname()[1]}")
    assert "cannot be used (TimeoutError)" in str(error)
    assert len(pauses) == 4


def test_a_server_that_takes_no_data_is_a_reason_to_try_later(connect, server):
    one = connect(sleep=lambda _: None)
    server.command("CONFIG", "SET", "maxmemory", "1")
    try:
        with pytest.raises(TryLaterError, match=r"cannot be used \((OutOfMemory|Response)Error\)"):
            one.reserve("key", 0.26, 10)
    finally:
        server.command("CONFIG", "SET", "maxmemory", "0")


@pytest.fixture(scope="module")
def locked_server():
    """A server that asks for a password, with a user who may not run scripts."""
    user = ["--user", "reader", "on", f">{PASSWORD}", "~*", "+get"]
    with RedisServer("--requirepass", PASSWORD, *user) as server:
        yield server


def test_the_password_of_the_url_is_used(locked_server):
    one = RedisSlots(f"redis://:{PASSWORD}@127.0.0.1:{locked_server.port}/0")
    assert one.used_today("key") == 0
    one.close()


@pytest.mark.parametrize(
    ("login", "error"),
    [
        ("", "AuthenticationError"),
        (":wrong-horse@", "AuthenticationError"),
        (f"reader:{PASSWORD}@", "NoPermissionError"),
    ],
)
def test_a_user_that_the_server_refuses_is_a_fault_of_the_settings(locked_server, login, error):
    caught, pauses = failure(f"redis://{login}127.0.0.1:{locked_server.port}/0")
    assert str(caught) == (
        f"rate_limit_url: Redis at 127.0.0.1:{locked_server.port} refuses this user or password "
        f"({error}); correct them, and let the user run EVALSHA, SCRIPT LOAD, TIME, EXPIRE and "
        "the commands of hashes"
    )
    assert caught.exit_code == 78
    assert pauses == []


WRONG_URLS = [
    f"http://:{PASSWORD}@127.0.0.1",
    "redis://",
    f"redis://:{PASSWORD}@127.0.0.1:port",
    "redis://127.0.0.1:99999",
    "redis://127.0.0.1:0",
    "redis://[::1",
    "unix://",
    "localhost:6379",
]
NO_URL = (
    "rate_limit_url is not the URL of a Redis server; write redis://host:6379/0, "
    "rediss://:password@host:6379/0 (TLS) or unix:///path/to/redis.sock"
)


@pytest.mark.parametrize("url", WRONG_URLS)
def test_a_url_that_cannot_be_used_is_a_fault_of_the_settings(url):
    error, _ = failure(url)
    assert error.faults == (NO_URL,)


@pytest.mark.parametrize("query", ["nonsense=1", "socket_timeout=soon"])
def test_options_that_do_not_exist_are_a_fault_of_the_settings(server, query):
    error, _ = failure(f"{server.url}?{query}&password={PASSWORD}")
    assert error.faults == (NO_URL,)


@pytest.mark.parametrize("url", ["redis://h", "rediss://u:p@h:1/0", "unix:///s", "redis://[::1]:5"])
def test_a_url_that_can_be_used_has_no_fault(url):
    assert url_fault(url) == ""


def test_the_missing_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(SettingsError) as caught:
        RedisSlots("redis://127.0.0.1")
    assert str(caught.value) == (
        "rate_limit_url: redis is not installed; install target-constant-contact[redis]"
    )


def test_a_wrong_url_is_reported_with_the_other_faults_of_the_settings():
    config = {"rate_limit_url": WRONG_URLS[0]}
    with pytest.raises(SettingsError) as caught:
        Settings.parse(config, TargetConstantContact.config_jsonschema)
    assert NO_URL in caught.value.faults
    assert len(caught.value.faults) > 1


def test_the_url_is_not_shown_with_the_settings():
    config = {"rate_limit_url": f"redis://:{PASSWORD}@h", "sandbox": True, "lists": "Newsletter"}
    parsed = Settings.parse(config, TargetConstantContact.config_jsonschema)
    assert parsed.rate_limit_url == config["rate_limit_url"]
    assert PASSWORD not in repr(parsed)
