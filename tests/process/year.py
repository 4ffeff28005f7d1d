"""A year of nights: loads and sweeps that are disturbed, taps that die, people who do as they like.

`python -m tests.process.year --nights 365` prints what came of each year; after each night every
list is what a model of its own says.
"""

from __future__ import annotations

import argparse
import logging
import random
import sys
import tempfile
import time
from pathlib import Path

from target_constant_contact import waiting
from target_constant_contact.api.http import retry
from target_constant_contact.sandbox import Behaviour, Sandbox
from tests.support.year import Year

KINDS = ("always", "never", "30")


def nights(count: int, seed: int, kind: str, *, departures: bool = True) -> Year:
    """Some nights in a row.

    Args:
        count: How many.
        seed: Seeds everything.
        kind: The setting ``send_unchanged``.
        departures: The setting ``respect_departures``.
    """
    at_once = Behaviour(seconds_to_start=0, seconds_to_finish=0)
    with tempfile.TemporaryDirectory() as name, Sandbox(behaviour=at_once) as sandbox:
        year = Year(sandbox, Path(name), seed, kind, departures=departures)
        for _ in range(count):
            year.night()
    return year


def main() -> None:
    """Print what has come of years."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--nights", type=int, default=365)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    parser.add_argument("--kind", choices=KINDS, nargs="*", default=KINDS)
    parser.add_argument("--no-departures", action="store_true")
    options = parser.parse_args()
    # The account works at once where the service takes minutes.
    waiting.POLL_SECONDS = (0.01, 0.02, 0.05)
    retry.RETRY_SECONDS = 0.0
    logging.disable(logging.CRITICAL)
    failed = 0
    for kind in options.kind:
        begun = time.monotonic()
        words = f"seed {options.seed}, send_unchanged {kind}, {options.nights} nights"
        try:
            year = nights(options.nights, options.seed, kind, departures=not options.no_departures)
        except AssertionError as error:
            failed += 1
            print(f"{words}: {error}", flush=True)
            continue
        counts = ", ".join(f"{count:,} {what}" for what, count in sorted(year.counts.items()))
        print(
            f"{words}: all lists right in {time.monotonic() - begun:.0f} s ({counts})", flush=True
        )
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
