"""The ways to a grant: a pasted address, a code that comes back, another device."""

from __future__ import annotations

from contextlib import suppress

import pytest

from target_constant_contact.account import sign_in
from target_constant_contact.api.oauth.grants import DeviceCode, Grant
from target_constant_contact.api.oauth.redirect import ForeignAnswerError
from target_constant_contact.api.oauth.transport import GrantRefusedError
from target_constant_contact.events.events import Events
from target_constant_contact.events.kinds import WorkBegun, WorkEnded
from target_constant_contact.exceptions import SignInError


def granted(scope: str = "contact_data offline_access account_read", refresh_token: str = "next"):
    return Grant("access", refresh_token, 86_400, scope)


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


def asked(server: Server, told: list[object] | None = None) -> Grant:
    """Sign in; note what is shown, and what is told to listeners."""
    told = [] if told is None else told
    events = Events()
    events.listen(told.append)
    return sign_in.with_device(
        server, told.append, events, clock=lambda: server.now, sleep=server.sleep
    )


def test_a_device_asks_in_the_interval_and_slower_when_told():
    server = Server("authorization_pending", "slow_down", "authorization_pending", "")
    assert asked(server) == granted()
    assert server.asked_at == [5.0, 10.0, 20.0, 30.0]


@pytest.mark.parametrize(("answer", "failed"), [("", False), ("access_denied", True)])
def test_a_device_tells_that_it_waits_once_its_code_is_shown(answer, failed):
    told: list[object] = []
    with suppress(SignInError):
        asked(Server("authorization_pending", answer), told)
    shown, begun, ended = told
    assert isinstance(shown, DeviceCode)
    assert begun == WorkBegun("waiting for the sign-in on the other device", "sign_in")
    assert isinstance(ended, WorkEnded)
    assert ended.failed is failed


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
