"""The Flask application that stands for one account."""

from __future__ import annotations

import logging
from copy import copy
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from target_constant_contact.sandbox.endpoints import (
    account_summary,
    activities,
    authorize,
    contacts,
    gate,
    lists,
    pages,
    token,
)
from target_constant_contact.sandbox.endpoints.answers import NOT_FOUND, RefusalError, refusal

if TYPE_CHECKING:
    from target_constant_contact.sandbox.account import Account

logger = logging.getLogger(__name__)


LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})


def create_app(account: Account, host: str = "127.0.0.1") -> Flask:
    """Make the application: the API, the authorization server, and the pages.

    Args:
        account: What it stands for.
        host: Address that it will be served at. On a loopback address, only requests that name this
            machine are answered.
    """
    app = copy(_without_account())
    app.config = copy(app.config)
    app.config["MAX_CONTENT_LENGTH"] = gate.MAX_BODY_BYTES
    app.config["SANDBOX_HOSTS"] = LOOPBACK if f"[{host}]" in LOOPBACK or host in LOOPBACK else ()
    app.extensions = {"sandbox": account}
    return app


@cache
def _without_account() -> Flask:
    """What all of them share: the routes, which take long to compile."""
    app = Flask(__name__)
    app.jinja_options["finalize"] = pages.shown
    gate.install(app)
    for module in (lists, contacts, activities, account_summary, authorize, token, pages):
        app.register_blueprint(module.blueprint)
    app.register_error_handler(RefusalError, RefusalError.response)
    app.register_error_handler(HTTPException, _answer_http_error)
    app.register_error_handler(Exception, _answer_failure)
    return app


def _answer_http_error(error: HTTPException) -> Response:
    if not request.path.startswith("/v3/"):
        return pages.not_found() if _is_page(error) else _forbidden()
    status = error.code or 500
    key = NOT_FOUND if status == HTTPStatus.NOT_FOUND else "contacts.api.error"
    return refusal(status, key, error.name).response()


def _is_page(error: HTTPException) -> bool:
    is_missing = error.code == HTTPStatus.NOT_FOUND
    return is_missing and "text/html" in request.headers.get("Accept", "")


def _forbidden() -> Response:
    return RefusalError(403, {"message": "Forbidden"}).response()


def _answer_failure(error: Exception) -> Response:
    logger.error("The sandbox failed to answer %s", request.path, exc_info=error)
    return refusal(500, "internal.error", "The sandbox failed to answer; see its log").response()
