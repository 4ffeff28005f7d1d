"""Fixtures for all tests."""

from __future__ import annotations

import gc
import logging
import signal
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

from target_constant_contact import known_secrets, waiting
from target_constant_contact.api.http import retry
from target_constant_contact.progress.reporter import Reporter
from target_constant_contact.sandbox import Behaviour, Sandbox
from target_constant_contact.singer import json_lines as lines
from tests.support.compiled import share_compiled
from tests.support.postgres import Postgres
from tests.support.receivers import Inbox, inbox
from tests.support.target import Message, Outcome, run, settings_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# A machine may be busy with other things, and a first example waits for Unicode tables.
hypothesis.settings.register_profile(
    "search", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
# Whether a change may be merged does not depend on luck: the same examples each time.
hypothesis.settings.register_profile(
    "project", hypothesis.settings.get_profile("search"), derandomize=True
)
hypothesis.settings.load_profile("project")

# Whoever starts the tests with nohup has it ignored, in each process that they start, too.
signal.signal(signal.SIGHUP, signal.SIG_DFL)

AT_ONCE = Behaviour(seconds_to_start=0, seconds_to_finish=0)


SHORTEST_CHUNKS = {"chunks": 1, "as they come": lines.SHORTEST_CHUNK, "alone": 1 << 60}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let all tests of one process handle records in one way."""
    parser.addoption("--records", choices=SHORTEST_CHUNKS, default="as they come")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest begins first, so that no worker is left with it at the end."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


@pytest.hookimpl(tryfirst=True)
def pytest_collection() -> None:
    """To collect makes a great many things and no circles worth looking for."""
    gc.disable()


def pytest_collection_finish() -> None:
    """What is there for all tests is not looked at for circles, and seldom what they make."""
    gc.enable()
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


@pytest.fixture(autouse=True)
def _quick_and_loud(monkeypatch: pytest.MonkeyPatch, pytestconfig: pytest.Config) -> None:
    """No test waits for polls and repeated requests as long as a run does."""
    monkeypatch.setattr(lines, "SHORTEST_CHUNK", SHORTEST_CHUNKS[pytestconfig.getoption("records")])
    monkeypatch.setattr(waiting, "POLL_SECONDS", (0.01, 0.02, 0.05))
    monkeypatch.setattr(retry, "RETRY_SECONDS", 0.0)
    logging.getLogger().setLevel(logging.INFO)


@pytest.fixture(autouse=True)
def _the_log_is_as_it_was() -> Iterator[None]:
    """A command line sets it up for as long as its process lives."""
    root, metrics = logging.getLogger(), logging.getLogger("singer_sdk.metrics")
    handlers, level = root.handlers.copy(), metrics.level
    factory = logging.getLogRecordFactory()
    yield
    logging.setLogRecordFactory(factory)
    root.handlers[:] = handlers
    metrics.setLevel(level)


@pytest.fixture(autouse=True)
def _progress_ends_with_its_test(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Where a test tells no end of what it has begun, a line would come in a later one."""
    begun: list[Reporter] = []
    begin = Reporter._begin

    def noted(self: Reporter) -> None:
        begun.append(self)
        begin(self)

    monkeypatch.setattr(Reporter, "_begin", noted)
    yield
    for each in begun:
        if each._over:
            each._over.set()


@pytest.fixture(scope="session", autouse=True)
def _statements_of_one_kind_of_database_are_compiled_once() -> Iterator[None]:
    """A command uses one store, and the tests of a process hundreds."""
    with pytest.MonkeyPatch.context() as patch:
        share_compiled(patch)
        yield


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """An account on this machine that works as fast as it can."""
    with Sandbox(behaviour=AT_ONCE) as account:
        yield account


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A server for all tests of this process; no test may end it."""
    with Postgres() as server:
        yield server


@pytest.fixture
def export(sandbox: Sandbox, tmp_path: Path) -> Any:
    """Run the target against the sandbox: `export(*messages, **settings)`."""

    def start(*messages: Message, text: str | None = None, **settings: Any) -> Outcome:
        return run(settings_for(sandbox, tmp_path / "data", **settings), *messages, text=text)

    return start


@pytest.fixture
def behave(sandbox: Sandbox) -> Any:
    """Change how the sandbox behaves: `behave(rows_lost=1)`."""

    def change(**values: Any) -> None:
        sandbox.behaviour = replace(sandbox.behaviour, **values)

    return change


@pytest.fixture
def box() -> Iterator[Inbox]:
    """A server that takes alerts."""
    with inbox() as kept:
        yield kept


@pytest.fixture(autouse=True)
def _no_secrets_of_other_tests(monkeypatch):
    """What a process has learnt of secrets it masks to its end; each test is one of its own."""
    monkeypatch.setattr(known_secrets, "_known", known_secrets._Known())
