"""What the service means by an answer that is none, and what is to be done next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from target_constant_contact.api.http.retry import PassingError, ThrottledError
from target_constant_contact.exceptions import (
    ApiError,
    QueueFullError,
    QuotaExceededError,
    SignInError,
)

if TYPE_CHECKING:
    from target_constant_contact.api.http.errors import ServiceError
    from target_constant_contact.api.http.request import ApiRequest

_FORBIDDEN: Final = 403
_TOO_MANY: Final = 429
_UNAVAILABLE: Final = range(500, 600)
_STARTS_ACTIVITY: Final = "POST /activities/"


def refusal(error: ServiceError, request: ApiRequest) -> Exception:
    """The error for a request that the service did not take, whose token it has accepted.

    Args:
        error: What the service says.
        request: The request.

    Returns:
        A `PassingError` when another try may help.
    """
    if error.status in _UNAVAILABLE:
        return PassingError(str(error))
    if error.status == _TOO_MANY:
        return _too_many(error, request)
    if error.status == _FORBIDDEN:
        return SignInError(
            f"{request}: {error}. The token lacks the scope {request.scope}, or its user a "
            "privilege (contacts:read, contacts:write, contacts:lists:read, "
            "contacts:lists:write). Sign in as an administrator of the account."
        )
    return ApiError(
        f"{request}: {error}. The service refused the request as it was made; it was not repeated.",
        status=error.status,
        error_key=error.key,
    )


def _too_many(error: ServiceError, request: ApiRequest) -> Exception:
    """Tell the three kinds of 429 apart; one that is not known is taken for a throttle."""
    if error.key == "quota_exceeded" or error.message == "Limit Exceeded":
        return QuotaExceededError(
            f"{request}: {error}. The API key has used up its requests of the day; start the "
            "run again after 00:00 UTC."
        )
    # What a full queue is called is not documented; only what starts an activity can meet it.
    about_queue = "queue" in f"{error.key} {error.message}".lower()
    if about_queue and str(request).startswith(_STARTS_ACTIVITY):
        return QueueFullError(f"{request}: {error}. The account has too many activities.")
    return ThrottledError(str(error))
