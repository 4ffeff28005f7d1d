"""Members, made up from a seed: the same seed and number of rows always give the same bytes."""

from __future__ import annotations

import gzip
import json
import random
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SEED: Final = 20_261_124
LISTS: Final = 100
"""Lists that the records of the shape ``lists`` name."""
STREAMS: Final = ("members", "customers", "subscribers")
FIELDS: Final = {
    "email": "email",
    "first_name": "first_name",
    "last_name": "last_name",
    "job_title": "job_title",
    "company_name": "company",
    "phone": "phone",
    "street": "street",
    "city": "city",
    "zip": "zip",
    "cf:tier": "tier",
    "cf:points": "points",
    "cf:renewed_on": "renewed_on",
}
"""Contact property to record field: twelve, three of them custom fields."""

_STATE_EVERY: Final = 10_000
_FILE_ROWS: Final = 50_000
_TEXT: Final = {"type": ["string", "null"]}
SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "properties": dict.fromkeys(FIELDS.values(), _TEXT)
    | {
        "email": {"type": "string"},
        "points": {"type": ["integer", "null"]},
        "renewed_on": {"type": ["string", "null"], "format": "date-time"},
        "list": _TEXT,
    },
}
_FIRST: Final = ("Ann", "Ben", "Chloé", "Dmitri", "Eva", "Farid", "Grace", "Hanne", "José", "Zoë")
_LAST: Final = ("Miller", "García", "O'Neil", "Søndergaard", "Nguyen", "Smith", "Kowalska")
_TITLES: Final = ("Engineer", "Head of Purchasing", "Nurse", "Owner", "Teacher")
_STREETS: Final = ("Main Street", "Elm Street", "Harbour Road", "2nd Avenue", "Mill Lane")
_CITIES: Final = ("Springfield", "Boston", "San José", "Portland", "Århus", "New York")
_TIERS: Final = ("basic", "silver", "gold")


def list_name(number: int) -> str:
    """Name of one of the lists."""
    return f"List {number:03}"


def write_messages(path: Path, shape: str, rows: int, seed: int = SEED) -> None:
    """Write a tap's output.

    Args:
        path: The file.
        shape: ``one`` stream to one list; ``three`` streams whose records come in between each
            other, to three lists; ``lists``: one stream whose records name one of a hundred
            lists; ``batch``: as ``one``, in BATCH messages with gzipped files beside ``path``.
        rows: Records.
        seed: Of the random numbers.
    """
    pick = random.Random(seed)
    with path.open("w", encoding="utf-8") as file:
        for stream in STREAMS if shape == "three" else STREAMS[:1]:
            schema = {"type": "SCHEMA", "stream": stream, "schema": SCHEMA}
            file.write(json.dumps(schema | {"key_properties": ["email"]}) + "\n")
        if shape == "batch":
            _write_batches(path, file.write, rows, pick)
            return
        for number, record in enumerate(records(rows, pick, with_list=shape == "lists"), start=1):
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


def records(rows: int, pick: random.Random, *, with_list: bool = False) -> Iterator[str]:
    """Records as JSON; a few of their values are null."""
    choice, below = pick.choice, pick.randrange
    for number in range(rows):
        first, last = choice(_FIRST), choice(_LAST)
        title = "null" if number % 11 == 0 else f'"{choice(_TITLES)}"'
        points = "null" if number % 13 == 0 else below(100_000)
        place = f',"list":"{list_name(below(LISTS))}"' if with_list else ""
        yield (
            f'{{"email":"Member.{number}@mail{number % 97}.example.com","first_name":"{first}",'
            f'"last_name":"{last}","job_title":{title},"company":"Company {below(5_000)} Ltd",'
            f'"phone":"+1 212 555 {below(10_000):04}","street":"{below(900) + 1} '
            f'{choice(_STREETS)}","city":"{choice(_CITIES)}","zip":"{below(90_000) + 10_000}",'
            f'"tier":"{choice(_TIERS)}","points":{points},'
            f'"renewed_on":"202{below(6)}-{below(12) + 1:02}-{below(28) + 1:02}T'
            f'{below(24):02}:{below(60):02}:{below(60):02}Z"{place}}}'
        )
