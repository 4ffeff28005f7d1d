"""What the programs take of the processor, into a server that takes everything at once."""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.generate import make_messages
from benchmarks.programs import PROGRAMS, BenchmarkError, Measured, measure, run, target
from benchmarks.service import Rules

if TYPE_CHECKING:
    import argparse

SHAPES: Final = {
    "one": "one stream",
    "three": "three interleaved streams",
    "lists": "lists_field, 100 lists",
    "batch": "BATCH, gzipped JSON lines",
}
_STARTS: Final = 5


def print_shapes(folder: Path, options: argparse.Namespace) -> None:
    """Measure every shape, and then the start."""
    for shape in options.shape:
        _print_shape(folder, shape, options)
    _print_start_up(options.repeat * _STARTS)


def _print_shape(folder: Path, shape: str, options: argparse.Namespace) -> None:
    source = folder / f"{shape}.singer.jsonl"
    make_messages(source, shape, options.rows)
    programs = [name for name in options.only if _can_do(name, shape)]
    runs: dict[str, list[Measured]] = {name: [] for name in programs}
    for _ in range(options.repeat):
        for name in programs:
            runs[name].append(_run(name, shape, source, options.rows))
    for path in folder.glob(f"{shape}*"):
        path.unlink()
    print(f"**{SHAPES[shape]}**\n")
    print("| program | median | ratio | requests | bodies | CPU | peak memory |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    reference = _median(runs["baseline"]) if runs.get("baseline") else None
    for name in programs:
        print(_line(PROGRAMS[name], runs[name], reference))
    print(flush=True)


def _can_do(program: str, shape: str) -> bool:
    """The floor knows one list only, and the other ways do not depend on the shape."""
    return shape == "one" or program in {"baseline", "target"}


def _run(program: str, shape: str, source: Path, rows: int) -> Measured:
    measured = run(program, shape, source, rows, Rules())
    if measured.counted.rows != rows:
        came = measured.counted.rows
        raise BenchmarkError(f"{program} has delivered {came:,} of {rows:,} members")
    return measured


def _line(title: str, runs: list[Measured], reference: float | None) -> str:
    seconds, last = _median(runs), runs[-1]
    ratio = f"1/{reference / seconds:.1f}" if reference else ""
    cpu = statistics.median(each.cpu_seconds for each in runs)
    peak = max(each.peak_mib for each in runs)
    return (
        f"| {title} | {seconds:.2f} s | {ratio} | {last.counted.requests:,} | "
        f"{last.counted.size / 1e6:,.0f} MB | {cpu:.2f} s | {peak:,.0f} MiB |"
    )


def _median(runs: list[Measured]) -> float:
    return statistics.median(each.seconds for each in runs)


def _print_start_up(times: int) -> None:
    """Compare the start of the command with a program that only imports singer-sdk."""
    commands = {
        "`import singer_sdk`": [sys.executable, "-c", "import singer_sdk"],
        "`target-constant-contact --version`": [target(), "--version"],
    }
    runs: dict[str, list[Measured]] = {name: [] for name in commands}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(times):
            for name, command in commands.items():
                runs[name].append(measure(command, None, Path(folder) / "log"))
    reference, _ = (_median(found) for found in runs.values())
    print("**start-up**\n\n| program | median | ratio |\n|---|---:|---:|")
    for name, found in runs.items():
        print(f"| {name} | {_median(found):.2f} s | {_median(found) / reference:.2f} |")
