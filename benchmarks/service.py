"""What the service allows, how long its imports take, and what came: pure, by a clock."""

from __future__ import annotations

import re
import threading
import time
import uuid
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PAGE: Final = 500
"""Activities that are shown at a time, the newest first."""

_REPEATED: Final = re.compile(rb'"email":\s*"again\.(\d+)@')
_VERSION: Final = re.compile(rb'"street":\s*"(\d) ')
_LAST: Final = 2
"""The value of the second time."""
_ADDRESS: Final = b'"email":'


@dataclass(frozen=True, slots=True)
class Rules:
    """How the service is.

    Attributes:
        per_second: Requests that it takes in any second; None: all.
        import_seconds: What an import takes, from when its request has been received.
        one_at_a_time: Whether an import begins only when the one before has ended.
        answer_seconds: What the answer to an import takes.
        lists: Lists that the account has.
    """

    per_second: int | None = None
    import_seconds: float = 0.0
    one_at_a_time: bool = False
    answer_seconds: float = 0.0
    lists: int = 100


# Plain figures.
@dataclass(slots=True)
class Counted:
    """What a service has got.

    Attributes:
        requests: All requests, the refused ones too.
        refused: Those above the limit.
        polls: Those that ask for activities.
        polls_while_sending: Those between the first and the last import.
        sending: Requests from the first to the last import, both included.
        imports: Those that brought members.
        rows: Members.
        size: Bytes of the bodies with members.
        most_in_flight: Most imports that were unfinished at a time.
        busiest: Most requests in any second.
        unordered: Values for people whose other value was still on its way, or in the same import;
            which of the two the service takes last is not known.
        people: People that came twice, by the end of the run.
        stale: Those of them whose first value was the last that the service took.
    """

    requests: int = 0
    refused: int = 0
    polls: int = 0
    polls_while_sending: int = 0
    sending: int = 0
    imports: int = 0
    rows: int = 0
    size: int = 0
    most_in_flight: int = 0
    busiest: int = 0
    unordered: int = 0
    people: int = 0
    stale: int = 0


@dataclass(slots=True)
class _Import:
    """An import; the versions of people that come again are kept until it has ended."""

    activity_id: str
    rows: int
    received: float
    starts: float
    ends: float
    versions: dict[int, int] = field(default_factory=dict)


class Service:
    """The service's side of a run. Thread-safe.

    Args:
        rules: How it is.
        clock: Seconds since 1970.
    """

    def __init__(self, rules: Rules, clock: Callable[[], float] = time.time) -> None:
        self._rules = rules
        self._clock = clock
        self._lock = threading.Lock()
        self._counted = Counted()
        self._before_imports = (0, 0)
        self._arrived: deque[float] = deque()
        self._taken: deque[float] = deque()
        self._imports: dict[str, _Import] = {}
        # All take the same time, so they end in the order in which they came.
        self._unfinished: deque[_Import] = deque()
        self._versions: dict[int, int] = {}

    def admit(self) -> bool:
        """Count a request, and tell whether it is taken."""
        with self._lock:
            now, most = self._clock(), self._rules.per_second
            self._counted.requests += 1
            _forget(self._arrived, now)
            _forget(self._taken, now)
            self._arrived.append(now)
            self._counted.busiest = max(self._counted.busiest, len(self._arrived))
            if most is not None and len(self._taken) >= most:
                self._counted.refused += 1
                return False
            self._taken.append(now)
            return True

    def start_import(self, body: bytes) -> dict[str, Any]:
        """Take an import, and return its activity as it is first answered."""
        rows = body.count(_ADDRESS) or _lines(body)
        found = _repeated(body) if b'"again.' in body else []
        with self._lock:
            now = self._advance()
            begun = self._new_import(rows, now)
            self._count_import(rows, len(body))
            for person, version in found:
                self._note(begun, person, version)
            self._unfinished.append(begun)
            self._counted.most_in_flight = max(self._counted.most_in_flight, len(self._unfinished))
            return {"activity_id": begun.activity_id, "state": "initialized"} | _created(begun)

    def activities(self) -> list[dict[str, Any]]:
        """The latest activities."""
        with self._lock:
            self._counted.polls += 1
            now = self._advance()
            latest = islice(reversed(self._imports.values()), PAGE)
            return [_resource(each, now) for each in latest]

    def activity(self, activity_id: str) -> dict[str, Any] | None:
        """One activity."""
        with self._lock:
            self._counted.polls += 1
            found = self._imports.get(activity_id)
            return _resource(found, self._advance()) if found else None

    def counted(self) -> Counted:
        """What has come so far."""
        with self._lock:
            self._advance()
            self._counted.people = len(self._versions)
            self._counted.stale = sum(version != _LAST for version in self._versions.values())
            return self._counted

    def _new_import(self, rows: int, now: float) -> _Import:
        last = self._unfinished[-1] if self._unfinished else None
        waits = self._rules.one_at_a_time and last
        starts = last.ends if waits and last else now
        begun = _Import(str(uuid.uuid4()), rows, now, starts, starts + self._rules.import_seconds)
        self._imports[begun.activity_id] = begun
        return begun

    def _count_import(self, rows: int, size: int) -> None:
        counted = self._counted
        counted.imports += 1
        counted.rows += rows
        counted.size += size
        if counted.imports == 1:
            self._before_imports = (counted.requests - 1, counted.polls)
        requests, polls = self._before_imports
        counted.sending = counted.requests - requests
        counted.polls_while_sending = counted.polls - polls

    def _note(self, begun: _Import, person: int, version: int) -> None:
        elsewhere = any(each.versions.get(person, version) != version for each in self._unfinished)
        if elsewhere or begun.versions.get(person, version) != version:
            self._counted.unordered += 1
        begun.versions[person] = version

    def _advance(self) -> float:
        """Let end what has ended by now."""
        now = self._clock()
        while self._unfinished and self._unfinished[0].ends <= now:
            ended = self._unfinished.popleft()
            self._versions.update(ended.versions)
            ended.versions.clear()
        return now


def _forget(moments: deque[float], now: float) -> None:
    while moments and moments[0] <= now - 1.0:
        moments.popleft()


def _lines(body: bytes) -> int:
    """Members in the CSV file of a form."""
    start = body.find(b"\r\n\r\n", body.find(b"filename=")) + 4
    file = body[start : body.find(b"\r\n--", start)]
    return file.rstrip().count(b"\n")


def _repeated(body: bytes) -> Iterator[tuple[int, int]]:
    """People that come twice, and which of their values this is."""
    for match in _REPEATED.finditer(body):
        start, end = body.rfind(b"{", 0, match.start()), body.find(b"}", match.end())
        version = _VERSION.search(body, start, end)
        yield int(match[1]), int(version[1]) if version else 0


def _resource(each: _Import, now: float) -> dict[str, Any]:
    state = "initialized" if now < each.starts else "processing"
    span = each.ends - each.starts
    percent = int(100 * max(now - each.starts, 0) / span) if span else 0
    counters = {}
    if now >= each.ends:
        state, percent = "completed", 100
        # The header of a CSV file counts as an item, but no program needs to know.
        counters = {
            "items_total_count": each.rows,
            "person_count": each.rows,
            "error_count": 0,
        }
    return {
        "activity_id": each.activity_id,
        "state": state,
        "percent_done": percent,
        "status": counters,
    } | _created(each)


def _created(each: _Import) -> dict[str, str]:
    moment = datetime.fromtimestamp(each.received, UTC)
    return {"created_at": moment.isoformat(timespec="milliseconds")}
