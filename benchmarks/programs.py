"""Run the programs that are compared, each in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cryptography.fernet import Fernet

from benchmarks.generate import STREAMS
from benchmarks.members import FIELDS, list_name
from benchmarks.server import serving
from benchmarks.service import Counted, Rules
from tests.support.postgres import Postgres

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAMS: Final = {
    "baseline": "stock singer-sdk target",
    "baseline-unchecked": "the same without validation",
    "floor": "decode, map, encode, send only",
    "target": "target-constant-contact",
    "target-validating": "the same, `validate_records`",
    "target-csv": "the same, `import_format: csv`",
    "target-postgresql": "the same, the store in PostgreSQL on this machine",
}
"""What is compared, and its title."""

STOCK_ROWS: Final = 10_000
"""Records in an import of the stock target; that many stay below 4 MB."""
STOCK_PAUSE: Final = 0.25
"""Seconds before each of its requests, which keep it within the limits of the service."""

_USUAL_PROFILES: Final = 1_000_000
_UNLIMITED: Final = {
    # What the service allows is not what is measured.
    "requests_per_second": 10_000,
    "requests_per_day": 10_000_000,
}


class BenchmarkError(Exception):
    """A program has failed or has not delivered everything."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One run of a program.

    Attributes:
        seconds: From its start to its end.
        cpu_seconds: In user and system mode.
        peak_mib: The most memory that it has held.
        counted: What the server has got.
    """

    seconds: float
    cpu_seconds: float
    peak_mib: float
    counted: Counted = field(default_factory=Counted)


def run(program: str, shape: str, source: Path, rows: int, rules: Rules) -> Measured:
    """Run a program against a server of its own.

    Args:
        program: One of `PROGRAMS`.
        shape: Of the input.
        source: The input.
        rows: Members in it.
        rules: How the service is.

    Raises:
        BenchmarkError: It has failed.
    """
    with (
        serving(rules) as server,
        tempfile.TemporaryDirectory(dir=source.parent) as name,
        _store(program) as store,
    ):
        config = Path(name) / "config.json"
        settings = _settings(program, shape, rows, rules) | {"api_url": server.url} | store
        if program.startswith("target"):
            settings["data_dir"] = name
        config.write_text(json.dumps(settings))
        measured = measure(_command(program, config, server.url), source, Path(name) / "log")
        counted = server.counted()
    return Measured(measured.seconds, measured.cpu_seconds, measured.peak_mib, counted)


@contextmanager
def _store(program: str) -> Iterator[dict[str, str]]:
    """What tells a program of a store that is not in its folder."""
    if program != "target-postgresql":
        yield {}
        return
    with Postgres(durable=True) as server:
        yield {"store_url": server.new_url(), "store_key": Fernet.generate_key().decode()}


def _settings(program: str, shape: str, rows: int, rules: Rules) -> dict[str, Any]:
    lists = {stream: list_name(place) for place, stream in enumerate(STREAMS)}
    if program.startswith("baseline"):
        return {
            "lists": lists,
            "validate_records": program == "baseline",
            "batch_size_rows": STOCK_ROWS,
            "pause_seconds": STOCK_PAUSE if rules.per_second else 0,
        }
    where: dict[str, Any] = {"lists": lists[STREAMS[0]]}
    if shape == "three":
        where = {"segments": [{"stream": name, "lists": lists[name]} for name in STREAMS]}
    elif shape in {"lists", "many"}:
        where = {"lists_field": "list"}
    return (
        where
        | {"access_token": "token", "accept_data_transfer": True, "field_mapping": FIELDS}
        | ({} if rules.per_second else _UNLIMITED)
        | ({"max_profiles_per_export": rows} if rows > _USUAL_PROFILES else {})
        | ({"validate_records": True} if program == "target-validating" else {})
        | ({"import_format": "csv"} if program == "target-csv" else {})
    )


def _command(program: str, config: Path, url: str) -> list[str]:
    if program == "floor":
        return [sys.executable, "-m", "benchmarks.floor", url]
    if program.startswith("baseline"):
        return [sys.executable, "-m", "benchmarks.baseline", "--config", str(config)]
    return [target(), "--config", str(config)]


def target() -> str:
    """The command of the target."""
    return str(Path(sys.executable).with_name("target-constant-contact"))


def measure(command: list[str], source: Path | None, log: Path) -> Measured:
    """Run a command.

    Args:
        command: The command and its arguments.
        source: Its stdin; None: nothing.
        log: Where its stderr goes.

    Raises:
        BenchmarkError: It has failed.
    """
    with (source or Path(os.devnull)).open("rb") as stdin, log.open("wb") as output:
        began = time.perf_counter()
        process = subprocess.Popen(command, stdin=stdin, stdout=subprocess.DEVNULL, stderr=output)
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        last = log.read_text(errors="replace").splitlines()[-1:]
        raise BenchmarkError(f"{command[0]} ended with {process.returncode}: {''.join(last)}")
    per_unit = 1024 if sys.platform != "darwin" else 1024 * 1024
    return Measured(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / per_unit)
