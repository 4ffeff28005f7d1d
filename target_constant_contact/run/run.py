"""One run: every row is in an open batch, in flight, or settled, and the counts add up."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from target_constant_contact.contacts.contact import Rejection
from target_constant_contact.contacts.encoding import encode_contact
from target_constant_contact.events.kinds import InputEnded, RowsRead
from target_constant_contact.exceptions import DataError, TargetError
from target_constant_contact.reports.segments import note_use, segment_uses, tell_uses
from target_constant_contact.run.accounting import Accounting
from target_constant_contact.run.continuity import Continuity
from target_constant_contact.run.dry_run import DryRun
from target_constant_contact.run.ending import Ending
from target_constant_contact.run.ends import failing
from target_constant_contact.run.intake import Intake
from target_constant_contact.run.leaving import Leaving
from target_constant_contact.run.remembering import Remembering
from target_constant_contact.run.sending import Sending
from target_constant_contact.run.settling import Settling
from target_constant_contact.run.stage import Stage
from target_constant_contact.run.withholding import Withholding
from target_constant_contact.segments.gate import Gate
from target_constant_contact.segments.seals import UNREADABLE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from target_constant_contact.account.account import Account
    from target_constant_contact.batches.batch import Destination, ImportBatch
    from target_constant_contact.batches.chunk import Chunk
    from target_constant_contact.contacts.contact import Contact
    from target_constant_contact.mapping.field_mapping import FieldMapping
    from target_constant_contact.reports.counts import PassedOver
    from target_constant_contact.reports.report import Report
    from target_constant_contact.run.hooks import Hooks
    from target_constant_contact.settings.settings import Settings
    from target_constant_contact.settings.streams import StreamSettings

GIVE_UP_SECONDS: Final = 15.0
"""How long an aborted run waits for its activities; a scheduler kills after 20 to 30 seconds."""

_TOO_LARGE: Final = Rejection("record is larger than batch_size_bytes allows", "")
_logger = logging.getLogger("target-constant-contact")


# What a run is made of, one attribute for each part.
class Run:
    """A run from its first row to its report.

    Args:
        settings: The settings.
        account: The account that members go to.
        folder: Folder of the run, for its report and its rejected rows.
        hooks: What it asks of the program around it.

    Attributes:
        settings: As above.
        account: As above.
        leaving: Rows that say that somebody has left.
        withholding: Whose rows are not sent.
    """

    def __init__(self, settings: Settings, account: Account, folder: Path, hooks: Hooks) -> None:
        self.settings = settings
        self.account = account
        # Who listens to the account hears what this run waits for, too.
        waiting = replace(hooks.waiting, events=account.events)
        hooks = replace(hooks, waiting=waiting)
        self._stage = Stage.READING
        self._continuity = Continuity(settings, account, folder, waiting)
        self._remembering = Remembering(settings, account, folder, waiting)
        self._dry_run = DryRun(settings, account, self._remembering.means)
        gate = Gate(self._remembering.people, self._remembering.loads)
        self.leaving = Leaving(settings, account, gate, self._remembering)
        self._accounting = Accounting(
            folder,
            max_rejected_percent=settings.max_rejected_percent,
            encode=hooks.encode,
            write_state=None if settings.dry_run else self.leaving.before(hooks.write_state),
            events=account.events,
        )
        self.report.segments = segment_uses(settings)
        self._settling = Settling(
            settings,
            account,
            folder,
            self._accounting,
            waiting,
            self._let_go,
            self._remembering.loads,
        )
        self._sending = Sending(
            settings, account, self._continuity.ledger, hooks, self._settling, folder
        )
        self.withholding = Withholding(settings, account, gate, waiting)
        self._intake = Intake(settings, self._accounting, gate, self._submit)
        advice, ledger = self._sending.advice, self._continuity.ledger
        self._ending = Ending(settings, account, self._accounting, advice, ledger)

    def begin(self) -> None:
        """Keep other runs of the same export out, and take up one that was interrupted.

        Raises:
            TryLaterError: Another run of the same export does not come to its end.
            TargetError: The service cannot be asked what became of an interrupted run.
        """
        self._continuity.begin()
        self._remembering.begin(self._intake.gate, self._dry_run.begin())
        self.withholding.begin()

    def settings_of(self, stream: str) -> StreamSettings:
        """The settings of a stream that has come; which ones they are is noted.

        Raises:
            SettingsError: No list is set for the stream.
        """
        found = self.settings.for_stream(stream)
        note_use(self.report.segments, self.settings.entry_for(stream), stream)
        return found

    def know(
        self, destination: Destination, schema: Mapping[str, Any], mapping: FieldMapping
    ) -> None:
        """Note the SCHEMA message and the mapping of a stream.

        Args:
            destination: The stream, and the lists of all rows that name none themselves.
            schema: The message.
            mapping: The mapping.

        Raises:
            DataError: One of the lists follows another stream.
        """
        stream = destination.stream
        self._accounting.know(stream, schema, mapping)
        self._sending.advice.know(stream, mapping)
        self._dry_run.know(mapping.properties)
        self._remembering.know(
            stream, destination.list_ids, is_replay=self.report.replays.get(stream, False)
        )

    def add(
        self,
        destination: Destination,
        contact: Contact,
        context: Mapping[str, Any],
    ) -> None:
        """Take one row.

        Args:
            destination: Stream and lists of the row.
            contact: What the row was mapped to.
            context: ``schema`` and ``message``: the Singer messages as they were read.
        """
        encoded = encode_contact(contact.properties, contact.columns)
        if not self._intake.add(destination, contact.key, encoded, contact.dropped):
            self._remembering.loads.refuse(destination.stream, contact.key)
            self.reject(destination, _TOO_LARGE, context, key=contact.key)

    def add_chunk(self, chunk: Chunk, start: int) -> int:
        """Take rows of a chunk from a position on, up to one that cannot be sent.

        Args:
            chunk: The rows, mapped.
            start: Position of the first.

        Returns:
            Position of the row that cannot be sent, which has to come once more alone, as it was
            read; the length of the chunk when there is none.
        """
        reached = self._intake.add_chunk(chunk, start)
        for (stream, field), values in chunk.dates.items():
            self._accounting.report.date_orders.count(stream, field, values[start:reached])
        return reached

    def reject(
        self,
        destination: Destination,
        rejection: Rejection,
        context: Mapping[str, Any],
        *,
        hint: str = "",
        key: str | None = "",
    ) -> None:
        """Take one row that cannot be sent, as :meth:`Accounting.reject` describes it.

        Whoever it is about, by the e-mail key, is in the segment all the same. It is empty when
        the row has no address that can be sent, and None when that is not known.
        """
        self._accounting.reject(destination, rejection, context, hint=hint)
        if key:
            self._remembering.loads.keep(destination, key)
            self.leaving.come_back(destination, key)
        elif key is None:
            self._remembering.loads.void(destination.stream, UNREADABLE)

    def pass_over(self, destination: Destination, place: PassedOver) -> None:
        """Take one row that is not to be imported, as :meth:`Accounting.pass_over` says."""
        self._accounting.pass_over(destination, place)

    def add_state(self, state: Mapping[str, Any]) -> None:
        """Take a STATE message; it leaves once every row before it is settled."""
        self._accounting.add_state(state)
        self._settling.explain_early()

    @property
    def report(self) -> Report:
        """The counts of the run."""
        return self._accounting.report

    def raise_failure(self) -> None:
        """Raise what makes success impossible, if anything does."""
        self._sending.importer.raise_failure()

    def finish(self) -> None:
        """Settle everything, check the sums, and write report and summary.

        Raises:
            DataError: Too many rows were rejected, the sums do not add up, or a brake held.
            TargetError: An import failed, or the service cannot be used.
        """
        self.account.events.tell(RowsRead(self._accounting.rows))
        tell_uses(self.report.segments)
        self._intake.send_rest()
        self.account.events.tell(InputEnded(self._sending.importer.imports))
        self._sending.importer.finish()
        self._stage = Stage.SETTLED
        self._settling.explain()
        if self.settings.dry_run:
            self._accounting.count_rest_as_unsettled()
            self._dry_run.conclude(self.report)
        self._accounting.raise_faults()
        self._accounting.release()
        self._stage = Stage.RELEASED
        self._remembering.loads.merge()
        self.leaving.take_off(self.report, self._dry_run.planning)
        self._remembering.seal(self.report, self._dry_run.planning)
        self._end("dry run" if self.settings.dry_run else "completed", None, concluded=True)

    def abort(self, error: BaseException) -> None:
        """Give up: wait a little for what is in flight, then write report and summary."""
        if self._stage is Stage.ENDED:
            return
        self._sending.importer.give_up(GIVE_UP_SECONDS)
        self._accounting.count_rest_as_unsettled()
        # The data are at fault, and sending them again would not help: nothing is to be taken up.
        concluded = self._stage is Stage.SETTLED and isinstance(error, DataError)
        concluded |= self._stage is Stage.RELEASED
        with failing(error) as words:
            self._end("failed", words, concluded=concluded)

    def _submit(self, batch: ImportBatch) -> None:
        # Whoever is sent is remembered, also if this is the last that the run does.
        self._remembering.loads.flush(batch.destination)
        self._dry_run.take(batch)
        self._sending.submit(batch)

    def _let_go(self, number: int) -> None:
        self._intake.settled(number)

    def _end(self, status: str, error: str | None, *, concluded: bool) -> None:
        # First, so that a report that cannot be written does not end the run a second time.
        self._stage = Stage.ENDED
        self._close(concluded=concluded)
        self._ending.end(status, error)

    def _close(self, *, concluded: bool) -> None:
        """Close the files; what went wrong before it matters more than what goes wrong here.

        Args:
            concluded: The run has said what became of every row. Otherwise the next run takes its
                ledger up.
        """
        self.withholding.close()
        self._dry_run.close()
        self._settling.close()
        self._intake.close()
        try:
            # The rejected rows are on the disk before the ledger says that nothing is left to do.
            self._accounting.close()
            if concluded:
                self._continuity.conclude()
        except (OSError, TargetError) as error:
            _logger.error("%s: %s", self._accounting.folder, error)  # noqa: TRY400 - one line
        self._continuity.close()
