"""What a sweep makes of each fault at each of its requests, as a table in docs/reference/faults.md.

As a program (`scripts/fault-tables`) it writes the table anew; test_sweep_faults.py compares it,
cell by cell, with what really happens.
"""

from __future__ import annotations

import atexit
import shutil
import sqlite3
import tempfile
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal
from unittest.mock import patch

from target_constant_contact.sandbox import Behaviour, Fault, Sandbox
from target_constant_contact.segments import taking_off, ways
from target_constant_contact.segments.scratch_lists import PREFIX
from tests.end_to_end.faults import FAULTS, PATH, filled, in_no_time
from tests.support.commands import Answer, call, config_file
from tests.support.target import member, run, schema, settings_for

if TYPE_CHECKING:
    from collections.abc import Iterator

PART: Final = "sweep"
PEOPLE: Final = range(30)
STAYING: Final = range(4, 30)
REMOVAL: Final = "/activities/remove_list_memberships"


@dataclass(frozen=True)
class Step:
    """A request of a sweep.

    Attributes:
        title: What the table says of it.
        method: HTTP method of the fault.
        path: Path of the fault.
        nth: The request of these that the fault meets, from 1.
        way: How the leavers are taken off: by their ``ids``, or by a ``scratch`` list.
    """

    title: str
    method: str
    path: str
    nth: int = 1
    way: Literal["ids", "scratch"] = "ids"


STEPS: Final = (
    Step("read the lists: GET /contact_lists", "GET", "/contact_lists"),
    Step("count the list: GET /contact_lists/{id}", "GET", "/contact_lists/*"),
    Step("read the list: GET /contacts", "GET", "/contacts"),
    Step("take off by ids: POST .../remove_list_memberships", "POST", REMOVAL),
    Step("poll: GET /activities/{id}", "GET", "/activities/*"),
    Step("read the list back: GET /contacts", "GET", "/contacts", 2),
    Step(
        "export the list: POST .../contact_exports",
        "POST",
        "/activities/contact_exports",
        1,
        "scratch",
    ),
    Step("fetch the export: GET /contact_exports/{id}", "GET", "/contact_exports/*", 1, "scratch"),
    Step("make a scratch list: POST /contact_lists", "POST", "/contact_lists", 1, "scratch"),
    Step(
        "fill it: POST .../contacts_json_import",
        "POST",
        "/activities/contacts_json_import",
        1,
        "scratch",
    ),
    Step("count it: GET /contact_lists/{id}", "GET", "/contact_lists/*", 2, "scratch"),
    Step("take off by it: POST .../remove_list_memberships", "POST", REMOVAL, 1, "scratch"),
    Step("delete it: POST .../list_delete", "POST", "/activities/list_delete", 1, "scratch"),
)
KINDS: Final = tuple(
    name for name in FAULTS if name not in {"slow", "endless", "queue full", "500 or 503"}
)
"""What is tried again before anything is carried out is one of these: ``throttled``."""


@dataclass(frozen=True)
class Case:
    """What came of one sweep, and of the next one without the fault.

    Attributes:
        exit_code: Of the sweep.
        right: Whether nobody was off who was to stay, and all leavers if it ended with 0.
        requests: Requests of it.
        next_is_right: Whether the account is right after the next one, with no scratch list left.
    """

    exit_code: int
    right: bool
    requests: int
    next_is_right: bool

    def cell(self, step: Step) -> str:
        """What the table says of it."""
        if not (self.right and self.next_is_right):
            return f"exit {self.exit_code}, WRONG"
        more = self.requests - undisturbed(step.way).requests
        cost = f" {more:+d}".replace("-", "\N{MINUS SIGN}") if more else ""
        return f"done{cost}" if self.exit_code == 0 else f"exit {self.exit_code}{cost}"


def case_of(step: Step, kind: str) -> Case:
    """What comes of a fault."""
    fault = Fault(step.method, step.path, FAULTS[kind], step.nth, seconds=0.02)
    return _sweep(step.way, fault)


