"""What a run makes of each fault at each endpoint, as tables in docs/reference/faults.md.

As a program (`scripts/fault-tables`) it writes the tables anew; test_faults.py compares them, cell
by cell, with what really happens.
"""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from unittest.mock import patch

from target_constant_contact import waiting
from target_constant_contact.api.http import answers, exchange, retry, transport
from target_constant_contact.api.http.timed import Deadline
from target_constant_contact.api.limits import limiter
from target_constant_contact.api.oauth import transport as auth_transport
from target_constant_contact.imports import sender
from target_constant_contact.sandbox import Behaviour, Fault, Sandbox
from target_constant_contact.wording import counted
from tests.support.target import record, run, schema, settings_for, state

if TYPE_CHECKING:
    from collections.abc import Iterator

    from target_constant_contact.sandbox.control.faults import Action
    from tests.support.target import Outcome

PATH: Final = Path(__file__).parents[2] / "docs" / "reference" / "faults.md"
CLIENT: Final = "sandbox-public"
TEXT: Final = {"type": ["null", "string"]}


@dataclass(frozen=True, eq=False)
class Endpoint:
    """An endpoint that a run uses.

    Attributes:
        title: What the table says of it.
        method: HTTP method of the fault.
        path: Path of the fault.
        settings: Settings with which a run uses it.
        before: Faults that make a run use it.
        first: The request to it that the fault begins with, from 1.
    """

    title: str
    method: str
    path: str
    settings: dict[str, Any] = field(default_factory=dict)
    before: tuple[Fault, ...] = ()
    first: int | None = None


JSON_IMPORT: Final = "/activities/contacts_json_import"
ENDPOINTS: Final = (
    Endpoint("renew the token: POST /token", "POST", "/token"),
    Endpoint("read the account: GET /account/summary", "GET", "/account/summary"),
    Endpoint("read the lists: GET /contact_lists", "GET", "/contact_lists"),
    Endpoint("read the fields: GET /contact_custom_fields", "GET", "/contact_custom_fields"),
    Endpoint("make a list: POST /contact_lists", "POST", "/contact_lists"),
    Endpoint("count the contacts: GET /contacts/counts", "GET", "/contacts/counts"),
    Endpoint("import: POST .../contacts_json_import", "POST", JSON_IMPORT),
    Endpoint(
        "import: POST .../contacts_file_import",
        "POST",
        "/activities/contacts_file_import",
        {"import_format": "csv", "batch_size_rows": 4},
    ),
    Endpoint("poll: GET /activities/{id}", "GET", "/activities/*"),
    Endpoint(
        "look for a lost import: GET /activities",
        "GET",
        "/activities",
        before=(Fault("POST", JSON_IMPORT, action="drop_after"),),
    ),
    Endpoint("read a list back: POST .../contact_exports", "POST", "/activities/contact_exports"),
    Endpoint("read a list back: GET /contact_exports/{id}", "GET", "/contact_exports/*"),
    Endpoint("ask who has unsubscribed: GET /contacts", "GET", "/contacts"),
    # The first one has asked who has unsubscribed.
    Endpoint("look a person up: GET /contacts", "GET", "/contacts", first=2),
)
FAULTS: Final[dict[str, Action]] = {
    "throttled": "throttled",
    "queue full": "queue_full",
    "quota used up": "quota_exceeded",
    "500 or 503": "error_500",
    "slow": "delay",
    "cut before": "drop_before",
    "cut after": "drop_after",
    "garbage": "garbage",
    "token expired": "unauthorized",
    "echoing": "echo_400",
    "huge": "huge_packed",
    "drip": "drip",
    "endless": "pages_fresh",
}
PAGED: Final = frozenset({"/contact_lists", "/contact_custom_fields", "/activities", "/contacts"})
"""Where what has pages may have no end."""
SEVERAL: Final = {
    kind: Endpoint(
        f"import: POST .../contacts_{path}_import",
        "POST",
        f"/activities/contacts_{path}_import",
        {"import_format": kind, "batch_size_rows": rows, "max_activities_in_flight": 500},
    )
    for kind, path, rows in (("json", "json", 1), ("csv", "file", 2))
}
"""Imports of one person each, by format, of which several are on their way at once."""
AT_ONCE: Final[dict[str, dict[int, tuple[Action, ...]]]] = {
    "two answers cut before": {1: ("drop_before",), 2: ("drop_before",)},
    "two answers cut after": {1: ("drop_after",), 2: ("drop_after",)},
    "one cut before, one cut after": {1: ("drop_before",), 2: ("drop_after",)},
    "cut before, another answer on its way": {1: ("drop_before",), 2: ("delay", "delay")},
    "cut after, another answer on its way": {1: ("drop_after",), 2: ("delay", "delay")},
    "cut after, the queue full for another": {1: ("drop_after",), 2: ("queue_full",)},
    "cut after, another throttled": {1: ("drop_after",), 2: ("throttled",)},
    "500 and 503": {1: ("error_500",), 2: ("error_503",)},
    "cut after, garbage for another": {1: ("drop_after",), 2: ("garbage",)},
    "quota used up, another answer on its way": {1: ("quota_exceeded",), 2: ("delay", "delay")},
    "two imports fail": {1: ("fail",), 2: ("fail",)},
    "cut after, and that import fails": {1: ("drop_after", "fail")},
}
"""What meets the first and the second import that arrive, by what the table says of it."""
ON_ITS_WAY: Final = 0.1
READS: Final = 10
"""Parts of an answer until it is late; others come in a few, and one that drips in no end."""
TIMES: Final[dict[str, int | None]] = {"once": 1, "for good": None}


