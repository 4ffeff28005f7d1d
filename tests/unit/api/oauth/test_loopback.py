"""Listening for the browser that comes back."""

from __future__ import annotations

import signal
import socket
import threading
import time
from contextlib import ExitStack, closing, suppress

import pytest
import requests

from target_constant_contact.api.oauth import loopback as loopback_room
from target_constant_contact.api.oauth.loopback import MAX_OPEN, Loopback
from target_constant_contact.api.oauth.redirect import RefusedError, loopback_address
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
    protected(answer)


def test_the_page_of_a_refusal_says_so(redirect_uri):
    with Loopback(redirect_uri, "s1") as loopback:
        answer = requests.get(f"{redirect_uri}?error=access_denied&state=s1", timeout=10)
        with pytest.raises(RefusedError):
            loopback.wait(10)
    assert "Not connected" in answer.text


FOREIGN = [
    "?code=c0&state=s2",
    "?state=x",
    "?code=c0",
    "?error=access_denied&state=s2",
    "?error=access_denied",
    "?code=c0&state=s1&state=s2",
    "?state=%ff%00",
    "",
]


@pytest.mark.parametrize("query", FOREIGN)
def test_what_any_page_can_send_does_not_end_the_sign_in(redirect_uri, query):
    with Loopback(redirect_uri, "s1") as loopback:
        answer = requests.get(redirect_uri + query, timeout=10)
        assert answer.status_code == 400
        assert "goes on waiting" in answer.text
        protected(answer)
        requests.get(f"{redirect_uri}?code=c1&state=s1", timeout=10)
        assert loopback.wait(10) == "c1"


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "OPTIONS", "DELETE", "BREW"])
def test_only_a_browser_that_goes_there_brings_an_answer(redirect_uri, method):
    with Loopback(redirect_uri, "s1") as loopback:
        answer = requests.request(method, f"{redirect_uri}?code=c0&state=s1", timeout=10)
        assert answer.status_code == 501
        assert method not in answer.text
        protected(answer)
        requests.get(f"{redirect_uri}?code=c1&state=s1", timeout=10)
        assert loopback.wait(10) == "c1"


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8710", "localhost@evil", "[::1", ""]
)
def test_a_name_of_another_machine_brings_no_answer(redirect_uri, host):
    """A page may let its own name lead to this machine (DNS rebinding)."""
    with Loopback(redirect_uri, "s1") as loopback:
        url = f"{redirect_uri}?code=c0&state=s1"
        answer = requests.get(url, headers={"Host": host}, timeout=10)
        assert answer.status_code == 403
        protected(answer)
        requests.get(f"{redirect_uri}?code=c1&state=s1", timeout=10)
        assert loopback.wait(10) == "c1"


@pytest.mark.parametrize("host", ["localhost:8710", "LOCALHOST", "127.0.0.1:1", "[::1]:8710"])
def test_every_name_of_this_machine_brings_the_answer(redirect_uri, host):
    with Loopback(redirect_uri, "s1") as loopback:
        requests.get(f"{redirect_uri}?code=c1&state=s1", headers={"Host": host}, timeout=10)
        assert loopback.wait(10) == "c1"


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /callback?state=s1&code=" + b"c" * 70_000 + b" HTTP/1.1\r\n\r\n",
        b"GET /callback?state=s1&code=c0 HTTP/1.1\r\n" + b"a: b\r\n" * 200 + b"\r\n",
        b"GET http://evil.example/callback?state=s1&code=c0 HTTP/1.1\r\n\r\n",
        b"GET /callback?state=s1&code=c0 <script> HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\r\n\r\n",
    ],
    ids=["long line", "many headers", "of a proxy", "blank in it", "TLS"],
)
def test_what_is_no_proper_request_does_not_end_the_sign_in(redirect_uri, sent, capfd):
    with Loopback(redirect_uri, "s1") as loopback:
        answered = exchange(redirect_uri, sent)
        assert b"script" not in answered
        assert b"nosniff" in answered or not answered
        requests.get(f"{redirect_uri}?code=c1&state=s1", timeout=10)
        assert loopback.wait(10) == "c1"
    assert capfd.readouterr() == ("", "")


def exchange(redirect_uri: str, sent: bytes) -> bytes:
    """What is answered; nothing where the connection is reset because not all was read."""
    answered = b""
    address = loopback_address(redirect_uri)[:2]
    with closing(socket.create_connection(address, timeout=10)) as browser, suppress(OSError):
        browser.sendall(sent)
        while more := browser.recv(65_536):
            answered += more
    return answered


def test_connections_that_are_held_open_do_not_keep_the_answer_out(redirect_uri, monkeypatch):
    """Each would take a thread and a file; the oldest one makes room."""
    monkeypatch.setattr(loopback_room._Handler, "timeout", 600)
    address = loopback_address(redirect_uri)[:2]
    with Loopback(redirect_uri, "s1") as loopback, ExitStack() as opened:
        held = []
        for _ in range(2 * MAX_OPEN):
            slow = opened.enter_context(closing(socket.create_connection(address, timeout=30)))
            slow.sendall(b"GET /call")
            held.append(slow)
        assert [slow.recv(1) for slow in held[:MAX_OPEN]] == [b""] * MAX_OPEN
        requests.get(f"{redirect_uri}?code=c1&state=s1", timeout=30)
        assert loopback.wait(30) == "c1"


def protected(answer: requests.Response) -> None:
    """It is kept nowhere, tells nobody, and runs and frames nothing."""
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; ")
    assert "frame-ancestors 'none'" in policy


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
        requests.get(f"{redirect_uri}?code=c1&state=s1", timeout=30)
        assert loopback.wait(30) == "c1"
    assert time.monotonic() - began < 5
    idle.close()


def test_a_browser_that_hangs_up_has_brought_its_code_all_the_same(redirect_uri, capfd):
    _, port, path = loopback_address(redirect_uri)
    with Loopback(redirect_uri, "s1") as loopback:
        with closing(socket.create_connection(("127.0.0.1", port))) as browser:
            reset = b"\x01\x00\x00\x00\x00\x00\x00\x00"
            browser.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
            browser.sendall(f"GET {path}?code=c1&state=s1 HTTP/1.0\r\n\r\n".encode())
        assert loopback.wait(30) == "c1"
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
