"""Reading what a browser comes back with, listening for it, and judging what was granted."""

from __future__ import annotations

import signal
import socket
import stat
import threading
import time
from contextlib import closing

import pytest
import requests

from target_constant_contact.account import sign_in
from target_constant_contact.api.models import AccountSummary
from target_constant_contact.api.oauth.connection import Application
from target_constant_contact.api.oauth.grants import DeviceCode, Grant
from target_constant_contact.api.oauth.redirect import (
    ForeignAnswerError,
    Loopback,
    RefusedError,
    code_of,
    has_answer,
    loopback_address,
    query_of,
)
from target_constant_contact.api.oauth.tokens import TokenStore
from target_constant_contact.api.oauth.transport import GrantRefusedError
from target_constant_contact.exceptions import SettingsError, SignInError

APPLICATION = Application("app", None, "https://auth.example.com")


def free_port(host: str = "127.0.0.1") -> int:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with closing(socket.socket(family)) as probe:
        probe.bind((host, 0))
        return probe.getsockname()[1]


@pytest.fixture
def redirect_uri():
    return f"http://127.0.0.1:{free_port()}/callback"


def granted(scope: str = "contact_data offline_access account_read", refresh_token: str = "next"):
    return Grant("access", refresh_token, 86_400, scope)


@pytest.mark.parametrize(
    "pasted",
    [
        "http://localhost:8710/callback?code=c1&state=s1",
        "  'https://www.example.com/?code=c1&state=s1#top'\n",
        "?code=c1&state=s1",
        "code=c1&state=s1",
        "<http://localhost:8710/callback?state=s1&code=c1>",
    ],
)
def test_a_code_is_found_in_an_address_or_in_its_query(pasted):
    assert code_of(query_of(pasted), "s1") == "c1"


@pytest.mark.parametrize(
    "pasted", ["", "   ", "yes", "http://localhost:8710/callback", "https://example.com/?code=&a=b"]
)
def test_an_address_without_code_and_error_is_no_answer(pasted):
    assert not has_answer(query_of(pasted))


@pytest.mark.parametrize("query", ["code=c1&state=s2", "code=c1", "error=access_denied", "state=é"])
def test_the_state_is_compared_before_anything_else_is_read(query):
    with pytest.raises(ForeignAnswerError, match="belongs to another sign-in") as raised:
        code_of(query, "s1")
    assert "c1" not in str(raised.value)


def test_a_refusal_says_so():
    with pytest.raises(RefusedError, match="access was not given"):
        code_of("error=access_denied&error_description=Somebody&state=s1", "s1")


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        ("invalid_scope", "invalid_scope"),
        ("%1b[31mred", "an error that cannot be shown"),
        ("m1%40example.com", "an error that cannot be shown"),
    ],
)
def test_another_error_is_shown_when_it_can_be_a_key(error, shown):
    with pytest.raises(RefusedError) as raised:
        code_of(f"error={error}&state=s1", "s1")
    assert f"({shown})" in str(raised.value)


def test_an_answer_without_code_is_an_error():
    with pytest.raises(SignInError, match="holds no code"):
        code_of("state=s1", "s1")


@pytest.mark.parametrize(
    ("redirect_uri", "address"),
    [
        ("http://localhost:8710/callback", ("127.0.0.1", 8710, "/callback")),
        ("http://127.0.0.1:9000", ("127.0.0.1", 9000, "/")),
        ("http://[::1]:9000/a/b?c=d", ("::1", 9000, "/a/b")),
    ],
)
def test_a_redirect_to_this_machine_is_listened_for(redirect_uri, address):
    assert loopback_address(redirect_uri) == address


@pytest.mark.parametrize(
    "redirect_uri",
    [
        "https://localhost:8710/callback",
        "http://localhost/callback",
        "http://localhost:0/callback",
        "http://www.example.com:8710/callback",
        "http://localhost:99999/",
        "http://[::1/",
        "http://localhost:8710/#callback",
        "callback",
    ],
)
def test_another_redirect_needs_another_way(redirect_uri):
    with pytest.raises(SettingsError, match="--no-browser"):
        loopback_address(redirect_uri)


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


def pasted(*answers: str) -> tuple[str, list[str]]:
    """The code that pasting these brings, and what was shown."""
    shown: list[str] = []
    left = list(answers)
    receive = sign_in.pasting(shown.append, lambda: left.pop(0))
    code = receive("https://auth.example.com/authorize", "s1")
    assert not left
    return code, shown


def test_a_paste_without_code_is_asked_for_again():
    code, shown = pasted("", "http://localhost:8710/callback", "?code=c1&state=s1")
    assert code == "c1"
    assert shown == ["https://auth.example.com/authorize"]


def test_three_pastes_without_code_end_it():
    with pytest.raises(SignInError, match="No address with a code was given"):
        pasted("", "yes", "no")


def test_a_paste_with_another_state_ends_it_at_once():
    with pytest.raises(ForeignAnswerError):
        pasted("?code=c1&state=s2")


@pytest.mark.parametrize("scope", ["contact_data offline_access", ""])
def test_a_grant_with_contacts_and_a_refresh_token_is_enough(scope):
    sign_in.check_grant(granted(scope))


def test_a_grant_without_refresh_token_says_how_to_get_one():
    with pytest.raises(SignInError, match=r"offline_access was not granted.*developer portal"):
        sign_in.check_grant(granted("contact_data", refresh_token=""))


def test_a_grant_without_contacts_is_not_enough():
    with pytest.raises(SignInError, match="contact_data was not granted"):
        sign_in.check_grant(granted("offline_access account_read"))


