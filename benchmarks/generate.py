"""The output of a tap: the same seed and number of rows always give the same bytes."""

from __future__ import annotations

import gzip
import json
import multiprocessing
import random
from typing import TYPE_CHECKING, Any, Final

from benchmarks.members import SCHEMA, records

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from benchmarks.repeats import Repeats

SEED: Final = 20_261_124
LISTS: Final = 100
"""Lists that the records of the shape ``lists`` name."""
MANY_LISTS: Final = 1_000
"""Those of the shape ``many``."""
STREAMS: Final = ("members", "customers", "subscribers")

_STATE_EVERY: Final = 10_000
_FILE_ROWS: Final = 50_000
_LISTS: Final = {"lists": LISTS, "many": MANY_LISTS}


def make_messages(path: Path, shape: str, rows: int, repeats: Repeats | None = None) -> None:
    """Write a tap's output by a process of its own.

    A program that is started counts the memory of the one that starts it as its own.
    """
    arguments = (path, shape, rows, SEED, repeats)
    process = multiprocessing.get_context("spawn").Process(target=write_messages, args=arguments)
    process.start()
    process.join()


def write_messages(
    path: Path, shape: str, rows: int, seed: int = SEED, repeats: Repeats | None = None
) -> None:
    """Write a tap's output.

    Args:
        path: The file.
        shape: ``one`` stream to one list; ``three`` streams whose records come in between each
            other, to three lists; ``lists``: one stream whose records name one of a hundred
            lists, ``many``: one of a thousand; ``batch``: as ``one``, in BATCH messages with
            gzipped files beside ``path``.
        rows: Records.
        seed: Of the random numbers.
        repeats: Who comes again.
    """
    pick = random.Random(seed)
    with path.open("w", encoding="utf-8") as file:
        for stream in STREAMS if shape == "three" else STREAMS[:1]:
            schema = {"type": "SCHEMA", "stream": stream, "schema": SCHEMA}
            file.write(json.dumps(schema | {"key_properties": ["email"]}) + "\n")
        if shape == "batch":
            _write_batches(path, file.write, rows, pick)
            return
        members = records(rows, pick, lists=_LISTS.get(shape, 0), repeats=repeats)
        for number, record in enumerate(members, start=1):
            stream = pick.choice(STREAMS) if shape == "three" else STREAMS[0]
            file.write(
                f'{{"type":"RECORD","stream":"{stream}","record":{record},'
                '"time_extracted":"2026-11-24T06:00:00.000000+00:00"}\n'
            )
            if number % _STATE_EVERY == 0:
                file.write(f'{{"type":"STATE","value":{{"bookmark":{number}}}}}\n')


def _write_batches(path: Path, write: Callable[[str], Any], rows: int, pick: random.Random) -> None:
    members = records(rows, pick)
    for number in range(-(-rows // _FILE_ROWS)):
        part = path.with_name(f"{path.stem}-{number}.jsonl.gz")
        with gzip.open(part, "wt", compresslevel=1, encoding="utf-8") as file:
            for _ in range(min(_FILE_ROWS, rows - number * _FILE_ROWS)):
                file.write(next(members) + "\n")
        message = {
            "type": "BATCH",
            "stream": STREAMS[0],
            "encoding": {"format": "jsonl", "compression": "gzip"},
            "manifest": [part.as_uri()],
        }
        write(json.dumps(message) + "\n")
        write(f'{{"type":"STATE","value":{{"bookmark":{number}}}}}\n')