def messages() -> list[dict[str, Any]]:
    """Seven people in three imports; one has unsubscribed, which only a look-up tells.

    The list of those who have does not hold this contact, because it is deleted.
    """
    people = [record(email=f"member{n}@example.com", name=f"N{n}", tier="gold") for n in range(6)]
    people.append(record(email="gone.unsubscribed@example.com", name="Una", tier="gold"))
    return [schema(email=TEXT, name=TEXT, tier=TEXT), *people, state("end")]


@dataclass(frozen=True)
class Case:
    """What came of one run."""

    exit_code: int
    state_out: bool
    all_accounted: bool
    rows_imported: int
    requests: int

    @classmethod
    def of(cls, endpoint: Endpoint, *faults: Fault) -> Case:
        """Run with these faults."""
        return _run(endpoint, faults)

    def cell(self, undisturbed: Case, *, counts_requests: bool = True) -> str:
        """What the table says of it."""
        more = self.requests - undisturbed.requests if counts_requests else 0
        cost = f" {more:+d}".replace("-", "\N{MINUS SIGN}") if more else ""
        twice = self.rows_imported - undisturbed.rows_imported
        again = f", {counted(twice, 'row')} twice" if twice > 0 else ""
        if self.exit_code == 0 and self.state_out and self.all_accounted:
            return f"done{cost}{again}"
        kept = "" if not self.state_out else ", STATE OUT"
        return f"exit {self.exit_code}{kept}{cost}{again}"


def _run(endpoint: Endpoint, faults: tuple[Fault, ...]) -> Case:
    behaviour = Behaviour(seconds_to_start=0, seconds_to_finish=0)
    # A queue that stays full is waited for until the time is over. All else has what it needs.
    waits = any(fault.action == "queue_full" and fault.times is None for fault in faults)
    with tempfile.TemporaryDirectory() as folder, Sandbox(behaviour=behaviour) as sandbox:
        settings = prepared(sandbox, Path(folder) / "data") | endpoint.settings
        for fault in (*endpoint.before, *faults):
            sandbox.add_fault(fault)
        full_for = 2.0 if waits else 0.01
        if waits:
            # The third try is a second too late, and the second one a second early enough.
            settings |= {"import_timeout_minutes": 1.5 * full_for / 60}
        with in_no_time(drips=any(fault.action == "drip" for fault in faults), full_for=full_for):
            return case_of(run(settings, *messages()), sandbox)


def case_of(done: Outcome, sandbox: Sandbox) -> Case:
    """What came of a run with these messages, and of those before it."""
    accounted = {"read": 7, "landed": 6, "suppressed": 1}
    return Case(
        exit_code=done.exit_code,
        state_out=done.states == ["end"],
        all_accounted=bool(done.report) and done.totals == accounted,
        rows_imported=sum(activity["rows"] for activity in sandbox.activities()),
        requests=len(sandbox.requests),
    )


def prepared(sandbox: Sandbox, data_dir: Path) -> dict[str, Any]:
    """Settings with which a run asks all that it can ask."""
    name = sandbox.create_custom_field("Night tier")
    return settings_for(sandbox, data_dir) | {
        "access_token": None,
        "auth_url": sandbox.auth_url,
        "client_id": CLIENT,
        "refresh_token": sandbox.mint_refresh_token(client_id=CLIENT),
        "account": "Sandbox Trading Co.",
        "lists": "Fresh list",
        "create_lists": True,
        "field_mapping": {"email": "email", "first_name": "name", f"cf:{name}": "tier"},
        "max_active_contacts": 10_000,
        "max_activities_in_flight": 1,
        "batch_size_rows": 3,
        "import_timeout_minutes": 0.5,
    }


