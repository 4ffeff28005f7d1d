"""Runs whose database is taken away from them at random moments, and comes back.

`python -m tests.process.outages --rounds 20` prints what came of each, and whether the account ends
as that of a run that nobody has disturbed.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tests.process.bench import Bench, forking
from tests.process.kills import write_stream
from tests.support.postgres import Postgres
from tests.support.stores import Store

if TYPE_CHECKING:
    from collections.abc import Callable

STATE_EVERY: Final = 500
LONGEST_FREEZE: Final = 60.0
"""A run that has not ended by then would hang for ever."""
CODES: Final = {0, 75}
"""What a disturbed run may end with; and with 77 when a token was lost on its way to the store."""

HOW: Final[dict[str, Callable[[Postgres], object]]] = {
    "shut down": Postgres.shut_down,
    "stopped": Postgres.stop,
    "killed": Postgres.kill,
    "frozen": Postgres.freeze,
    "lock's connections ended": lambda server: server.terminate(only_locks=True),
    "all connections ended": Postgres.terminate,
}


@dataclass(frozen=True)
class Outage:
    """What came of one.

    Attributes:
        how: What happened to the server.
        after: Seconds from the start of the run.
        seconds: How long it lasted; None: until the run had ended.
        codes: Exit codes of the disturbed run and those after it.
        same: Whether the account is that of an undisturbed run.
        twice: Rows that were imported more often than in such a run.
        allowed: Rows that may have been: of batches whose answer the ledger does not have.
        ahead: Bookmarks that came before all up to them had landed.
        state: The last one.
        log: What the runs have logged.
    """

    how: str
    after: float
    seconds: float | None
    codes: tuple[int, ...]
    same: bool
    twice: int
    allowed: int
    ahead: list[Any]
    state: Any
    log: str

    def __str__(self) -> str:
        lasts = "until the end" if self.seconds is None else f"for {self.seconds:.2f} s"
        account = "same" if self.same else "OTHER"
        return (
            f"{self.how} after {self.after:.2f} s {lasts}: exit {', '.join(map(str, self.codes))}, "
            f"{account} account, {self.twice:,} rows twice (allowed {self.allowed:,})"
        )

    def faults(self, rows: int) -> list[str]:
        """What should not have come of it."""
        lost_token = "the next refresh token could not be stored" in self.log
        codes = CODES | ({77} if lost_token else set())
        found = {
            "exit codes": not codes.issuperset(self.codes[:-1]) or self.codes[-1] != 0,
            "another account": not self.same,
            "rows twice": self.twice > self.allowed,
            "STATE ahead of what has landed": self.ahead,
            "STATE is not the last one": self.state != rows,
            "a traceback": "Traceback" in self.log or "Unexpected" in self.log,
        }
        return [name for name, is_so in found.items() if is_so]


def outage(
    bench: Bench, expected: Bench, server: Postgres, seconds: float, how: str, seed: int
) -> Outage:
    """Disturb one run, and run again until it is done.

    Args:
        bench: Where it happens.
        expected: Where a run has come to its end undisturbed.
        server: Of the bench's store; it runs afterwards.
        seconds: How long an undisturbed run takes.
        how: What happens to the server, see `HOW`.
        seed: Seeds the moment, and when the server is back.
    """
    draw = random.Random(f"{how} {seed}")
    after = draw.uniform(0.0, seconds)
    lasts = draw.choice((None, draw.uniform(0.0, 4.0)))
    if "ended" in how:
        lasts = 0.0
    ended = threading.Event()

    def come_back() -> None:
        ended.wait(LONGEST_FREEZE if lasts is None else lasts)
        server.thaw()
        if not server.is_running:
            server.start()

    returning = threading.Thread(target=come_back)

    def disturb(_pid: int) -> None:
        HOW[how](server)
        returning.start()

    codes, allowed, largest = [], 0, max(expected.imported())
    codes.append(bench.run(after, disturb)[0])
    ended.set()
    returning.join()
    while codes[-1] and len(codes) < 4:
        allowed += bench.left().in_doubt * largest
        if codes[-1] == 77:
            bench.sign_in_again()
        codes.append(bench.run()[0])
    return Outage(
        how,
        after,
        lasts,
        tuple(codes),
        same=bench.state_of_account() == expected.state_of_account(),
        twice=sum(bench.imported()) - sum(expected.imported()),
        allowed=allowed,
        ahead=bench.ahead,
        state=bench.states()[-1],
        log=bench.log(),
    )


def main() -> None:
    """Print what came of some outages."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--rows", type=int, default=6_000)
    parser.add_argument("--batch-rows", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--how", choices=HOW, action="append", help="only this; all by turns")
    options = parser.parse_args()
    settings = {"batch_size_rows": options.batch_rows}
    faults = 0
    with (
        tempfile.TemporaryDirectory() as name,
        forking(Path(name)) as forks,
        Postgres() as server,
    ):
        folder = Path(name)
        stream = folder / "stream.singer.jsonl"
        write_stream(stream, options.rows, options.seed, state_every=STATE_EVERY)
        expected = Bench(folder / "expected", stream, forks, settings, 0)
        expected.run()
        store = Store(folder / "warm", server.new_url())
        bench = Bench(folder / "same", stream, forks, settings, 0, store=store)
        code, seconds = bench.run()
        bench.close()
        print(f"undisturbed: exit {code}, {seconds:.1f} s, {len(expected.imported())} imports")
        ways = options.how or list(HOW)
        for number in range(options.seed, options.seed + options.rounds):
            store = Store(folder / f"machines-{number}", server.new_url())
            bench = Bench(
                folder / str(number),
                stream,
                forks,
                settings,
                number,
                renews=number % 2 == 0,
                store=store,
            )
            began = time.monotonic()
            found = outage(bench, expected, server, seconds, ways[number % len(ways)], number)
            bench.close()
            wrong = found.faults(options.rows)
            told = f": {', '.join(wrong)}\n{found.log}" if wrong else ""
            print(f"{number}: {found} ({time.monotonic() - began:.0f} s){told}", flush=True)
            faults += bool(wrong)
        expected.close()
    print(f"{options.rounds} outages, {faults} faults")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