@cache
def undisturbed(way: str) -> Case:
    """What comes of a sweep without a fault."""
    return _sweep(way, None)


def _sweep(way: str, fault: Fault | None) -> Case:
    with (
        tempfile.TemporaryDirectory() as name,
        in_no_time(drips=fault is not None and fault.action == "drip"),
        _by(way),
    ):
        folder, sandbox = Path(name), _loaded().sandbox
        file = config_file(folder, **_loaded().again(folder / "data"))
        before = len(sandbox.requests)
        if fault:
            sandbox.add_fault(fault)
        first = call("sweep", "--config", file)
        requests = len(sandbox.requests) - before
        sandbox.clear_faults()
        right = _is_right(sandbox, first)
        following = first if fault is None else call("sweep", "--config", file)
        return Case(first.exit_code, right, requests, _is_right(sandbox, following, end=True))


class _Loaded:
    """An account and a data folder after two loads, which each sweep begins with."""

    def __init__(self, running: ExitStack) -> None:
        self._kept = Path(running.enter_context(tempfile.TemporaryDirectory()))
        self._account = self._kept / "account.sqlite"
        at_once = Behaviour(seconds_to_start=0, seconds_to_finish=0)
        self.sandbox = running.enter_context(Sandbox(self._account, behaviour=at_once))
        entry = {"stream": "members", "lists": "Newsletter", "load_method": "overwrite"}
        self._settings = settings_for(self.sandbox, self._kept / "data", segments=[entry])
        del self._settings["lists"]
        self._settings["import_timeout_minutes"] = 0.5
        with in_no_time():
            for people in (PEOPLE, STAYING):
                assert run(self._settings, schema(), *map(member, people)).exit_code == 0
        self._then = running.enter_context(closing(sqlite3.connect(":memory:")))
        with closing(sqlite3.connect(self._account)) as account:
            account.backup(self._then)

    def again(self, data_dir: Path) -> dict[str, Any]:
        """Put the account and a folder into the state after the loads; return settings."""
        self.sandbox.clear_faults()
        with closing(sqlite3.connect(self._account)) as account:
            self._then.backup(account)
        shutil.copytree(self._kept / "data", data_dir)
        return self._settings | {"data_dir": str(data_dir)}


@cache
def _loaded() -> _Loaded:
    running = ExitStack()
    atexit.register(running.close)
    return _Loaded(running)


def _is_right(sandbox: Sandbox, answer: Answer, *, end: bool = False) -> bool:
    here = {key for key in sandbox.members("Newsletter") if key.startswith("member")}
    staying = {f"member{number}@example.com" for number in STAYING}
    no_list_left = not any(name.startswith(PREFIX) for name in sandbox.lists())
    if end:
        return answer.exit_code == 0 and here == staying and no_list_left
    # A scratch list that could not be deleted is left to the next run.
    return staying <= here and (answer.exit_code != 0 or here == staying)


@contextmanager
def _by(way: str) -> Iterator[None]:
    """Have a sweep go this way, however few people it is about."""
    if way == "ids":
        yield
        return
    with (
        patch.object(ways, "PAGE", 1),
        patch.object(ways, "by_scratch_list", lambda _: 0),
        patch.object(taking_off, "by_scratch_list", lambda _: 0),
    ):
        yield


def table() -> str:
    """The table of the faults."""
    lines = [f"| request | {' | '.join(KINDS)} |", f"| --- |{' --- |' * len(KINDS)}"]
    for step in STEPS:
        cells = [case_of(step, kind).cell(step) for kind in KINDS]
        lines.append(f"| {step.title} | {' | '.join(cells)} |")
    return "".join(f"{line}\n" for line in lines)


def main() -> None:
    """Write the table into docs/reference/faults.md."""
    text = PATH.read_text(encoding="utf-8")
    PATH.write_text(filled(text, PART, table()), encoding="utf-8")


if __name__ == "__main__":
    main()
