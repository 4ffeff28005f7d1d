"""Measure what it takes to remember a million people, and to compare them with a list."""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from array import array
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Final

from target_constant_contact.segments.flags import IN_SEGMENT, SENT
from target_constant_contact.segments.hash_set import HashSet
from target_constant_contact.segments.memory import Memory
from target_constant_contact.segments.parts import People, Person
from target_constant_contact.segments.unchanged import Known
from target_constant_contact.store.segments import SegmentRows
from target_constant_contact.store.sqlite import SqliteFile
from target_constant_contact.store.versions import prepare

if TYPE_CHECKING:
    from collections.abc import Callable

_LEAVERS: Final = 0.05
_TODAY: Final = 2_500
_MIB: Final = 2**20


def main() -> None:
    """Print the processor's time of each step, the store's size and the memory at its highest."""
    parser = argparse.ArgumentParser(prog="benchmarks.memory", description=__doc__)
    parser.add_argument("--people", type=int, default=1_000_000, help="(default 1000000)")
    people = parser.parse_args().people
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        _measure(people, Path(folder) / "store.sqlite")


def _measure(people: int, path: Path) -> None:
    draw = Random(1)
    stay, left = round(people * (1 - _LEAVERS)), round(people * _LEAVERS)
    hashes = array("Q", (draw.getrandbits(64) for _ in range(people)))
    values = array("Q", (Person(IN_SEGMENT | SENT, 0, one & 0xFFFFFFFF).value for one in hashes))
    database = SqliteFile(path)
    prepare(database)
    memory = Memory(SegmentRows(database, "account").members("members", "list"))
    before = _peak()
    print(f"| step, {people:,} people | CPU seconds |\n|---|---:|")
    for count, name in ((people, "the first load"), (stay, f"the next one, {left:,} have left")):
        _timed(f"merge {name}", lambda count=count: _merge(memory, hashes[:count], values[:count]))
    on_list = _timed("read who is on the list, as hashes", lambda: HashSet(hashes))
    found = _timed("compare them with the segment", lambda: memory.judge(on_list, "managed"))
    assert len(found.leavers) == left
    _timed("see who has departed", lambda: memory.see(on_list))
    known = _timed("have all of them at hand", lambda: Known(memory))
    _timed(
        "look each of them up",
        lambda: sum(known.landed(one, one & 0xFFFFFFFF, 0) for one in hashes),
    )
    size = path.stat().st_size / 10**6
    database.close()
    peak = (_peak() - before) / _MIB
    print(f"\nThe store has {size:.0f} MB; memory: {peak:.0f} MiB at its highest")


def _merge(memory: Memory, hashes: array[int], values: array[int]) -> None:
    load = People()
    load.add(hashes, values)
    memory.merge(load, today=_TODAY, whole=True)


def _timed(step: str, do: Callable[[], object]) -> object:
    began = time.process_time()
    done = do()
    print(f"| {step} | {time.process_time() - began:.2f} |", flush=True)
    return done


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    main()
