"""Finds out which rows of the completed imports have not landed.

While the run goes on, the imports that need it are set aside on disk. At its end the lists are read
back, one export for the lists of each destination, and people who are not on them are looked up.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final, Literal, Protocol, TypeAlias

from target_constant_contact.account.members import ContactExports, read_back
from target_constant_contact.contacts.addresses import key_of
from target_constant_contact.exceptions import InterruptedRunError, TargetError
from target_constant_contact.verification.comparison import COLUMNS, ListMembers
from target_constant_contact.verification.explanation import (
    LINE,
    Explanation,
    Finding,
    Missing,
    explain,
    lines_of,
    looked_up,
)
from target_constant_contact.verification.kept import KeptImports

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from target_constant_contact.api.models import Activity, ContactStatus
    from target_constant_contact.batches.batch import Destination, ImportBatch, ImportFormat
    from target_constant_contact.contacts.contact import Properties
    from target_constant_contact.ledger.settlement import Settlement
    from target_constant_contact.verification.kept import KeptImport
    from target_constant_contact.waiting import Waiting

Verify: TypeAlias = Literal["never", "on_errors", "always"]

MAX_LOOK_UPS: Final = 50
"""People that one run looks up, at one request each."""
MAX_READ_BACKS: Final = 20
"""Destinations that one run reads back, at a handful of requests each."""

_logger = logging.getLogger("target-constant-contact")


class VerificationApi(ContactExports, Protocol):
    """What verification asks of the API."""

    def find_contact(self, email: str) -> ContactStatus | None:
        """How the account stands to an address."""


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
        api: VerificationApi,
        folder: Path,
        mode: Verify,
        import_format: ImportFormat,
        waiting: Waiting,
    ) -> None:
        self._api = api
        self._mode = mode
        self._waiting = waiting
        self._kept = KeptImports(folder, import_format)
        self._look_ups_left = MAX_LOOK_UPS

    def keep(self, batch: ImportBatch, activity: Activity, settlement: Settlement) -> bool:
        """Set a completed import aside if it has to be explained; return whether it has.

        Raises:
            StorageError: The rows cannot be kept.
        """
        clean = settlement.landed == batch.rows
        if self._mode == "never" or (self._mode == "on_errors" and clean):
            return False
        self._kept.add(batch, activity, settlement)
        return True

    def explain(self) -> Iterator[Explanation]:
        """Explain what was kept, worst destinations first.

        Verification never makes a run fail: where it cannot go on, the counters stand, and a
        warning says so.
        """
        places = self._kept.by_destination()
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
        self._kept.close()

    def _of_destination(
        self, destination: Destination, imports: list[KeptImport]
    ) -> Iterator[Explanation]:
        members: ListMembers | None = None
        # Rows that nobody has counted come first: they hold the run up.
        for kept in sorted(imports, key=lambda kept: -kept.settlement.unexplained):
            rows = list(self._kept.rows(kept))
            lines = lines_of(kept.errors, len(rows), kept.settlement.refused)
            named = [
                Finding(rows[place], "refused: counted as an error", LINE, words)
                for place, words in sorted(lines.items())
            ]
            if kept.settlement.not_landed == len(named) and self._mode != "always":
                yield _explanation(kept, (), named)
                continue
            # Not before it is needed: lines in the errors may explain every import.
            if members is None:
                members = self._read_back(destination, imports)
            others = [row for place, row in enumerate(rows) if place not in lines]
            missing = self._judge(kept, members.missing(others))
            yield _explanation(kept, missing, named, members.changed(others))

    def _judge(self, kept: KeptImport, missing: Sequence[Properties]) -> list[Missing]:
        """Find out what became of rows that the list read back does not show."""
        judged = self._look_up(missing, kept.destination.list_ids)
        if len(missing) > kept.settlement.not_landed and _not_shown_yet(judged):
            # The export lags behind the imports, so it proves nothing.
            _logger.warning(
                "The list read back does not show members that a look-up does; the counters "
                "of activity batch %s stand",
                kept.number,
            )
            return [item for item in judged if item.place]
        return judged

    def _read_back(self, destination: Destination, imports: list[KeptImport]) -> ListMembers:
        sent = {name for kept in imports for row in self._kept.rows(kept) for name in row}
        wanted = [name for name in COLUMNS if name in sent]
        _logger.info("Reading the lists of %s back", destination.stream)
        columns = ["email_address", *wanted]
        return ListMembers(
            read_back(self._api, destination.list_ids, columns, self._waiting), wanted
        )

    def _look_up(self, missing: Sequence[Properties], list_ids: Sequence[str]) -> list[Missing]:
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


def _explanation(
    kept: KeptImport,
    missing: Sequence[Missing],
    named: Sequence[Finding],
    changed: Sequence[Properties] | None = None,
) -> Explanation:
    settlement, findings = explain(kept.settlement, missing, named, changed)
    return Explanation(kept.number, kept.destination, settlement, findings)


def _not_shown_yet(judged: Sequence[Missing]) -> bool:
    """Whether everybody who was looked up is a member after all."""
    seen = [item for item in judged if item.place]
    return bool(seen) and all(item.place == "landed" for item in seen)
