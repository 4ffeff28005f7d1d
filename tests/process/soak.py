"""A long run against an account in trouble.

`python -m tests.process.soak --rows 1000000` sends a million members while one request in a hundred
meets a fault, and prints whether the account ends as that of an undisturbed run, and what it cost.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.process.bench import Bench, forking
from tests.process.kills import write_stream
from tests.support.postgres import Postgres
from tests.support.stores import Store

ACTIONS = (
    "throttled",
    "queue_full",
    "error_500",
    "error_503",
    "delay",
    "drop_before",
    "drop_after",
    "garbage",
    "empty",
    "unauthorized",
)
REQUESTS_PER_IMPORT = 3
"""Roughly: the import, and its share of the polls."""


@dataclass(frozen=True)
class Soaked:
    """What came of it.

    Attributes:
        exit_code: Of the run with faults.
        same: Whether the account is that of an undisturbed run.
        seconds: What the run with faults took.
        undisturbed_seconds: What the other one took.
        faults: Requests that met a fault, at most.
        twice: Rows that were imported twice.
        peak_megabytes: The most memory that the run with faults has held.
        state: Its last STATE.
        log: What it has logged.
    """

    LOSS = "looking among the recent activities"
    """What it logs for each import whose answer is lost."""

    exit_code: int
    same: bool
    seconds: float
    undisturbed_seconds: float
    faults: int
    twice: int
    peak_megabytes: float
    state: Any
    log: str


def faults(imports: int, percent: float, seed: int) -> tuple[dict[str, Any], ...]:
    """Faults of every kind, spread over the requests of a run.

    Args:
        imports: Imports of the run.
        percent: Share of the requests that meet one.
        seed: Seeds the choice.
    """
    draw = random.Random(seed)
    requests = imports * REQUESTS_PER_IMPORT
    count = max(round(requests * percent / 100), 2 * len(ACTIONS))
    places = sorted(draw.sample(range(2, max(requests, 2 * count)), count))
    return tuple(
        {
            "path": "/activities*",
            "action": ACTIONS[number % len(ACTIONS)],
            "nth": place,
            "seconds": 0.2,
        }
        for number, place in enumerate(places)
    )


def soak(
    folder: Path,
    rows: int,
    batch_rows: int,
    percent: float,
    seed: int,
    store: Store | None = None,
    **settings: Any,
) -> Soaked:
    """Run twice, once with faults and with that store, and compare the accounts."""
    settings = {"batch_size_rows": batch_rows} | settings
    trouble = faults(rows // batch_rows, percent, seed)
    stream = folder / "stream.singer.jsonl"
    write_stream(stream, rows, seed)
    with forking(folder) as forks:
        expected = Bench(folder / "expected", stream, forks, settings, seed)
        troubled = Bench(
            *(folder / "troubled", stream, forks, settings, seed, trouble),
            renews=True,
            store=store,
        )
        try:
            _, undisturbed = expected.run()
            code, seconds = troubled.run()
            return Soaked(
                exit_code=code,
                same=troubled.state_of_account() == expected.state_of_account(),
                seconds=seconds,
                undisturbed_seconds=undisturbed,
                faults=len(trouble),
                twice=sum(troubled.imported()) - sum(expected.imported()),
                peak_megabytes=troubled.peak_kilobytes / 1024,
                state=troubled.states()[-1],
                log=troubled.log(),
            )
        finally:
            expected.close()
            troubled.close()


def main() -> None:
    """Print what came of a long run with faults."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--faults", type=float, default=1.0, help="per cent of the requests")
    parser.add_argument("--batch-rows", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--format", choices=("json", "csv"), default="json")
    parser.add_argument("--server", action="store_true", help="the store is in PostgreSQL")
    options = parser.parse_args()
    numbers = options.rows, options.batch_rows, options.faults, options.seed
    with tempfile.TemporaryDirectory() as name, ExitStack() as running:
        url = running.enter_context(Postgres()).new_url() if options.server else None
        store = Store(Path(name) / "machines", url)
        found = soak(Path(name), *numbers, store, import_format=options.format)
    print(
        f"{options.rows:,} rows, {found.faults} faults: exit {found.exit_code}, "
        f"{'same' if found.same else 'OTHER'} account, {found.twice:,} rows twice, "
        f"{found.seconds:.0f} s ({found.undisturbed_seconds:.0f} s undisturbed), "
        f"{found.peak_megabytes:.0f} MiB"
    )
    sys.exit(found.exit_code or not found.same)


if __name__ == "__main__":
    main()
