"""Running the target against a sandbox, and looking at what came of it."""

from __future__ import annotations

import contextlib
import io
import json
import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from target_constant_contact.program import report_error
from target_constant_contact.singer.target import TargetConstantContact

if TYPE_CHECKING:
    from target_constant_contact.sandbox import Sandbox

Message = dict[str, Any]

TEXT = {"type": ["null", "string"]}


def schema(stream: str = "members", **properties: Any) -> Message:
    """A SCHEMA message; without properties it has an e-mail address and a first name."""
    properties = properties or {"EmailAddress": TEXT, "FirstName": TEXT}
    return {
        "type": "SCHEMA",
        "stream": stream,
        "key_properties": [],
        "schema": {"type": "object", "properties": properties},
    }


def record(stream: str = "members", /, **values: Any) -> Message:
    """A RECORD message."""
    return {"type": "RECORD", "stream": stream, "record": values}


def member(number: int | str, **values: Any) -> Message:
    """A RECORD of the default schema."""
    return record(EmailAddress=f"member{number}@example.com", **values)


def state(value: Any) -> Message:
    """A STATE message."""
    return {"type": "STATE", "value": {"bookmark": value}}


def lines(*messages: Message) -> str:
    """The messages as a tap writes them."""
    return "".join(json.dumps(message) + "\n" for message in messages)


@dataclass
class Outcome:
    """What a run left behind."""

    exit_code: int
    states: list[Any]
    data_dir: Path
    stdout: str = ""
    log: str = ""
    report: dict[str, Any] = field(default_factory=dict)
    rejected: list[Message] = field(default_factory=list)

    @property
    def totals(self) -> dict[str, int]:
        """The counts of the whole run that are not zero."""
        return {name: count for name, count in self.report["totals"].items() if count}


def imported(sandbox: Sandbox) -> list[int]:
    """Rows of each import, largest first: they are sent in any order."""
    found = (one["rows"] for one in sandbox.activities() if "import" in one["kind"])
    return sorted(found, reverse=True)


def settings_for(sandbox: Sandbox, data_dir: Path, /, **settings: Any) -> dict[str, Any]:
    """Settings that send to a sandbox which the test has started, at full speed."""
    return {
        "api_url": sandbox.api_url,
        "access_token": sandbox.access_token,
        "accept_data_transfer": True,
        "lists": "Newsletter",
        "data_dir": str(data_dir),
        "requests_per_second": 10_000,
        "requests_per_day": 1_000_000,
        "max_rejected_percent": 100,
    } | settings


def run(
    config: dict[str, Any],
    *messages: Message,
    text: str | None = None,
    stdout: io.StringIO | None = None,
) -> Outcome:
    """Run the target in this process, as the command line would.

    Args:
        config: Its settings.
        messages: Its input.
        text: The same as text.
        stdout: Takes what it writes, when it is written.
    """
    data_dir = Path(config["data_dir"])
    before = set(data_dir.glob("runs/*"))
    stdout, log = stdout or io.StringIO(), io.StringIO()
    handler = logging.StreamHandler(log)
    logging.getLogger().addHandler(handler)
    exit_code = 0
    try:
        with contextlib.redirect_stdout(stdout):
            exit_code = _listen(config, lines(*messages) if text is None else text)
    finally:
        logging.getLogger().removeHandler(handler)
    (folder,) = set(data_dir.glob("runs/*")) - before or {None}
    return Outcome(
        exit_code=exit_code,
        states=[json.loads(line)["bookmark"] for line in stdout.getvalue().splitlines()],
        data_dir=data_dir,
        stdout=stdout.getvalue(),
        log=log.getvalue(),
        report=read_report(folder) if folder else {},
        rejected=read_rejects(folder) if folder else [],
    )


def _listen(config: dict[str, Any], text: str) -> int:
    try:
        TargetConstantContact(config=config).listen(io.StringIO(text))
    except Exception as error:  # noqa: BLE001 - as the command line does
        return report_error(error)
    return 0


def read_report(folder: Path) -> dict[str, Any]:
    """The report of a run; empty when it came to none."""
    path = folder / "report.json"
    return json.loads(path.read_text()) if path.exists() else {}


def read_rejects(folder: Path) -> list[Message]:
    """The messages of a run's rejects file."""
    path = folder / "rejects.singer.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
