"""End to end at the service's limits, beside the least that is possible and a stock target."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Final

from benchmarks.generate import MANY_LISTS, make_messages
from benchmarks.programs import STOCK_PAUSE, STOCK_ROWS, BenchmarkError, run
from benchmarks.repeats import Repeats
from benchmarks.service import Counted, Rules

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

PER_SECOND: Final = 4
"""Requests that the service takes in a second."""

_IMPORT_BYTES: Final = 3_800_000
_IMPORT_ROWS: Final = 40_000
_SOME: Final = 0.3
_SAMPLE_ROWS: Final = 3 * STOCK_ROWS
_HEAD: Final = (
    "| members | an import takes | least possible | target-constant-contact | ratio | imports "
    "| requests | polls while sending | in flight | peak memory | stock singer-sdk target |\n"
    "|---:|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|"
)


@dataclass(frozen=True, slots=True)
class Case:
    """One row of the table.

    Attributes:
        title: How the service or the members are.
        seconds: What an import takes.
        part: Of the members that were asked for.
        one_at_a_time: Whether imports are worked off one by one.
        answer_seconds: What the answer to an import takes.
        repeated: Part of the rows with people that were there before, with another value.
        far: Whether they come again far away.
        shape: Of the input.
    """

    title: str
    seconds: float
    part: float = 1.0
    one_at_a_time: bool = False
    answer_seconds: float = 0.0
    repeated: float = 0.0
    far: bool = True
    shape: str = "one"

    @property
    def rules(self) -> Rules:
        """How the service is."""
        lists = MANY_LISTS if self.shape == "many" else 100
        return Rules(PER_SECOND, self.seconds, self.one_at_a_time, self.answer_seconds, lists)

    def rows(self, asked: int) -> int:
        """Members, when so many were asked for."""
        return max(round(asked * self.part), 1)

    def repeats(self, rows: int) -> Repeats | None:
        """Who comes again."""
        return Repeats(rows, self.repeated, self.far) if self.repeated else None

    def least_imports(self, rows: int, size: int) -> int:
        """The fewest imports.

        Args:
            rows: Members that came.
            size: Bytes of the bodies with them.
        """
        # With so many members for each list, every list has one import.
        lists = min(MANY_LISTS, rows) if self.shape == "many" else 1
        return max(ceil(size / _IMPORT_BYTES), ceil(rows / _IMPORT_ROWS), lists)

    def least_seconds(self, imports: int, rows: int) -> float:
        """The least that is possible: imports at the rate of the service, and one import.

        Imports one at a time take their sum. The second import of a person can be sent when the
        first has ended, and not before; it comes as much later as the input says.
        """
        one = max(self.seconds, self.answer_seconds)
        if self.one_at_a_time:
            return max(imports / PER_SECOND + one, imports * self.seconds)
        repeats = self.repeats(rows)
        waits = 0.0
        if repeats and self.far:
            waits = max(0.0, self.seconds - repeats.gap * imports / PER_SECOND)
        return imports / PER_SECOND + one + waits


def _repeated(percent: int, *, far: bool) -> Case:
    where = "far away" if far else "some 100 rows later"
    title = f"5 s, {percent} % again with other values, {where}"
    return Case(title, 5, _SOME, repeated=percent / 100, far=far)


CASES: Final = {
    "none": Case("no time", 0),
    "5": Case("5 s, side by side", 5),
    "30": Case("30 s, side by side", 30),
    "120": Case("120 s, side by side", 120),
    "900": Case("900 s, side by side", 900),
    "one-by-one": Case("1 s, one at a time", 1, one_at_a_time=True),
    "answers-0.5": Case("5 s, and the answer 0.5 s", 5, _SOME, answer_seconds=0.5),
    "answers-1.5": Case("5 s, and the answer 1.5 s", 5, _SOME, answer_seconds=1.5),
    "lists": Case("no time, 1,000 lists", 0, shape="many"),
    "far-1": _repeated(1, far=True),
    "far-10": _repeated(10, far=True),
    "far-50": _repeated(50, far=True),
    "near-1": _repeated(1, far=False),
    "near-10": _repeated(10, far=False),
    "near-50": _repeated(50, far=False),
}
USUAL_CASES: Final = tuple(name for name in CASES if name != "900")


def print_limits(folder: Path, options: argparse.Namespace) -> None:
    """Measure each case, and print its row."""
    print(_HEAD, flush=True)
    stock = _Stock(folder, options.stock_seconds)
    notes = [_print_case(folder, name, options, stock) for name in options.at_limits]
    print("".join(f"\n{note}\n" for note in notes if note), end="", flush=True)


def _print_case(folder: Path, name: str, options: argparse.Namespace, stock: _Stock) -> str:
    case, rows = CASES[name], CASES[name].rows(options.rows)
    source = folder / "limits.singer.jsonl"
    make_messages(source, case.shape, rows, repeats=case.repeats(rows))
    measured = run("target", case.shape, source, rows, case.rules)
    check(case, rows, measured.counted)
    beside = stock.took(case, source, rows) if "baseline" in options.only else ""
    source.unlink()
    counted = measured.counted
    imports = case.least_imports(counted.rows, counted.size)
    least = case.least_seconds(imports, rows)
    print(
        f"| {rows:,} | {case.title} | {least:.1f} s | "
        f"{measured.seconds:.1f} s | {measured.seconds / least:.2f} | {counted.imports:,} | "
        f"{counted.requests:,} | "
        f"{counted.polls_while_sending:,} of {counted.sending:,} | {counted.most_in_flight:,} | "
        f"{measured.peak_mib:,.0f} MiB | {beside} |",
        flush=True,
    )
    if not counted.refused:
        return ""
    return (
        f"{case.title}: {counted.refused:,} requests were refused; up to {counted.busiest:,} came "
        "in a second."
    )


def check(case: Case, rows: int, counted: Counted) -> None:
    """Check that every member and every later value has arrived.

    Args:
        case: What was run.
        rows: Members in the input.
        counted: What the server has got.

    Raises:
        BenchmarkError: Something is missing, or was sent too early.
    """
    repeats = case.repeats(rows)
    people = repeats.people if repeats else 0
    if not rows - people <= counted.rows <= rows:
        raise BenchmarkError(f"{case.title}: {counted.rows:,} of {rows:,} members were delivered")
    if counted.people != people or counted.stale or counted.unordered:
        raise BenchmarkError(
            f"{case.title}: of {people:,} people that come twice, {counted.people:,} came, "
            f"{counted.stale:,} have an old value, and {counted.unordered:,} values were sent "
            "while another was on its way"
        )


class _Stock:
    """The stock target: run where that takes no longer than it may, and else computed.

    Args:
        folder: For its input.
        most_seconds: The longest that it is run.
    """

    def __init__(self, folder: Path, most_seconds: float) -> None:
        self._folder = folder
        self._most_seconds = most_seconds
        self._measured: tuple[float, float] | None = None

    def took(self, case: Case, source: Path, rows: int) -> str:
        """What it took, or would take."""
        per_batch = [STOCK_ROWS] * (rows // STOCK_ROWS) + [rows % STOCK_ROWS]
        lists = MANY_LISTS if case.shape == "many" else 1
        imports = sum(min(lists, size) for size in per_batch)
        start, for_one = self._own()
        computed = start + rows * for_one + imports * _waits(case)
        if computed > self._most_seconds:
            return f"{computed:,.0f} s, computed"
        return f"{run('baseline', case.shape, source, rows, case.rules).seconds:,.1f} s"

    def _own(self) -> tuple[float, float]:
        """What it takes to start, and for a member, where imports take no time."""
        if not self._measured:
            start, all_of_them = self._sample(1), self._sample(_SAMPLE_ROWS)
            self._measured = start, (all_of_them - start) / _SAMPLE_ROWS
        return self._measured

    def _sample(self, rows: int) -> float:
        source = self._folder / "sample.singer.jsonl"
        make_messages(source, "one", rows)
        return run("baseline", "one", source, rows, Rules()).seconds


def _waits(case: Case) -> float:
    """What the stock target waits for one import: it asks at every so many seconds."""
    rest = max(case.seconds - case.answer_seconds, 0)
    polls = max(ceil(rest / STOCK_PAUSE), 1)
    return case.answer_seconds + STOCK_PAUSE * (polls + 1)
