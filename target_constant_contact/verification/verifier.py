"""Finds out which rows of the completed imports have not landed.

While the run goes on, the imports that need it are set aside on disk. At its end the lists are read
back, one export for the lists of each destination, and people who are not on them are looked up.
"""

from __future__ import annotations

import csv
import json
import logging
import shutil
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, Protocol, TypeAlias

from target_constant_contact.account.members import ContactExports, read_back
from target_constant_contact.contacts.addresses import HashedSet, hashed, key_of
from target_constant_contact.exceptions import InterruptedRunError, TargetError
from target_constant_contact.files import make_private_folder, write_private_bytes
from target_constant_contact.verification.explanation import (
    LINE,
    Explanation,
    Finding,
    Missing,
    explain,
    lines_of,
    looked_up,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from target_constant_contact.api.models import Activity, ContactStatus
    from target_constant_contact.batches.batch import Destination, ImportBatch, ImportFormat
    from target_constant_contact.ledger.settlement import Settlement
    from target_constant_contact.waiting import Waiting

Verify: TypeAlias = Literal["never", "on_errors", "always"]

MAX_LOOK_UPS: Final = 50
"""People that one run looks up, at one request each."""
MAX_READ_BACKS: Final = 20
"""Destinations that one run reads back, at a handful of requests each."""

COLUMNS: Final = {
    "first_name": "First name",
    "last_name": "Last name",
    "job_title": "Job title",
    "company_name": "Company",
}
"""Properties that are compared with what is read back, and the headers of the exported file. The
headers are not documented; a column that is not found is not compared."""

_FOLDER: Final = "unverified"
_logger = logging.getLogger("target-constant-contact")


class ContactsApi(ContactExports, Protocol):
    """What verification asks of the API."""

    def find_contact(self, email: str) -> ContactStatus | None:
        """How the account stands to an address."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """An import that has to be explained; its rows are on disk."""

    number: int
    destination: Destination
    settlement: Settlement
    errors: tuple[str, ...]
    path: Path

    @property
    def bad(self) -> int:
        return self.settlement.refused + self.settlement.suppressed + self.settlement.unexplained


@dataclass(frozen=True, slots=True)
class _Members:
    """What was read back of a destination: the addresses, and the addresses with their values."""

    addresses: HashedSet
    rows: HashedSet
    columns: tuple[str, ...]


class Verifier:
    """Explains the imports of a run.

    Args:
        api: The API.
        folder: Folder of the run; the rows that have to be explained are kept below it until
            they are, readable by their owner only.
        mode: ``never``; ``on_errors``, for imports whose counters show that rows have not landed;
            or ``always``.
        import_format: How batches are encoded.
        waiting: How an export is waited for.
    """

    def __init__(
        self,
        api: ContactsApi,
        folder: Path,
        mode: Verify,
        import_format: ImportFormat,
        waiting: Waiting,
    ) -> None:
        self._api = api
        self._run = folder
        self._folder = folder / _FOLDER
        self._mode = mode
        self._import_format = import_format
        self._waiting = waiting
        self._look_ups_left = MAX_LOOK_UPS
        self._kept: dict[Destination, list[_Kept]] = defaultdict(list)

    def keep(self, batch: ImportBatch, activity: Activity, settlement: Settlement) -> bool:
        """Set a completed import aside if it has to be explained; return whether it has.

        Raises:
            OSError: The rows cannot be kept.
        """
        clean = settlement.landed == batch.rows
        if self._mode == "never" or (self._mode == "on_errors" and clean):
            return False
        path = self._folder / str(batch.number)
        make_private_folder(self._folder)
        write_private_bytes(path, batch.body)
        self._kept[batch.destination].append(
            _Kept(batch.number, batch.destination, settlement, activity.errors, path)
        )
        return True

    def explain(self) -> Iterator[Explanation]:
        """Explain what was kept, worst destinations first.

        Verification never makes a run fail: where it cannot go on, the counters stand, and a
        warning says so.
        """
        places = sorted(self._kept.items(), key=lambda item: -sum(kept.bad for kept in item[1]))
        for count, (destination, imports) in enumerate(places):
            if count >= MAX_READ_BACKS:
                _logger.warning(
                    "%s destinations more have rows that did not land; their lists were not read "
                    "back",
                    f"{len(places) - count:,}",
                )
                break
            try:
                yield from self._of_destination(destination, imports)
            except InterruptedRunError:
                raise
            except TargetError as error:
                _logger.warning("Rows that did not land could not be found out: %s", error)
                break
        self.close()

    def close(self) -> None:
        """Delete the rows that were kept."""
        forget_rows(self._run)

    def _of_destination(
        self, destination: Destination, imports: list[_Kept]
    ) -> Iterator[Explanation]:
        members: _Members | None = None
        # Rows that nobody has counted come first: they hold the run up.
        for kept in sorted(imports, key=lambda kept: -kept.settlement.unexplained):
            rows = list(self._rows(kept))
            lines = lines_of(kept.errors, len(rows), kept.settlement.refused)
            named = [
                Finding(rows[place], "refused: counted as an error", LINE, words)
                for place, words in sorted(lines.items())
            ]
            if kept.bad == len(named) and self._mode != "always":
                yield self._explanation(kept, (), named)
                continue
            if members is None:
                members = self._read_back(destination, imports)
            others = [row for place, row in enumerate(rows) if place not in lines]
            missing = [row for row in others if key_of(str(row["email"])) not in members.addresses]
            judged = self._look_up(missing, destination.list_ids)
            if len(missing) > kept.bad and _not_shown_yet(judged):
                # The export lags behind the imports, so it proves nothing.
                _logger.warning(
                    "The list read back does not show members that a look-up does; the counters "
                    "of activity batch %s stand",
                    kept.number,
                )
                judged = [item for item in judged if item.place]
            yield self._explanation(kept, judged, named, _changed(others, members))

    @staticmethod
    def _explanation(
        kept: _Kept,
        missing: Sequence[Missing],
        named: Sequence[Finding],
        changed: Sequence[Mapping[str, str | int]] | None = None,
    ) -> Explanation:
        settlement, findings = explain(kept.settlement, missing, named, changed)
        return Explanation(kept.number, kept.destination, settlement, findings)

    def _rows(self, kept: _Kept) -> Iterator[Mapping[str, str | int]]:
        """The rows of a batch as they were sent."""
        if self._import_format == "json":
            yield from json.loads(kept.path.read_bytes())["import_data"]
            return
        with kept.path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                yield {name: value for name, value in row.items() if value}

    def _read_back(self, destination: Destination, imports: list[_Kept]) -> _Members:
        sent = {name for kept in imports for row in self._rows(kept) for name in row}
        wanted = [name for name in COLUMNS if name in sent]
        _logger.info("Reading the lists of %s back", destination.stream)
        addresses, rows, columns = [], [], tuple(wanted)
        for member in read_back(
            self._api,
            destination.list_ids,
            ["email_address", *wanted],
            self._waiting,
        ):
            columns = tuple(name for name in columns if COLUMNS[name] in member)
            key = key_of(member["email"])
            addresses.append(hashed(key))
            rows += [hashed(_value(key, name, member.get(COLUMNS[name], ""))) for name in columns]
        return _Members(HashedSet(addresses), HashedSet(rows), columns)

    def _look_up(
        self,
        missing: Sequence[Mapping[str, str | int]],
        list_ids: Sequence[str],
    ) -> list[Missing]:
        """Look up as many people as are left to this run; the others are only missing."""
        judged = []
        for row in missing:
            self._waiting.raise_if_stopped()
            if self._look_ups_left > 0:
                self._look_ups_left -= 1
                status = self._api.find_contact(key_of(str(row["email"])))
                judged.append(looked_up(row, status, list_ids))
            else:
                judged.append(Missing(row))
        return judged


def forget_rows(run: Path) -> None:
    """Delete the rows that a run, or one that was interrupted, has kept to explain them.

    Args:
        run: Folder of the run.
    """
    shutil.rmtree(run / _FOLDER, ignore_errors=True)


def _not_shown_yet(judged: Sequence[Missing]) -> bool:
    """Whether everybody who was looked up is a member after all."""
    seen = [item for item in judged if item.place]
    return bool(seen) and all(item.place == "landed" for item in seen)


def _changed(
    rows: Sequence[Mapping[str, str | int]], members: _Members
) -> list[Mapping[str, str | int]] | None:
    """Rows that are on the list with other values; None when the values cannot be compared."""
    comparable = {"email", *members.columns}
    if any(not comparable.issuperset(row) for row in rows):
        return None
    return [
        row
        for row in rows
        if (key := key_of(str(row["email"]))) in members.addresses
        and any(
            _value(key, name, str(row[name])) not in members.rows for name in row if name != "email"
        )
    ]


def _value(key: str, name: str, value: str) -> str:
    return f"{key}\n{name}\n{value.strip().casefold()}"
