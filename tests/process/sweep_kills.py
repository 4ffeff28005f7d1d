"""Loads and sweeps that are killed at random moments, again and again, and then run to their end.

`python -m tests.process.sweep_kills --kills 50` prints what came of each series, and whether the
account ends as one in which nobody has killed anything.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from target_constant_contact.segments.scratch_lists import PREFIX
from tests.process.bench import Bench, forking
from tests.support.stores import Store
from tests.support.target import TEXT, lines, record, schema, state

if TYPE_CHECKING:
    import subprocess

PEOPLE: Final = 1_200
LEAVERS: Final = 150
STREAMS: Final = {"newsletter": "Newsletter", "loyalty": "Loyalty"}
SETTINGS: Final[dict[str, Any]] = {
    "segments": [
        {"stream": stream, "lists": [name], "load_method": "overwrite"}
        for stream, name in STREAMS.items()
    ],
    "batch_size_rows": 300,
}
SMALL_PAGES: Final = "from target_constant_contact.segments import ways\nways.PAGE = 5\n"
"""With pages of so few, a scratch list is the way with the fewest requests."""


@dataclass(frozen=True)
class Killed:
    """What came of a series.

    Attributes:
        moments: Seconds after which loads and sweeps were killed.
        codes: Exit codes of the last load and the last sweep.
        same: Whether the account is one in which nobody has killed anything.
        left: Scratch lists that are left in the account or in the store.
    """

    moments: tuple[float, ...]
    codes: tuple[int, int]
    same: bool
    left: int


def write_night(path: Path, night: int) -> None:
    """A stream of two segments; each night some have left and others have come."""
    text = dict.fromkeys(("email", "first_name"), TEXT)
    with path.open("w", encoding="utf-8") as file:
        for stream in STREAMS:
            file.write(lines(schema(stream, **text)))
        for stream in STREAMS:
            first = night * LEAVERS
            file.write(
                lines(
                    *(
                        record(stream, email=f"{stream}{number}@example.com", first_name="Ann")
                        for number in range(first, first + PEOPLE)
                    )
                )
            )
        file.write(lines(state(night)))


def undisturbed(
    folder: Path, forks: subprocess.Popen[str], nights: tuple[Path, Path]
) -> tuple[Bench, float, float]:
    """An account after two nights, and the seconds of the second load and sweep."""
    bench = Bench(folder, nights[0], forks, SETTINGS, 0)
    codes = [bench.run()[0], bench.sweep()[0]]
    bench.bring(nights[1])
    load, sweep = bench.run(), bench.sweep()
    codes += [load[0], sweep[0]]
    if codes != [0] * 4:
        raise AssertionError(f"{codes}\n{bench.log()}")
    return bench, load[1], sweep[1]


def series(
    bench: Bench, expected: tuple[Bench, float, float], nights: tuple[Path, Path], seed: int
) -> Killed:
    """Kill loads and sweeps of the second night some times, and run them to their end.

    Args:
        bench: Where it happens; nothing has run yet.
        expected: As `undisturbed` returns it.
        nights: The streams of two nights.
        seed: Seeds the moments.
    """
    draw = random.Random(seed)
    same, load, sweep = expected
    bench.run()
    bench.sweep()
    bench.bring(nights[1])
    moments = []
    for _ in range(2):
        moments.append(draw.uniform(0.0, load))
        bench.run(moments[-1])
    code, _ = bench.run()
    for _ in range(3):
        moments.append(draw.uniform(0.0, sweep))
        bench.sweep(moments[-1])
    swept, _ = bench.sweep()
    left = [name for name in bench.lists() if name.startswith(PREFIX)]
    return Killed(
        moments=tuple(moments),
        codes=(code, swept),
        same=bench.state_of_account() == same.state_of_account(),
        left=len(left) + len(bench.store.rows("scratch_lists")),
    )


def main() -> None:
    """Print what came of kills."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    faults = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        nights = folder / "first", folder / "second"
        for night, path in enumerate(nights):
            write_night(path, night)
        for before in ("", SMALL_PAGES):
            home = folder / f"forks-{len(before)}"
            home.mkdir()
            with forking(home, before) as forks:
                expected = undisturbed(home / "expected", forks, nights)
                for number in range(options.kills // 10):
                    place = home / str(number)
                    bench = Bench(
                        place, nights[0], forks, SETTINGS, number, store=Store(place / "machines")
                    )
                    found = series(bench, expected, nights, options.seed + number)
                    bench.close()
                    faults += not found.same or found.left > 0 or any(found.codes)
                    moments = " ".join(f"{moment:.2f}s" for moment in found.moments)
                    print(
                        f"{'scratch lists' if before else 'pages'}: killed at {moments}: exits "
                        f"{found.codes}, {'same' if found.same else 'OTHER'} account, "
                        f"{found.left} scratch lists left",
                        flush=True,
                    )
                expected[0].close()
    print(f"{faults} faults")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
