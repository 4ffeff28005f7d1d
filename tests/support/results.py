"""Running the tap of results in this process, and looking at what it writes."""

from __future__ import annotations

import contextlib
import io
import json
import logging
from collections import defaultdict
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import duckdb

from target_constant_contact.data_folder import REJECTS_FILE
from target_constant_contact.program import report_error
from target_constant_contact.reports.swept import SweptList
from target_constant_contact.results_tap.tap import TapConstantContactResults
from tests.docs import pages
from tests.support.past_runs import keep_run

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


@dataclass
class Told:
    """What the tap has written.

    Attributes:
        records: Records of each stream.
        state: The last state.
        states: All of them.
        log: Its log.
        exit_code: How it has ended.
        schemas: SCHEMA messages by stream.
        stdout: All of it as it was written.
    """

    records: defaultdict[str, list[dict[str, Any]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    state: dict[str, Any] = field(default_factory=dict)
    states: list[dict[str, Any]] = field(default_factory=list)
    log: str = ""
    exit_code: int = 0
    schemas: dict[str, Any] = field(default_factory=dict)
    stdout: str = ""

    def runs(self, stream: str = "runs") -> list[str]:
        """Names of the runs that a stream has told, in their order."""
        return [record["run"] for record in self.records[stream]]


def tell(state: dict[str, Any] | None = None, /, **settings: Any) -> Told:
    """Run the tap as its command line does, from a state on."""
    stdout, log = io.StringIO(), io.StringIO()
    handler = logging.StreamHandler(log)
    logging.getLogger().addHandler(handler)
    told = Told()
    try:
        with contextlib.redirect_stdout(stdout):
            tap = TapConstantContactResults(config=settings, state=state)
            tap.sync_all()
    except Exception as error:  # noqa: BLE001 - as the command line does
        told.exit_code = report_error(error, logging.getLogger(TapConstantContactResults.name))
    finally:
        logging.getLogger().removeHandler(handler)
    told.log, told.stdout = log.getvalue(), stdout.getvalue()
    return read_messages(told)


def read_messages(told: Told) -> Told:
    """Sort what has been written."""
    for line in told.stdout.splitlines():
        message = json.loads(line)
        if message["type"] == "RECORD":
            told.records[message["stream"]].append(message["record"])
        elif message["type"] == "STATE":
            told.states.append(message["value"])
            told.state = message["value"]
        elif message["type"] == "SCHEMA":
            told.schemas[message["stream"]] = message
    return told


QUESTIONS = pages.ROOT / "examples" / "results" / "questions.sql"
COUNTS = {"read": 9, "landed": 4, "rejected": 2, "refused": 1, "merged": 2}


def full_report(run: str, /, **members: Any) -> dict[str, Any]:
    """The report of a run that has something of everything."""
    lists = [{"id": "list-a", "name": "Newsletter"}, {"id": "list-b", "name": "VIP"}]
    begun = datetime.strptime(run[:16], "%Y%m%dT%H%M%S%z")
    return {
        "run": run,
        "kind": "load",
        "started_at": begun.isoformat(),
        "ended_at": (begun + timedelta(seconds=90)).isoformat(),
        "status": "failed",
        "error": "2 of 9 rows of members were rejected",
        "connection": "default",
        "account": "Acorn Shop",
        "requests": 12,
        "rejects_file": "/elsewhere/rejects.singer.jsonl",
        "totals": COUNTS | {"copies": 3},
        "destinations": [
            {"stream": "members", "lists": lists[:1], "read": 3, "landed": 3},
            {
                "stream": "members",
                "lists": lists,
                "read": 4,
                "landed": 1,
                "refused": 1,
                "merged": 2,
            },
            {"stream": "members", "lists": [], "read": 2, "rejected": 2},
        ],
        "rejections": [_reason("zip is too long", field="Zip", rows=2)],
        "withheld": [_reason("has left the list", rows=3)],
        "dropped": [_reason("no date", field="born", values=4)],
        "findings": [_reason("refused: deleted", evidence="look-up", rows=1)],
        "imports": [
            {
                "activity_id": "activity-1",
                "stream": "members",
                "rows": 4,
                "seconds": 31.25,
                "counters": {"person_count": 4, "error_count": 1},
                "taken_up": True,
            }
        ],
        "unsettled_imports": [{"activity_id": "activity-2", "stream": "members", "rows": 2}],
        "swept": [asdict(SweptList("members", "list-a", "Newsletter", "swept", 9, 7, 2))],
    } | members


def _reason(reason: str, **members: Any) -> dict[str, Any]:
    return {"stream": "members", "reason": reason} | members


def keep_report(data: Path, run: str, /, **members: Any) -> None:
    """Have the store know of a run with such a report."""
    keep_run(data, run, json.dumps(full_report(run, **members)))


def keep_rejects(data: Path, run: str, *messages: dict[str, Any]) -> Path:
    """Leave a file of rejected rows behind."""
    folder = data / "runs" / run
    folder.mkdir(parents=True, mode=0o700)
    path = folder / REJECTS_FILE
    path.write_text("".join(json.dumps(message) + "\n" for message in messages), encoding="utf-8")
    return path


def answers(project: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[dict[str, Any]]]:
    """The answers to the questions, asked in the folder of the project."""
    monkeypatch.chdir(project)
    with duckdb.connect() as database:
        statements = database.extract_statements(pages.read(QUESTIONS))
        answers = []
        for statement in statements:
            database.execute(statement)
            if statement.type == duckdb.StatementType.SELECT:
                names = [column[0] for column in database.description]
                answers.append([dict(zip(names, row, strict=True)) for row in database.fetchall()])
    return answers