class _DeadlineOfReads(Deadline):
    """Passes with what is read and not with time, so that no machine is too slow for it."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self._reads = 0

    def left(self) -> float:
        self._reads += 1
        return super().left() if self._reads <= READS else 0.0


@contextmanager
def in_no_time(*, drips: bool = False, full_for: float = 0.4) -> Iterator[None]:
    """Wait thousandths instead of seconds, between polls, tries and slots, and for what drips."""
    with (
        patch.object(exchange, "Deadline", _DeadlineOfReads if drips else Deadline),
        # What is larger than any answer need not fill the disk.
        patch.object(answers, "MAX_TABLE_BYTES", exchange.MAX_ANSWER_BYTES),
        patch.object(waiting, "POLL_SECONDS", (0.001,)),
        patch.object(retry, "RETRY_SECONDS", 0.0),
        patch.object(transport, "THROTTLED_SECONDS", 0.0),
        patch.object(auth_transport, "THROTTLED_SECONDS", 0.0),
        patch.object(sender, "QUEUE_FULL_SECONDS", full_for),
        patch.object(limiter, "_MARGIN", 0.001),
    ):
        yield


def may_meet(endpoint: Endpoint, name: str, times: str) -> bool:
    """Whether a cell says anything that no other one says."""
    if name == "slow":
        return times == "for good"
    return name != "endless" or (endpoint.method == "GET" and endpoint.path in PAGED)


def fault_of(endpoint: Endpoint, name: str, times: str) -> Fault:
    """The fault that a cell is about."""
    action, times_met = FAULTS[name], TIMES[times]
    if action == "error_500" and times == "for good":
        action = "error_503"
    return Fault(
        endpoint.method, endpoint.path, action, endpoint.first, times=times_met, seconds=0.02
    )


def faults_at_once(endpoint: Endpoint, name: str) -> tuple[Fault, ...]:
    """The faults that a cell is about, of which each answer waits for the other ones."""
    found = [
        Fault(endpoint.method, endpoint.path, action, nth=nth, seconds=ON_ITS_WAY)
        for nth, actions in AT_ONCE[name].items()
        for action in actions
    ]
    # Requests of one export, which would be sent one by one if they were answered at once.
    slow = Fault(endpoint.method, endpoint.path, "delay", times=None, seconds=ON_ITS_WAY)
    return (slow, *found)


def table_at_once() -> str:
    """The table of the faults that come while several imports are on their way."""
    lines = [f"| fault | {' | '.join(SEVERAL)} |", f"| --- |{' --- |' * len(SEVERAL)}"]
    for name in AT_ONCE:
        cells = [cell_at_once(endpoint, name) for endpoint in SEVERAL.values()]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "".join(f"{line}\n" for line in lines)


def cell_at_once(endpoint: Endpoint, name: str) -> str:
    """What comes of it; how many requests it takes is a matter of chance."""
    case = Case.of(endpoint, *faults_at_once(endpoint, name))
    return case.cell(undisturbed(endpoint), counts_requests=False)


@cache
def undisturbed(endpoint: Endpoint) -> Case:
    """What comes of a run without a fault."""
    return Case.of(endpoint)


def table(times: str) -> str:
    """The table of the faults that come once, or for good."""
    lines = [
        f"| request | {' | '.join(FAULTS)} |",
        f"| --- |{' --- |' * len(FAULTS)}",
    ]
    for endpoint in ENDPOINTS:
        cells = [
            Case.of(endpoint, fault_of(endpoint, name, times)).cell(undisturbed(endpoint))
            if may_meet(endpoint, name, times)
            else ""
            for name in FAULTS
        ]
        lines.append(f"| {endpoint.title} | {' | '.join(cells)} |")
    return "".join(f"{line}\n" for line in lines)


def written(times: str) -> dict[tuple[str, str], str]:
    """The cells of a table in docs/reference/faults.md, by request and fault."""
    _, found, rest = PATH.read_text(encoding="utf-8").partition(f"<!-- {times} -->\n")
    assert found, f"{PATH} has no part {times!r}"
    part = rest.partition(f"<!-- /{times} -->")[0]
    rows = [[cell.strip() for cell in line.strip("|\n").split("|")] for line in part.splitlines()]
    return {
        (row[0], name): cell
        for row in rows[2:]
        for name, cell in zip(rows[0][1:], row[1:], strict=True)
    }


def main() -> None:
    """Write the tables into docs/reference/faults.md."""
    text = PATH.read_text(encoding="utf-8")
    for times in TIMES:
        text = filled(text, times, table(times))
    PATH.write_text(filled(text, "at once", table_at_once()), encoding="utf-8")


def filled(text: str, part: str, made: str) -> str:
    """The page with a table in its part."""
    start, end = f"<!-- {part} -->\n", f"<!-- /{part} -->"
    before, found, rest = text.partition(start)
    assert found, f"{PATH} has no part {part!r}"
    return f"{before}{start}{made}{end}{rest.partition(end)[2]}"


if __name__ == "__main__":
    main()
