"""Signing in: the three ways to a grant.

Who asks the person, and how, is the caller's business.
"""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING, Final

from target_constant_contact.api.oauth.loopback import Loopback
from target_constant_contact.api.oauth.redirect import code_of, has_answer, query_of
from target_constant_contact.api.oauth.transport import GrantRefusedError
from target_constant_contact.exceptions import SignInError

if TYPE_CHECKING:
    from collections.abc import Callable

    from target_constant_contact.api.oauth.grants import AuthorizationServer, DeviceCode, Grant
    from target_constant_contact.events.events import Events

    Receive = Callable[[str, str], str]
    """Shows the address of a sign-in, and returns the code that comes back with its state."""

REDIRECT_URI: Final = "http://localhost:8710/callback"
"""Where the browser goes unless the application has another redirect URI."""
PASTE_TRIES: Final = 3
SLOW_DOWN_SECONDS: Final = 5.0
"""Longer pause that `slow_down` asks for. Source: RFC 8628, section 3.5."""


def with_code(server: AuthorizationServer, redirect_uri: str, receive: Receive) -> Grant:
    """Sign in through a browser: authorization code with PKCE.

    Args:
        server: The authorization server.
        redirect_uri: Where the browser goes afterwards; exactly as it was registered.
        receive: Such as :func:`listening` or :func:`pasting` make.

    Raises:
        SignInError: The person refused, or the answer is not to be used.
    """
    # Both are of this sign-in alone: the state tells its answer, the verifier proves who asked.
    state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(64)
    url = server.authorize_url(redirect_uri, state, verifier)
    code = receive(url, state)
    try:
        return server.exchange(code, redirect_uri, verifier)
    except GrantRefusedError as error:
        if error.key != "invalid_grant":
            raise
        raise SignInError(
            "The code that came back with the browser was not accepted: it lives for five minutes "
            "and serves once. Start again, and finish within that time"
        ) from None


def listening(redirect_uri: str, show: Callable[[str], object], events: Events) -> Receive:
    """Receive a code on this machine, which the browser is sent back to.

    Args:
        redirect_uri: A port and path of this machine.
        show: Takes a person to the address of the sign-in.
        events: Who is told that this waits.
    """

    def receive(url: str, state: str) -> str:
        # Listening comes first: a browser that is still signed in is back at once.
        with Loopback(redirect_uri, state) as loopback:
            show(url)
            with events.work("waiting for the sign-in in the browser", "sign_in"):
                return loopback.wait()

    return receive


def pasting(show: Callable[[str], object], ask: Callable[[], str]) -> Receive:
    """Receive a code from the address that a person copies from the browser.

    Args:
        show: Shows the address of the sign-in.
        ask: Returns what the person has pasted, asked anew while it holds nothing of use.
    """

    def receive(url: str, state: str) -> str:
        show(url)
        for _ in range(PASTE_TRIES):
            query = query_of(ask())
            if has_answer(query):
                return code_of(query, state)
        raise SignInError(
            "No address with a code was given; nothing was stored. Start again, and paste the "
            "whole address that the browser has ended on"
        )

    return receive


def with_device(
    server: AuthorizationServer,
    show: Callable[[DeviceCode], object],
    events: Events,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], object] = time.sleep,
) -> Grant:
    """Sign in on another device, which needs no browser here.

    Args:
        server: The authorization server.
        show: Shows the address and the code.
        events: Who is told that this waits.
        clock: Returns seconds.
        sleep: Waits for a number of seconds.

    Raises:
        SignInError: The person refused, or took too long.
    """
    device = server.start_device()
    deadline, interval = clock() + device.expires_in, device.interval
    show(device)
    with events.work("waiting for the sign-in on the other device", "sign_in"):
        while clock() < deadline:
            # Before the first question too: nobody has typed in the code yet.
            sleep(interval)
            try:
                return server.ask_device(device)
            except GrantRefusedError as error:
                interval += _longer_pause(error)
    raise _too_late()


def _longer_pause(error: GrantRefusedError) -> float:
    """Seconds by which the next question comes later; raises what ends the asking."""
    pauses = {"authorization_pending": 0.0, "slow_down": SLOW_DOWN_SECONDS}
    if error.key in pauses:
        return pauses[error.key]
    if error.key == "expired_token":
        raise _too_late() from None
    if error.key == "access_denied":
        raise SignInError(
            "The sign-in was refused on the other device; nothing was stored. Sign in as an "
            "administrator of the account and approve"
        ) from None
    raise error


def _too_late() -> SignInError:
    return SignInError(
        "The sign-in on the other device took too long, and its code has expired; nothing was "
        "stored. Start again"
    )
