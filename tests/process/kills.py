"""Runs that are killed at random moments, again and again, and then run to their end.

`python -m tests.process.kills --rows 200000 --kills 50` prints what came of each kill, and whether
the account ends as that of a run that nobody has killed.
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
from tests.support.postgres import Postgres
from tests.support.stores import Store
from tests.support.target import lines, record, schema, state

STATE_EVERY = 5_000
SHARE = 0.7
"""Share of an undisturbed run within which runs are killed: to take one up is shorter."""
WHOLE = 1.0
"""The same where people are taken off at the end of a run."""

LISTS = tuple(f"List {letter}" for letter in "ABCDEF")
COMBINED: dict[str, Any] = {"segments": [], "lists_field": "lists"}
"""Settings of runs whose rows name lists of their own."""
LEAVING: dict[str, Any] = {"max_removed_percent": 100}
"""Settings of runs some of whose rows say that somebody has left."""


@dataclass(frozen=True)
class Kill:
    """One kill.

    Attributes:
        after: Seconds from the start of the run.
        sent: Batches that the journal holds.
        in_doubt: Batches whose answer had not arrived.
        ended: The run had come to its end before it was killed.
    """

    after: float
    sent: int
    in_doubt: int
    ended: bool


@dataclass(frozen=True)
class Series:
    """What came of some kills in a row and a run to the end.

    Attributes:
        kills: The kills.
        same: Whether the account is that of a run that nobody has killed.
        twice: Rows that were imported more often than in such a run.
        largest: Rows of the largest batch.
        exit_code: Of the last run.
        state: The last STATE of the last run.
    """

    kills: tuple[Kill, ...]
    same: bool
    twice: int
    largest: int
    exit_code: int
    state: Any

    @property
    def allowed(self) -> int:
        """Rows that may have come twice: one batch for each kill without an answer."""
        return sum(kill.in_doubt for kill in self.kills) * self.largest


def write_stream(
    path: Path,
    rows: int,
    seed: int,
    *,
    changing: bool = False,
    combined: bool = False,
    leaving: bool = False,
    state_every: int = STATE_EVERY,
) -> None:
    """A stream of two segments, with bad rows and people who come twice.

    Args:
        path: The file.
        rows: Rows in all.
        seed: Seeds it.
        changing: Some people come again, far away and with another value.
        combined: Each row names some of six lists; for `COMBINED`.
        leaving: Some people leave, and some of them come back; for `LEAVING`.
        state_every: Rows from one STATE to the next.
    """
    draw = random.Random(seed)
    with path.open("w", encoding="utf-8") as file:
        text = {"type": ["null", "string"]}
        for stream in ("newsletter", "loyalty"):
            properties = dict.fromkeys(
                ("email", "first_name", "last_name", "city", "job_title", "lists"), text
            )
            if leaving:
                properties["_sdc_deleted_at"] = text
            file.write(lines(schema(stream, **properties)))
        for number in range(rows):
            stream = "newsletter" if number < rows * 0.6 else "loyalty"
            person = number if draw.random() > 0.02 else max(number - draw.randrange(50), 0)
            version = ""
            if changing and draw.random() < 0.01:
                person, version = draw.randrange(number + 1), f" v{number}"
            member = _member(stream, person, version, bad=draw.random() < 0.001)
            if combined:
                member["record"]["lists"] = ", ".join(draw.sample(LISTS, draw.randrange(1, 6)))
            file.write(lines(member))
            if leaving and draw.random() < 0.05:
                # Somebody of before, or who is going to be a member.
                gone = _member(stream, draw.randrange(rows), "", bad=False)
                gone["record"]["_sdc_deleted_at"] = "2026-01-05"
                file.write(lines(gone))
            if number % state_every == state_every - 1:
                file.write(lines(state(number + 1)))
        file.write(lines(state(rows)))


def _member(stream: str, person: int, version: str, *, bad: bool) -> dict[str, Any]:
    return record(
        stream,
        email="nobody" if bad else f"member{person}@example.com",
        first_name=f"First{person % 1_000}{version}",
        last_name=f"Last{person}",
        city=f"City {person % 90}",
        job_title="Engineer",
    )


def series(
    bench: Bench, expected: Bench, seconds: float, count: int, seed: int, share: float = SHARE
) -> Series:
    """Kill some runs in a row, then run to the end, and compare.

    Args:
        bench: Where it happens.
        expected: Where a run has come to its end undisturbed.
        seconds: How long such a run takes.
        count: How many are killed.
        seed: Seeds the moments.
        share: Share of these seconds within which runs are killed.
    """
    draw = random.Random(seed)
    kills = []
    for _ in range(count):
        after = draw.uniform(0.0, seconds * share)
        before = bench.left()
        bench.run(after)
        left = bench.left()
        # One that was killed early has left all as it was.
        ended = not left.is_open and left.written != before.written
        kills.append(Kill(after, left.sent, left.in_doubt, ended))
    code, _ = bench.run()
    imported, undisturbed = bench.imported(), expected.imported()
    # A run that ended before it could be killed is repeated on purpose, as on the next night.
    whole_runs = 1 + sum(kill.ended for kill in kills)
    return Series(
        kills=tuple(kills),
        same=bench.state_of_account() == expected.state_of_account(),
        twice=sum(imported) - whole_runs * sum(undisturbed),
        largest=max(undisturbed),
        exit_code=code,
        state=bench.states()[-1],
    )


def main() -> None:
    """Print a table of kills and what came of them."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--in-a-row", type=int, default=5)
    parser.add_argument("--batch-rows", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--changing", action="store_true", help="people come again, changed")
    parser.add_argument("--combined", action="store_true", help="each row names some of six lists")
    parser.add_argument("--leaving", action="store_true", help="some rows say that people leave")
    parser.add_argument("--server", action="store_true", help="the store is in PostgreSQL")
    options = parser.parse_args()
    settings = {"batch_size_rows": options.batch_rows}
    settings |= (COMBINED if options.combined else {}) | (LEAVING if options.leaving else {})
    share = WHOLE if options.leaving else SHARE
    with (
        tempfile.TemporaryDirectory() as name,
        forking(Path(name)) as forks,
        ExitStack() as running,
    ):
        server = running.enter_context(Postgres()) if options.server else None
        folder = Path(name)
        stream = folder / "stream.singer.jsonl"
        kinds = {name: getattr(options, name) for name in ("changing", "combined", "leaving")}
        write_stream(stream, options.rows, options.seed, **kinds)
        expected = Bench(folder / "expected", stream, forks, settings, options.seed)
        code, seconds = expected.run()
        print(f"undisturbed: exit {code}, {seconds:.1f} s, {len(expected.imported())} imports")
        faults = twice = killed = 0
        for number in range(options.kills // options.in_a_row):
            store = Store(folder / f"machines-{number}", server.new_url() if server else None)
            bench = Bench(folder / str(number), stream, forks, settings, number, store=store)
            seed = options.seed + number
            found = series(bench, expected, seconds, options.in_a_row, seed, share)
            bench.close()
            moments = " ".join(
                f"{kill.after:.2f}s{'?' * kill.in_doubt}{'(ended)' * kill.ended}"
                for kill in found.kills
            )
            print(
                f"killed at {moments}: exit {found.exit_code}, "
                f"{'same' if found.same else 'OTHER'} account, {found.twice:,} rows twice "
                f"(allowed {found.allowed:,})",
                flush=True,
            )
            killed += sum(not kill.ended for kill in found.kills)
            twice += found.twice
            # Leavers are imported to scratch lists, each time anew.
            is_twice = found.twice > found.allowed and not options.leaving
            faults += not found.same or found.exit_code != 0 or is_twice
        expected.close()
        print(f"{killed} kills, {twice:,} rows imported twice, {faults} faults")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
