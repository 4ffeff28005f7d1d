"""Running the tap of results in this process, and looking at what it writes."""

from __future__ import annotations

import contextlib
import io
import json
import logging
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from target_constant_contact.program import report_error
from target_constant_contact.results_tap.tap import TapConstantContactResults


@dataclass
class Told:
    """What the tap has written.

    Attributes:
        records: Records of each stream.
        state: The last state.
        log: Its log.
        exit_code: How it has ended.
        schemas: SCHEMA messages by stream.
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
