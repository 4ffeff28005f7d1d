"""Finds out which rows of the completed imports have not landed.

While the run goes on, the imports that need it are set aside on disk, and STATE waits for them.
At its end the lists are read back, one export for the lists of each destination, and people who
are not on them are looked up. In a long run that is also done in between, so that STATE need not
wait for its end.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal, Protocol, TypeAlias

from target_constant_contact.account.members import ContactExports, read_back
from target_constant_contact.contacts.addresses import key_of
from target_constant_contact.exceptions import InterruptedRunError, TargetError
from target_constant_contact.log_fields import fields
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
from target_constant_contact.verification.kept import KeptImports, rows_of
from target_constant_contact.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
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
EARLY_SECONDS: Final = 600.0
"""How long an import waits for its explanation before its list is read back while the run goes on;
doubled each time, as an ever longer list is read."""

_EARLY_SHARE: Final = 2
"""One part in so many of the read-backs and of the look-ups is for the time before the end, where
the worst come first."""
_EARLY_TIMEOUT: Final = 120.0
"""Seconds that an export may take while reading stands still for it."""

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
        self._import_format = import_format
        self._waiting = waiting
        self._briefly = replace(
            waiting, timeout_seconds=min(waiting.timeout_seconds, _EARLY_TIMEOUT)
        )
        self._kept = KeptImports(folder, import_format)
        self._look_ups_left = MAX_LOOK_UPS
        self._read_backs_left = MAX_READ_BACKS
        self._early_seconds: float = EARLY_SECONDS

    def wants(self, batch: ImportBatch, settlement: Settlement) -> bool:
        """Whether a completed import has to be explained."""
        clean = settlement.landed == batch.rows
        return self._mode == "always" or (self._mode == "on_errors" and not clean)

    def explain_by_lines(
        self, batch: ImportBatch, activity: Activity, settlement: Settlement
    ) -> Explanation | None:
        """Explain a completed import at once; None when its activity does not name every row."""
        lines = lines_of(activity.errors, batch.rows, settlement.refused)
        if self._mode != "on_errors" or not lines or len(lines) < settlement.not_landed:
            return None
        named = _named(rows_of(batch.body, self._import_format), lines)
        found = explain(settlement, (), named)
        return Explanation(batch.number, batch.destination, settlement, *found)

    def keep(self, batch: ImportBatch, activity: Activity, settlement: Settlement) -> bool:
        """Set a completed import aside if it has to be explained; return whether it has.

        Raises:
            StorageError: The rows cannot be kept.
        """
        if not self.wants(batch, settlement):
            return False
        self._kept.add(batch, activity, settlement, self._waiting.clock())
        return True

    def explain_early(self) -> Iterator[Explanation]:
        """Explain what has been kept for long, as far as it is beyond doubt already.

        An import is explained when its list shows as many of its rows as its counters say.
        Everything else waits for the end: an export may lag behind the imports.

        Raises:
            InterruptedRunError: The run is to stop.
            OSError: Rows that were kept cannot be read.
        """
        oldest = self._kept.oldest
        if oldest is None or self._waiting.clock() - oldest.since < self._early_seconds:
            return
        self._early_seconds *= 2
        for destination, imports in self._kept.by_destination().items():
            counted = [item for item in imports if not item.settlement.unexplained]
            if not counted:
                continue
            if self._read_backs_left <= MAX_READ_BACKS - MAX_READ_BACKS // _EARLY_SHARE:
                return
            try:
                yield from self._early_of(destination, counted)
            except InterruptedRunError:
                raise
            except TargetError as error:
                _logger.info("STATE waits for the end of the run: %s", error)
                self._early_seconds = float("inf")
                return

    def explain(self) -> Iterator[Explanation]:
        """Explain all that is still kept, worst destinations first.

        Verification never makes a run fail: where it cannot go on, the counters stand, and a
        warning says so.

        Raises:
            InterruptedRunError: The run is to stop.
            OSError: Rows that were kept cannot be read.
        """
        places = sorted(
            self._kept.by_destination().items(),
            key=lambda item: -sum(kept.settlement.not_landed for kept in item[1]),
        )
        for count, (destination, imports) in enumerate(places):
            if self._read_backs_left <= 0:
                _logger.warning(
                    "The lists of %s were not read back; their counters stand",
                    counted(len(places) - count, "more destination"),
                    extra=fields(destinations=len(places) - count),
                )
                break
            try:
                yield from self._of_destination(destination, imports)
            except InterruptedRunError:
                raise
            except TargetError as error:
                _logger.warning("Rows that did not land could not be found out: %s", error)
                break
        for kept in self._kept.all():
            yield Explanation(kept.number, kept.destination, kept.settlement, kept.settlement)
        self.close()

    def close(self) -> None:
        """Delete the rows that were kept."""
        self._kept.close()

    def _early_of(
        self, destination: Destination, imports: list[KeptImport]
    ) -> Iterator[Explanation]:
        members = self._read_back(destination, imports, self._briefly)
        spare = MAX_LOOK_UPS - MAX_LOOK_UPS // _EARLY_SHARE
        for kept in imports:
            seen = self._compare(kept, members)
            if len(seen.missing) + len(seen.named) <= kept.settlement.not_landed:
                missing = self._look_up(seen.missing, destination.list_ids, spare)
                yield self._explained(kept, seen, missing)

    def _of_destination(
        self, destination: Destination, imports: list[KeptImport]
    ) -> Iterator[Explanation]:
        members = self._read_back(destination, imports, self._waiting)
        # Rows that nobody has counted come first: they hold the run up.
        for kept in sorted(imports, key=lambda kept: -kept.settlement.unexplained):
            seen = self._compare(kept, members)
            yield self._explained(kept, seen, self._judge(kept, seen.missing))

    def _explained(self, kept: KeptImport, seen: _Seen, missing: Sequence[Missing]) -> Explanation:
        found = explain(kept.settlement, missing, seen.named, seen.changed)
        self._kept.remove(kept)
        return Explanation(kept.number, kept.destination, kept.settlement, *found)

    def _compare(self, kept: KeptImport, members: ListMembers) -> _Seen:
        rows = self._kept.rows(kept)
        lines = lines_of(kept.errors, len(rows), kept.settlement.refused)
        others = [row for place, row in enumerate(rows) if place not in lines]
        return _Seen(_named(rows, lines), members.missing(others), members.changed(others))

    def _judge(self, kept: KeptImport, missing: Sequence[Properties]) -> list[Missing]:
        """Find out what became of rows that the list read back does not show."""
        judged = self._look_up(missing, kept.destination.list_ids)
        if len(missing) > kept.settlement.not_landed and _not_shown_yet(judged):
            # The export lags behind the imports, so it proves nothing.
            _logger.warning(
                "The list read back does not show members that a look-up does; the counters of "
                "activity batch %s stand",
                kept.number,
                extra=fields(stream=kept.destination.stream, list_ids=kept.destination.list_ids),
            )
            return [item for item in judged if item.place]
        return judged

    def _read_back(
        self, destination: Destination, imports: list[KeptImport], waiting: Waiting
    ) -> ListMembers:
        self._read_backs_left -= 1
        sent = {name for kept in imports for row in self._kept.rows(kept) for name in row}
        wanted = [name for name in COLUMNS if name in sent]
        told = fields(stream=destination.stream, list_ids=destination.list_ids)
        _logger.info("Reading the lists of %s back", destination.stream, extra=told)
        columns = ["email_address", *wanted]
        return ListMembers(read_back(self._api, destination.list_ids, columns, waiting), wanted)

    def _look_up(
        self, missing: Sequence[Properties], list_ids: Sequence[str], spare: int = 0
    ) -> list[Missing]:
        """Look up as many people as are left to this run; the others are only missing.

        Args:
            missing: The rows.
            list_ids: Lists that they were sent to.
            spare: Look-ups that are to be left.
        """
        judged = []
        for row in missing:
            self._waiting.raise_if_stopped()
            if self._look_ups_left > spare:
                self._look_ups_left -= 1
                status = self._api.find_contact(key_of(str(row["email"])))
                judged.append(looked_up(row, status, list_ids))
            else:
                judged.append(Missing(row))
        return judged


@dataclass(frozen=True, slots=True)
class _Seen:
    """The rows of an import against what is known of them without a look-up.

    Attributes:
        named: Rows that the service itself has named as refused.
        missing: Rows that the list read back does not show.
        changed: Rows that it shows with other values; None when they cannot be compared.
    """

    named: list[Finding]
    missing: list[Properties]
    changed: list[Properties] | None


def _named(rows: Sequence[Properties], lines: Mapping[int, str]) -> list[Finding]:
    """The rows that an activity's errors name."""
    return [
        Finding(rows[place], "refused: counted as an error", LINE, words)
        for place, words in sorted(lines.items())
    ]


def _not_shown_yet(judged: Sequence[Missing]) -> bool:
    """Whether everybody who was looked up is a member after all."""
    seen = [item for item in judged if item.place]
    return bool(seen) and all(item.place == "landed" for item in seen)
