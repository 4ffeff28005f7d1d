"""What every request passes before its endpoint: faults on order, the token, the limits."""

from __future__ import annotations

import contextlib
import socket
import time
from typing import TYPE_CHECKING

from flask import Response, g, request

from target_constant_contact.sandbox.control.request_log import OpenRequest
from target_constant_contact.sandbox.data import tokens
from target_constant_contact.sandbox.endpoints import browsers, echo, unbounded
from target_constant_contact.sandbox.endpoints.answers import (
    RefusalError,
    account,
    gateway_refusal,
    refusal,
    unauthorized,
)
from target_constant_contact.sandbox.endpoints.permissions import permits

if TYPE_CHECKING:
    from flask import Flask

AUTH_PATH = "/oauth2/default/v1"
TOKEN_PATH = f"{AUTH_PATH}/token"
MAX_BODY_BYTES = 32 * 1024 * 1024
_GATEWAY = {
    "throttled": (429, "throttled", "Too Many Requests"),
    "quota_exceeded": (429, "quota_exceeded", "Limit Exceeded"),
    "queue_full": (429, "queue_full", "The account has more than 1000 queued activities"),
    "forbidden": (403, "forbidden", "Forbidden"),
}


def install(app: Flask) -> None:
    """Put the gate before and behind all endpoints of an application."""
    app.before_request(_arrive)
    # Those that are put there first come last, so that what others make of an answer has them too.
    app.after_request(browsers.protect)
    app.after_request(_leave)


def limited(reason: str) -> RefusalError:
    """Return the refusal of the gateway for ``throttled``, ``queue_full`` and the like."""
    return gateway_refusal(*_GATEWAY[reason])


def _arrive() -> Response | None:
    g.outcome = "completed"
    browsers.check()
    if not request.path.startswith(("/v3/", AUTH_PATH)):
        account().settle_for_a_request()
        return None
    g.seen = OpenRequest(
        method=request.method,
        path=request.path,
        query=request.query_string.decode("latin-1"),
        body_bytes=request.content_length or 0,
        at=account().clock(),
        began=time.monotonic(),
    )
    # Before any fault, so that requests which get no answer are seen as well.
    account().log.arrived(g.seen)
    answer = _trouble()
    if answer is not None:
        return answer
    account().settle_for_a_request()
    if request.path.startswith("/v3/"):
        _authorize()
    elif request.path == TOKEN_PATH:
        _limit_token_calls()
    return None


def _trouble() -> Response | None:
    trouble = account().faults.meet(request.method, request.path)
    if trouble.seconds:
        account().closing.wait(trouble.seconds)
    g.outcome = trouble.outcome or g.outcome
    if trouble.answer in {"drop_before", "drop_after", "process_late"}:
        g.hang_up = True
        if trouble.answer == "process_late":
            _hang_up_and_wait(trouble.late)
        return Response() if trouble.answer == "drop_before" else None
    g.echo = trouble.answer if trouble.answer in {"echo_names", "echo_states"} else ""
    if trouble.answer in unbounded.ACTIONS:
        g.unbounded = (trouble.answer, trouble.late)
        return None
    return _disturbed_answer(trouble.answer) if trouble.answer and not g.echo else None


def _disturbed_answer(answer: str) -> Response:
    if answer == "unauthorized":
        raise unauthorized()
    if answer.startswith("echo_"):
        raise echo.refused(int(answer.removeprefix("echo_")))
    if answer in _GATEWAY:
        raise limited(answer)
    if answer in {"error_500", "error_503"}:
        status = int(answer.removeprefix("error_"))
        raise refusal(status, "internal.error", "The service cannot answer at the moment")
    body = "<html><body>Please stand by</body></html>" if answer == "garbage" else ""
    return Response(body, content_type="text/html")


def _authorize() -> None:
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    with account().store.reading() as db:
        grant = tokens.find(db, "access", value.strip()) if scheme.lower() == "bearer" else None
    now = account().clock()
    if grant is None or grant.expires_at <= now:
        raise unauthorized()
    behaviour = account().behaviour
    refused = account().calls.admit(
        grant.client_id, now, behaviour.requests_per_second, behaviour.requests_per_day
    )
    if refused:
        raise limited(refused)
    if not permits(request.method, request.path, grant.scopes, behaviour.privileges):
        raise limited("forbidden")


def _limit_token_calls() -> None:
    basic = request.authorization
    key = (basic.username if basic else None) or request.values.get("client_id", "")
    limit = account().behaviour.token_requests_per_second
    refused = account().token_calls.admit(key, account().clock(), limit, None)
    if refused:
        raise limited(refused)


def _leave(response: Response) -> Response:
    seen: OpenRequest | None = g.get("seen")
    if seen is None:
        return response
    if g.get("echo"):
        response = echo.quote_inside(response, state=g.echo == "echo_states")
    hang_up = g.get("hang_up", False)
    seen.status = 0 if hang_up else response.status_code
    account().log.answered(seen, time.monotonic() - seen.began)
    if hang_up:
        _hang_up()
    elif g.get("unbounded"):
        response = unbounded.without_end(response, *g.unbounded)
    return response


def _hang_up() -> None:
    """Close the connection, so that whatever is answered never arrives."""
    connection: socket.socket = request.environ["werkzeug.socket"]
    with contextlib.suppress(OSError):  # it is closed already
        connection.shutdown(socket.SHUT_RDWR)


def _hang_up_and_wait(seconds: float) -> None:
    request.get_data()  # it cannot be read later
    _hang_up()
    account().closing.wait(seconds)
