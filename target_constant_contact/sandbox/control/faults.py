"""Trouble on order: which request is answered how instead of normally.

A fault matches requests by method and path. It lets ``nth - 1`` matching requests pass, then acts
on the next ``times`` ones. Faults compose: every matching ``delay`` is waited for, the first other
matching fault answers, and the first matching outcome decides how the activity ends.

Examples::

    Fault(path="/contact_lists", action="error_503")                  # the first call, once
    Fault("POST", "/activities/*", nth=3, action="drop_after")        # the third import
    Fault("GET", "/activities/*", times=None, action="delay", seconds=2)
    Fault("POST", "/activities/contacts_json_import", nth=2, action="fail")
    Fault(path="/token", action="error_500")
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

Action = Literal[
    "throttled",
    "queue_full",
    "quota_exceeded",
    "error_500",
    "error_503",
    "unauthorized",
    "forbidden",
    "garbage",
    "empty",
    "drop_before",
    "drop_after",
    "process_late",
    "delay",
    "fail",
    "time_out",
    "cancel",
    "stuck",
    "echo_400",
    "echo_401",
    "echo_403",
    "echo_429",
    "echo_503",
    "echo_names",
    "echo_states",
    "huge",
    "huge_packed",
    "drip",
    "drip_headers",
    "pages_again",
    "pages_fresh",
]
OUTCOMES = {"fail": "failed", "time_out": "timed_out", "cancel": "cancelled", "stuck": "stuck"}
"""Actions that decide how the activity ends which the request creates, by its last state."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of trouble.

    Attributes:
        method: HTTP method, or ``*``.
        path: Glob on the path below ``/v3``, on ``/token`` and the like below the authorization
            server, or on the whole path. ``*`` also matches slashes.
        action: What happens. ``throttled``, ``queue_full`` and ``quota_exceeded`` answer 429;
            ``error_500``, ``error_503``, ``unauthorized`` (401) and ``forbidden`` (403) their
            status; ``garbage`` answers 200 with a body that is not JSON, ``empty`` 200 without a
            body; ``drop_before`` closes the connection and does nothing, ``drop_after`` does
            everything and then closes it without an answer; ``process_late`` closes it at once and
            does everything after ``seconds``, as behind a proxy that delivers late; ``delay`` waits
            first; ``fail``,
            ``time_out``, ``cancel`` and ``stuck`` let the activity created by the request end so,
            with no row imported; ``echo_400`` and the like answer that status, with the request,
            its token too, in every text of the error; ``echo_names`` answers as usual with the
            request in every name, and ``echo_states`` in the states of activities as well;
            ``huge`` and ``huge_packed`` do everything and answer with a gigabyte, plain or packed
            into a megabyte; ``drip`` and ``drip_headers`` do everything and send the answer's body
            or headers byte by byte without end, one every ``seconds``; ``pages_again`` and
            ``pages_fresh`` add a link to a next page, always the same one or always another.
        nth: The first matching request it acts on, counted from 1; None is the same as 1.
        times: On how many requests in a row; None is always.
        seconds: How long a ``delay`` or ``process_late`` waits, and a ``drip`` between two bytes,
            in real time.
    """

    method: str = "*"
    path: str = "*"
    action: Action = "error_503"
    nth: int | None = None
    times: int | None = 1
    seconds: float = 0.0

    def matches(self, method: str, path: str) -> bool:
        """Tell whether a request, given by its whole path, is meant."""
        if self.method not in {"*", method}:
            return False
        wanted = self.path if self.path.startswith(("/", "*")) else "/" + self.path
        return any(fnmatchcase(name, wanted) for name in _names(path))

    def acts_on(self, count: int) -> bool:
        """Tell whether the ``count``-th matching request (from 1) is met."""
        first = self.nth or 1
        return count >= first and (self.times is None or count < first + self.times)


@dataclass(frozen=True, slots=True)
class Trouble:
    """What the faults have in store for one request.

    Attributes:
        seconds: Wait so long first.
        answer: Action that takes the place of the answer, if any.
        late: Wait so long after the connection has been closed, or between two bytes.
        outcome: State in which the activity created by the request ends, if it is disturbed.
    """

    seconds: float = 0.0
    answer: str = ""
    late: float = 0.0
    outcome: str = ""


class FaultBook:
    """The faults in force, each with its own count of matching requests. Thread-safe."""

    def __init__(self) -> None:
        self._counts: dict[int, int] = {}
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        """Put a fault in force."""
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        """Forget all faults and their counts."""
        with self._lock:
            self._faults.clear()
            self._counts.clear()

    def meet(self, method: str, path: str) -> Trouble:
        """Count a request and return the trouble that waits for it."""
        with self._lock:
            acting = [f for i, f in enumerate(self._faults) if self._acts(i, f, method, path)]
        answers = [f for f in acting if f.action != "delay" and f.action not in OUTCOMES]
        outcomes = [OUTCOMES[f.action] for f in acting if f.action in OUTCOMES]
        return Trouble(
            seconds=sum(f.seconds for f in acting if f.action == "delay"),
            answer=answers[0].action if answers else "",
            late=answers[0].seconds if answers else 0.0,
            outcome=outcomes[0] if outcomes else "",
        )

    def _acts(self, index: int, fault: Fault, method: str, path: str) -> bool:
        if not fault.matches(method, path):
            return False
        self._counts[index] = self._counts.get(index, 0) + 1
        return fault.acts_on(self._counts[index])


def _names(path: str) -> list[str]:
    prefixes = ("/v3/", "/oauth2/default/v1/")
    return [path, *(path[len(p) - 1 :] for p in prefixes if path.startswith(p))]
