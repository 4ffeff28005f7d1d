"""What it takes to compare a segment with a list: seconds of the processor, and memory.

``python -m benchmarks.plan [--rows N]`` prepares as many rows as a list has members, of whom a
tenth is new and a tenth has changed, and compares both. There is no service: its export is made
here.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from target_constant_contact.api.models import Activity
from target_constant_contact.batches.batch import Destination, ImportBatch
from target_constant_contact.batches.fingerprints import Fingerprints
from target_constant_contact.contacts.encoding import encode_json
from target_constant_contact.planning.effort import effort_of
from target_constant_contact.planning.plan import Planning
from target_constant_contact.reports.report import Report
from target_constant_contact.segments.people import PeopleKey
from target_constant_contact.waiting import Waiting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from target_constant_contact.reports.planned import Planned

BATCH = 20_000
LIST = "list"
HEADERS = {
    "first_name": "First name",
    "last_name": "Last name",
    "city": "City - home",
    "zip": "Zip - home",
    "street": "Street - home",
    "birthday_month": "Birthday month",
    "birthday_day": "Birthday day",
}
"""Seven properties that are compared, beside the address."""


@dataclass(frozen=True)
class Found:
    """What a comparison took.

    Attributes:
        planned: What it has found.
        prepare: Seconds of the processor, to take the rows in.
        compare: The same, to read the list and compare.
        peak: MiB of memory at the highest, of the whole process.
    """

    planned: Planned
    prepare: float
    compare: float
    peak: float


class Service:
    """Writes an export of so many members."""

    def __init__(self, members: int) -> None:
        self._members = members

    def start_contact_export(self, *_: Any) -> Activity:
        """It is written at once."""
        return Activity("export", "completed")

    def exported_contacts(self, _activity: Activity) -> Iterator[dict[str, str]]:
        """The members."""
        for number in range(self._members):
            values = contact(number)
            told = {header: str(values[name]) for name, header in HEADERS.items()}
            yield {"email": str(values["email"]), "Email status": "implicit", **told}


def contact(number: int, *, changed: bool = False) -> dict[str, str | int]:
    """A member."""
    return {
        "email": f"member{number:07}@example.com",
        "first_name": f"First{number % 997}",
        "last_name": f"Last{number % 9_973}" + "x" * changed,
        "city": f"City {number % 501}",
        "zip": f"{number % 99_999:05}",
        "street": f"{number % 9_999} Main Street",
        "birthday_month": number % 12 + 1,
        "birthday_day": number % 28 + 1,
    }


def batches(rows: int) -> Iterator[ImportBatch]:
    """What would be sent: the first tenth is not on the list, and every tenth has changed."""
    place, new = Destination("members", (LIST,)), rows // 10
    for start in range(0, rows, BATCH):
        numbers = range(start, min(start + BATCH, rows))
        data = [
            contact(number if number >= new else number + rows, changed=number % 10 == 0)
            for number in numbers
        ]
        body = encode_json({"list_ids": [LIST], "import_data": data})
        yield ImportBatch(
            start, place, None, len(numbers), start, body, Fingerprints.of((), (), None)
        )


def measure(rows: int, folder: Path) -> Found:
    """Compare so many rows with a list of as many members."""
    lists = SimpleNamespace(existing={LIST: None})
    account: Any = SimpleNamespace(
        lists=lists, list_names={LIST: "List"}, custom_fields_for=lambda _: []
    )
    settings: Any = SimpleNamespace(all_streams=(), import_format="json")
    people = PeopleKey(lambda: "00" * 32)
    means: Any = SimpleNamespace(
        api=Service(rows),
        people=people,
        waiting=Waiting(),
        folder=folder,
        requests_left=lambda: 10_000,
    )
    planning = Planning(settings, account, means)
    planning.know(("email", *HEADERS))
    began = time.process_time()
    for batch in batches(rows):
        planning.take(batch)
    prepared = time.process_time()
    effort = effort_of(
        imports=planning.imports,
        size=planning.size,
        prepared=3,
        requests_today=0,
        requests_per_day=10_000,
        requests_per_second=4,
        import_seconds=None,
    )
    planned = planning.conclude(Report("run", datetime.now(UTC)), effort)
    ended = time.process_time()
    planning.close()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024
    return Found(planned, prepared - began, ended - prepared, peak)


def main() -> None:
    """Print what was found and what it took."""
    parser = argparse.ArgumentParser(prog="benchmarks.plan", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="(default 1000000)")
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        found = measure(parser.parse_args().rows, Path(folder))
    print("\n".join(found.planned.lines()))
    print(
        f"{found.prepare:.1f} s CPU to take the rows in (the making of them included), "
        f"{found.compare:.1f} s to read the list and compare, {found.peak:.0f} MiB at the highest"
    )


if __name__ == "__main__":
    main()