@pytest.mark.parametrize("expected", [None, "Example Co", "EXAMPLE CO", "a1"])
def test_the_account_that_was_meant_is_accepted(expected):
    sign_in.check_account(AccountSummary("a1", "Example Co"), expected)


@pytest.mark.parametrize(
    ("found", "said"),
    [(AccountSummary("a2", "Other Co"), "'Other Co' .a2."), (None, "account_read")],
)
def test_another_account_or_an_unknown_one_is_refused(found, said):
    with pytest.raises(SettingsError, match=said):
        sign_in.check_account(found, "Example Co")


def test_a_connection_counts_from_the_moment_of_its_grant():
    connection = sign_in.connection_of("shop", APPLICATION, granted(), 1_000.0)
    assert connection.expires_at == 1_000.0 + 86_400
    assert connection.refreshed_at == 1_000.0
    assert connection.rotating is None
    assert connection.is_fresh(1_000.0 + 86_000)


def test_an_agreement_names_the_moment_in_utc():
    made = sign_in.agreement("Ada", "all of it", 1_767_603_600.4)
    assert (made.by, made.at, made.text) == ("Ada", "2026-01-05T09:00:00+00:00", "all of it")


def test_the_agreement_names_data_service_application_and_scopes():
    text = sign_in.agreement_text(APPLICATION, "https://api.cc.email/v3")
    for words in ("e-mail address", "names", "api.cc.email", "app", "permission", *sign_in.SCOPES):
        assert words in text


def test_a_folder_is_proved_without_a_trace(tmp_path):
    store = TokenStore(tmp_path / "data" / "connections")
    sign_in.prove_writable(store, "shop")
    assert list(store.folder.iterdir()) == []
    assert stat.S_IMODE(store.folder.stat().st_mode) == 0o700


def test_a_folder_that_is_open_to_others_is_refused_before_the_sign_in(tmp_path):
    tmp_path.chmod(0o750)
    with pytest.raises(SettingsError, match="open to other users"):
        sign_in.prove_writable(TokenStore(tmp_path), "shop")


def test_a_full_disk_is_noticed_before_the_sign_in(tmp_path, monkeypatch):
    def full(*_args, **_options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("target_constant_contact.files.write_private", full)
    with pytest.raises(SettingsError, match=r"No space left.*nobody was asked to sign in"):
        sign_in.prove_writable(TokenStore(tmp_path / "connections"), "shop")


class Server:
    """An authorization server that answers questions for a device in this order."""

    def __init__(self, *answers: str, expires_in: float = 600.0) -> None:
        self.answers = list(answers)
        self.expires_in = expires_in
        self.asked_at: list[float] = []
        self.now = 0.0

    def start_device(self) -> DeviceCode:
        return DeviceCode("d1", "ABCD-EFGH", "https://example.com/on", self.expires_in, 5.0)

    def ask_device(self, _device: DeviceCode) -> Grant:
        self.asked_at.append(self.now)
        answer = self.answers.pop(0) if self.answers else "authorization_pending"
        if answer:
            raise GrantRefusedError("refused", key=answer)
        return granted()

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def asked(server: Server) -> Grant:
    return sign_in.with_device(
        server, lambda _device: None, clock=lambda: server.now, sleep=server.sleep
    )


def test_a_device_asks_in_the_interval_and_slower_when_told():
    server = Server("authorization_pending", "slow_down", "authorization_pending", "")
    assert asked(server) == granted()
    assert server.asked_at == [5.0, 10.0, 20.0, 30.0]


@pytest.mark.parametrize("answers", [("expired_token",), ()])
def test_a_device_gives_up_when_its_code_expires(answers):
    server = Server(*answers, expires_in=60.0)
    with pytest.raises(SignInError, match="took too long"):
        asked(server)
    assert server.now <= 60.0


def test_a_refused_device_says_so():
    with pytest.raises(SignInError, match="refused on the other device"):
        asked(Server("access_denied"))


def test_any_other_error_of_a_device_is_passed_on():
    with pytest.raises(GrantRefusedError):
        asked(Server("invalid_grant"))


class Refusing:
    """A server that refuses every code."""

    def __init__(self, key: str) -> None:
        self.key = key

    def authorize_url(self, redirect_uri: str, state: str, code_verifier: str) -> str:
        assert redirect_uri == "https://www.example.com/done"
        assert len(state) >= 43
        assert 43 <= len(code_verifier) <= 128
        assert state != code_verifier
        return "https://auth.example.com/authorize"

    def exchange(self, _code: str, _redirect_uri: str, _verifier: str) -> Grant:
        raise GrantRefusedError("400 refused", key=self.key)


@pytest.mark.parametrize(
    ("key", "said"), [("invalid_grant", "five minutes.*once"), ("invalid_scope", "400 refused")]
)
def test_a_code_that_is_not_accepted_is_explained(key, said):
    with pytest.raises(SignInError, match=said):
        sign_in.with_code(Refusing(key), "https://www.example.com/done", lambda _url, _state: "c1")


def test_every_sign_in_has_its_own_state_and_verifier():
    seen = set()

    class Noting(Refusing):
        def authorize_url(self, redirect_uri, state, code_verifier):
            seen.update((state, code_verifier))
            return super().authorize_url(redirect_uri, state, code_verifier)

    for _ in range(2):
        with pytest.raises(SignInError):
            sign_in.with_code(
                Noting("invalid_grant"), "https://www.example.com/done", lambda _url, _state: "c1"
            )
    assert len(seen) == 4


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
