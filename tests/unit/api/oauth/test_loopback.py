"""Listening for the browser that comes back."""

from __future__ import annotations

import signal
import socket
import threading
import time
from contextlib import closing

import pytest
import requests

from target_constant_contact.api.oauth.loopback import Loopback
from target_constant_contact.api.oauth.redirect import (
    ForeignAnswerError,
    RefusedError,
    loopback_address,
)
from target_constant_contact.exceptions import SettingsError, SignInError


def free_port(host: str = "127.0.0.1") -> int:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with closing(socket.socket(family)) as probe:
        probe.bind((host, 0))
        return probe.getsockname()[1]


@pytest.fixture
def redirect_uri():
    return f"http://127.0.0.1:{free_port()}/callback"


def test_the_browser_gets_a_page_that_keeps_nothing_and_tells_nobody(redirect_uri):
    with Loopback(redirect_uri, "s1") as loopback:
        answer = requests.get(f"{redirect_uri}?code=c1&state=s1", timeout=10)
        assert loopback.wait(10) == "c1"
    assert answer.status_code == 200
    assert "You have approved" in answer.text
    assert "c1" not in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_the_page_of_a_refusal_says_so(redirect_uri):
    with Loopback(redirect_uri, "s1") as loopback:
        answer = requests.get(f"{redirect_uri}?error=access_denied&state=s1", timeout=10)
        with pytest.raises(RefusedError):
            loopback.wait(10)
    assert "Not connected" in answer.text


def test_a_wrong_state_ends_the_waiting(redirect_uri):
    with Loopback(redirect_uri, "s1") as loopback:
        answer = requests.get(f"{redirect_uri}?code=c1&state=s2", timeout=10)
        with pytest.raises(ForeignAnswerError):
            loopback.wait(10)
    assert answer.status_code == 400


def test_other_paths_are_not_found_and_the_waiting_goes_on(redirect_uri):
    icon = redirect_uri.replace("/callback", "/favicon.ico?code=c0&state=s1")
    with Loopback(redirect_uri, "s1") as loopback:
        assert requests.get(icon, timeout=10).status_code == 404
        requests.get(f"{redirect_uri}?code=c1&state=s1", timeout=10)
        assert loopback.wait(10) == "c1"


def test_an_idle_connection_of_a_browser_keeps_nobody_waiting(redirect_uri):
    _, port, _ = loopback_address(redirect_uri)
    began = time.monotonic()
    with Loopback(redirect_uri, "s1") as loopback:
        idle = socket.create_connection(("127.0.0.1", port))
        requests.get(f"{redirect_uri}?code=c1&state=s1", timeout=5)
        assert loopback.wait(5) == "c1"
    assert time.monotonic() - began < 5
    idle.close()


def test_a_browser_that_hangs_up_has_brought_its_code_all_the_same(redirect_uri, capfd):
    _, port, path = loopback_address(redirect_uri)
    with Loopback(redirect_uri, "s1") as loopback:
        with closing(socket.create_connection(("127.0.0.1", port))) as browser:
            reset = b"\x01\x00\x00\x00\x00\x00\x00\x00"
            browser.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
            browser.sendall(f"GET {path}?code=c1&state=s1 HTTP/1.0\r\n\r\n".encode())
        assert loopback.wait(5) == "c1"
    assert capfd.readouterr() == ("", "")


def test_nothing_of_a_request_is_logged(redirect_uri, capfd):
    with Loopback(redirect_uri, "s1") as loopback:
        requests.get(f"{redirect_uri}?code=c1&state=s1", timeout=10)
        requests.delete(f"{redirect_uri}?code=c1&state=s1", timeout=10)
        loopback.wait(10)
    assert capfd.readouterr() == ("", "")


def test_a_browser_that_never_comes_is_not_waited_for_longer_than_that(redirect_uri):
    with (
        Loopback(redirect_uri, "s1") as loopback,
        pytest.raises(SignInError, match="Nobody signed in within 0 minutes"),
    ):
        loopback.wait(0.01)


def test_a_taken_port_is_named(redirect_uri):
    with (
        Loopback(redirect_uri, "s1"),
        pytest.raises(SettingsError, match=rf"port {loopback_address(redirect_uri)[1]} .*--redire"),
        Loopback(redirect_uri, "s2"),
    ):
        pass


def test_a_port_is_free_again_afterwards(redirect_uri):
    for _ in range(2):
        with Loopback(redirect_uri, "s1"):
            pass


def has_ipv6_loopback() -> bool:
    try:
        free_port("::1")
    except OSError:
        return False
    return True


def test_ipv6_is_listened_on_where_there_is_any():
    """Where there is none, that is said; other addresses are not tried in its place."""
    if not has_ipv6_loopback():
        refused = Loopback(f"http://[::1]:{free_port()}/callback", "s1")
        with pytest.raises(SettingsError, match=r"cannot be used .*--redirect-uri"), refused:
            pass
        return
    redirect_uri = f"http://[::1]:{free_port('::1')}/callback"
    with Loopback(redirect_uri, "s1") as loopback:
        requests.get(f"{redirect_uri}?code=c1&state=s1", timeout=10)
        assert loopback.wait(10) == "c1"


def test_the_waiting_can_be_interrupted_from_the_main_thread(redirect_uri):
    """Ctrl-C raises where the main thread waits for the browser."""
    interrupt = threading.Timer(0.2, _interrupt)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with Loopback(redirect_uri, "s1") as loopback:
            interrupt.start()
            with pytest.raises(KeyboardInterrupt):
                loopback.wait(20)
        interrupt.join()
    finally:
        signal.signal(signal.SIGINT, before)


def _interrupt() -> None:
    signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
