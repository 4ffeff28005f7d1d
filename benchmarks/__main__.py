"""Run the target and a stock singer-sdk target in turns, and print what they took as a table."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from benchmarks.generate import FIELDS, STREAMS, list_name, write_messages
from benchmarks.server import Counted, serving

SHAPES: Final = {
    "one": "one stream",
    "three": "three interleaved streams",
    "lists": "lists_field, 100 lists",
    "batch": "BATCH, gzipped JSON lines",
}
PROGRAMS: Final = ("baseline", "baseline-unchecked", "floor", "target", "target-validating")
_TITLES: Final = {
    "baseline": "stock singer-sdk target",
    "baseline-unchecked": "the same without validation",
    "floor": "decode, map, encode, send only",
    "target": "target-constant-contact",
    "target-validating": "the same, `validate_records`",
}
_STARTS: Final = 5


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


def main() -> int:
    """Parse the arguments, measure, print."""
    options = _parse()
    with tempfile.TemporaryDirectory(prefix="benchmark-") as name:
        folder = Path(name)
        try:
            print(f"{options.rows:,} members, {os.cpu_count()} cores, Python {_python()}\n")
            for shape in options.shape:
                _print_shape(folder, shape, options)
            _print_start_up(options.repeat * _STARTS)
        except BenchmarkError as error:
            print(f"benchmark: {error}", file=sys.stderr)
            return 1
    return 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="members (default 1000000)")
    parser.add_argument("--repeat", type=int, default=3, help="runs of each program (default 3)")
    parser.add_argument("--shape", nargs="+", choices=SHAPES, default=list(SHAPES))
    parser.add_argument("--only", nargs="+", choices=PROGRAMS, default=list(PROGRAMS))
    return parser.parse_args()


def _python() -> str:
    return ".".join(map(str, sys.version_info[:3]))


def _print_shape(folder: Path, shape: str, options: argparse.Namespace) -> None:
    source = folder / f"{shape}.singer.jsonl"
    write_messages(source, shape, options.rows)
    programs = [name for name in options.only if _can_do(name, shape)]
    runs: dict[str, list[Measured]] = {name: [] for name in programs}
    for _ in range(options.repeat):
        for name in programs:
            runs[name].append(_run(name, shape, source, folder, options.rows))
    for path in folder.glob(f"{shape}*"):
        path.unlink()
    print(f"**{SHAPES[shape]}**\n")
    print("| program | median | ratio | requests | bodies | CPU | peak memory |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    reference = _median(runs["baseline"]) if runs.get("baseline") else None
    for name in programs:
        print(_line(_TITLES[name], runs[name], reference))
    print(flush=True)


def _can_do(program: str, shape: str) -> bool:
    """The floor knows one list only, and the other checks do not depend on the shape."""
    return shape == "one" or program in {"baseline", "target"}


def _line(title: str, runs: list[Measured], reference: float | None) -> str:
    seconds, last = _median(runs), runs[-1]
    ratio = f"1/{reference / seconds:.1f}" if reference else ""
    cpu = statistics.median(run.cpu_seconds for run in runs)
    peak = max(run.peak_mib for run in runs)
    return (
        f"| {title} | {seconds:.2f} s | {ratio} | {last.counted.requests:,} | "
        f"{last.counted.size / 1e6:,.0f} MB | {cpu:.2f} s | {peak:,.0f} MiB |"
    )


def _median(runs: list[Measured]) -> float:
    return statistics.median(run.seconds for run in runs)


def _run(program: str, shape: str, source: Path, folder: Path, rows: int) -> Measured:
    with serving() as server, tempfile.TemporaryDirectory(dir=folder) as data_dir:
        config = Path(data_dir) / "config.json"
        config.write_text(json.dumps(_config(program, shape, rows, server.url, data_dir)))
        measured = _measure(_command(program, config, server.url), source, folder / "log")
        counted = server.counted()
    if counted.rows != rows:
        raise BenchmarkError(f"{program} has delivered {counted.rows:,} of {rows:,} members")
    return Measured(measured.seconds, measured.cpu_seconds, measured.peak_mib, counted)


def _config(program: str, shape: str, rows: int, url: str, data_dir: str) -> dict[str, Any]:
    lists = {stream: list_name(place) for place, stream in enumerate(STREAMS)}
    if program.startswith("baseline"):
        return {"api_url": url, "lists": lists, "validate_records": program == "baseline"}
    where: dict[str, Any] = {"lists": lists[STREAMS[0]]}
    if shape == "three":
        where = {"segments": [{"stream": name, "lists": lists[name]} for name in STREAMS]}
    elif shape == "lists":
        where = {"lists_field": "list"}
    return where | {
        "api_url": url,
        "access_token": "token",
        "accept_data_transfer": True,
        "field_mapping": FIELDS,
        "validate_records": program == "target-validating",
        "data_dir": data_dir,
        # What the service allows is not what is measured.
        "requests_per_second": 10_000,
        "requests_per_day": 10_000_000,
        "max_profiles_per_export": rows,
    }


def _command(program: str, config: Path, url: str) -> list[str]:
    if program == "floor":
        return [sys.executable, "-m", "benchmarks.floor", url]
    if program.startswith("baseline"):
        return [sys.executable, "-m", "benchmarks.baseline", "--config", str(config)]
    return [_target(), "--config", str(config)]


def _target() -> str:
    return str(Path(sys.executable).with_name("target-constant-contact"))


def _measure(command: list[str], source: Path | None, log: Path) -> Measured:
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


def _print_start_up(times: int) -> None:
    """Compare the start of the command with a program that only imports singer-sdk."""
    commands = {
        "`import singer_sdk`": [sys.executable, "-c", "import singer_sdk"],
        "`target-constant-contact --version`": [_target(), "--version"],
    }
    runs: dict[str, list[Measured]] = {name: [] for name in commands}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(times):
            for name, command in commands.items():
                runs[name].append(_measure(command, None, Path(folder) / "log"))
    reference, _ = (_median(found) for found in runs.values())
    print("**start-up**\n\n| program | median | ratio |\n|---|---:|---:|")
    for name, found in runs.items():
        print(f"| {name} | {_median(found):.2f} s | {_median(found) / reference:.2f} |")


if __name__ == "__main__":
    sys.exit(main())
