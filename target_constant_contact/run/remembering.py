"""What a run remembers of the people whom it sends, and what it does by what earlier ones have."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from target_constant_contact.exceptions import DataError
from target_constant_contact.planning.pretended_removal import PretendedRemoval
from target_constant_contact.run.overwriting import plan_sweeps, sweep_loads
from target_constant_contact.segments.departures import Departures, starting
from target_constant_contact.segments.loads import FIRST_DAY, Loads
from target_constant_contact.segments.people import PeopleKey
from target_constant_contact.segments.pretended import PretendedSegments
from target_constant_contact.segments.reading import Means
from target_constant_contact.segments.seals import NO_VERSION
from target_constant_contact.segments.taking_off import TakingOff
from target_constant_contact.segments.unchanged import Unchanged
from target_constant_contact.store.scratch_lists import REMOVALS
from target_constant_contact.store.segments import SegmentRows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from target_constant_contact.account.account import Account
    from target_constant_contact.planning.plan import Planning
    from target_constant_contact.reports.report import Report
    from target_constant_contact.segments.departures import Start
    from target_constant_contact.segments.gate import Gate
    from target_constant_contact.settings.settings import Settings
    from target_constant_contact.settings.streams import StreamSettings
    from target_constant_contact.waiting import Waiting


class Remembering:
    """The memories of a run.

    Args:
        settings: The settings.
        account: The account that members go to.
        folder: Folder of the run.
        waiting: How the run waits.

    Attributes:
        people: Makes keyed hashes of people.
        loads: What the streams bring.
        means: What people are taken off lists with.
    """

    def __init__(
        self, settings: Settings, account: Account, folder: Path, waiting: Waiting
    ) -> None:
        self.people = PeopleKey.of(account.database)
        self.means = Means.of(account, waiting, folder, settings.max_activities_in_flight)
        self._settings = settings
        self._account = account
        self._today = (datetime.now(UTC).date() - FIRST_DAY).days
        kind = PretendedSegments if settings.dry_run else SegmentRows
        self._segments = kind(account.database, account.export[0])
        self.loads = Loads(
            self._segments, self.people, folder.name, self._today, lambda: account.list_names
        )
        self._departures: Departures | None = None

    def begin(self, gate: Gate, start: Start | None) -> None:
        """Have the gate withhold rows by what earlier runs have remembered.

        Args:
            gate: What all rows pass that could be sent.
            start: Begins to read a list; None: as `departures.starting` does.
        """
        settings = self._settings
        if any(each.respects_departures or self._checks(each) for each in settings.all_streams):
            start = start or starting(self.means)
            self._departures = Departures(self._segments, self.means, self._name, start=start)
            gate.add(self._departures)
        # From the first row on, of whatever stream: what is sent of a person is sent for all.
        if any(each.resend_days for each in settings.all_streams):
            gate.add(Unchanged(self._segments, self._days, self._today))

    def know(self, stream: str, list_ids: Sequence[str], *, is_replay: bool = False) -> None:
        """Note that a stream has come, which voids what earlier loads of it have proven.

        Args:
            stream: Name of the stream.
            list_ids: Lists of all its rows that name none themselves.
            is_replay: Its rows come from a file of rejected rows. They are in the segment too,
                and are not the whole of it.

        Raises:
            DataError: One of the lists follows another stream.
            TargetError: The service or the store cannot be used.
        """
        settings = self._settings.for_stream(stream)
        self.loads.begin(stream, list_ids, settings, is_replay=is_replay)
        if not self._settings.dry_run:
            self._wait_for_removals()
        withholds = settings.respects_departures
        if self._departures and (withholds or self._checks(settings)):
            self._departures.begin(stream, list_ids, withholds=withholds)

    def seal(self, report: Report, planning: Planning | None) -> None:
        """Say what the loads have proven, and have lists follow them that need no command for it.

        Args:
            report: Knows which versions of streams came; gets what has become of each list.
            planning: Knows who would be on the lists, in a run that changes nothing: then it is
                said of all lists that follow segments who would be taken off them.

        Raises:
            DataError: A stream did not prove its segment whole as the settings want it, a brake
                held, or the sums of a list do not add up.
            TargetError: The service or the store cannot be used.
        """
        early = [
            stream
            for stream in self.loads.overwriting
            if self._settings.for_stream(stream).overwrite_when == "activate_version"
            and not report.ends_with_version(stream)
        ]
        for stream in early:
            self.loads.void(stream, NO_VERSION)
        loads = self.loads.seal()
        if planning:
            pretended = PretendedRemoval(self.means, planning), self._segments
            plan_sweeps(loads, self._settings, self._account, pretended, report)
        elif loads:
            sweep_loads(loads, self._settings, self._account, self.means, report)
        if early:
            raise DataError(
                f"No ACTIVATE_VERSION came after the last record of stream {', '.join(early)}, so "
                "that nothing proves its segment whole; nobody was taken off. If the tap sends it "
                "earlier or not at all, set overwrite_when: sweep, and call "
                "target-constant-contact sweep when tap and target have ended well"
            )

    def _wait_for_removals(self) -> None:
        """Wait for jobs that take people off lists, also for those of a killed process.

        Whoever begins to take people off later sees that the stream is being loaded.
        """
        if REMOVALS in self.means.scratch_rows.read():
            with TakingOff(self.means).alone():
                pass

    def _checks(self, settings: StreamSettings) -> bool:
        """Whether members who are not sent have to be on the list."""
        return self._settings.verify == "always" and settings.resend_days > 0

    def _days(self, stream: str) -> float:
        return self._settings.for_stream(stream).resend_days

    def _name(self, list_id: str) -> str:
        return self._account.list_names.get(list_id, list_id)
