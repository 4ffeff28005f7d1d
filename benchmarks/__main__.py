"""Run the target and a stock singer-sdk target in turns, and print what they took as tables."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.limits import CASES, USUAL_CASES, print_limits
from benchmarks.programs import PROGRAMS, BenchmarkError
from benchmarks.shapes import SHAPES, print_shapes

if TYPE_CHECKING:
    from collections.abc import Iterator


def main() -> int:
    """Parse the arguments, measure, print."""
    options = _parse()
    with tempfile.TemporaryDirectory(prefix="benchmark-") as name:
        folder = Path(name)
        try:
            if options.at_limits:
                with _marked("limits", options.rows):
                    print_limits(folder, options)
            if options.shape:
                with _marked("speed", options.rows):
                    print_shapes(folder, options)
        except BenchmarkError as error:
            print(f"benchmark: {error}", file=sys.stderr)
            return 1
    return 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="benchmarks",
        description=f"{__doc__} Without --at-limits and --shape, all is measured.",
    )
    add = parser.add_argument
    add("--rows", type=int, default=1_000_000, help="members (default 1000000)")
    add("--repeat", type=int, default=3, help="runs of each program for a shape (default 3)")
    add(
        "--at-limits",
        nargs="*",
        choices=CASES,
        help="end to end at the service's limits; without names, all but 900",
    )
    add("--shape", nargs="*", choices=SHAPES, help="the processor's time; without names, all")
    add("--only", nargs="+", choices=PROGRAMS, default=list(PROGRAMS), help="some programs")
    add(
        "--stock-seconds",
        type=float,
        default=180,
        help="longest run of the stock target at the limits; beyond, its time is computed "
        "(default 180)",
    )
    options = parser.parse_args()
    everything = options.at_limits is None and options.shape is None
    if options.at_limits == [] or everything:
        options.at_limits = list(USUAL_CASES)
    if options.shape == [] or everything:
        options.shape = list(SHAPES)
    return options


@contextmanager
def _marked(part: str, rows: int) -> Iterator[None]:
    """Print the marks between which it stands in the page about speed."""
    print(f"<!-- {part} -->\n{rows:,} members, {os.cpu_count()} cores, Python {_python()}\n")
    yield
    print(f"<!-- /{part} -->\n", flush=True)


def _python() -> str:
    return ".".join(map(str, sys.version_info[:3]))


if __name__ == "__main__":
    sys.exit(main())
