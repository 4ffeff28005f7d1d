"""Finds out what a run would change: compares what would be sent with who is on the lists."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import msgspec

from target_constant_contact.contacts.addresses import key_of
from target_constant_contact.planning.columns import Columns
from target_constant_contact.planning.comparison import Comparison, Tally
from target_constant_contact.planning.held_back import HeldBack
from target_constant_contact.planning.list_copies import ListCopies
from target_constant_contact.planning.parted import PartedLines
from target_constant_contact.reports.planned import Planned, PlannedList
from target_constant_contact.segments.hash_set import HashSet
from target_constant_contact.segments.parts import PARTS
from target_constant_contact.verification.kept import rows_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from target_constant_contact.account.account import Account
    from target_constant_contact.batches.batch import Destination, ImportBatch
    from target_constant_contact.reports.planned import Effort
    from target_constant_contact.reports.report import Report
    from target_constant_contact.segments.reading import Means
    from target_constant_contact.settings.settings import Settings

_NO_COLUMN: Final = frozenset({"email"})
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(tuple[str, int, dict[str, str | int]]).decode


class Planning:
    """What would be sent, and who is on the lists that it would be sent to.

    What it takes of people is in files that nobody else can open, until it is closed.

    Args:
        settings: The settings.
        account: The account, which is only read.
        means: What lists are read with.
    """

    def __init__(self, settings: Settings, account: Account, means: Means) -> None:
        self.imports = 0
        self.size = 0
        self._settings = settings
        self._account = account
        self._people = means.people
        self._rows = PartedLines(means.folder)
        self._going = _Going()
        fields = [
            field for each in settings.all_streams for field in account.custom_fields_for(each)
        ]
        self._columns = Columns(fields)
        self._copies = ListCopies(means, self._columns, self._name)
        # A list may be read when the first stream has come, for those that come later as well.
        self._any = self._columns.names(each.field_mapping for each in settings.all_streams)

    def know(self, properties: tuple[str, ...]) -> None:
        """Note that contacts may have these properties: a stream has come."""
        self._going.properties |= dict.fromkeys(properties)

    def take(self, batch: ImportBatch) -> None:
        """Take a batch in the place of sending it."""
        self.imports += 1
        self.size += len(batch.body)
        rows = rows_of(batch.body, self._settings.import_format)
        keys = [key_of(str(row["email"])) for row in rows]
        hashes = self._people.hashes(keys)
        place = self._going.place(batch.destination)
        self._rows.add(
            hashes, (_encode((key, place, row)) for key, row in zip(keys, rows, strict=True))
        )
        for list_id in batch.destination.list_ids:
            self._going.people.setdefault(list_id, HashSet()).update(hashes)

    def start(self, list_id: str) -> Callable[[], HashSet | None]:
        """Begin to read a list; what is returned waits for it, and tells who is on it, if known."""
        self._start(list_id, self._any)
        return partial(self._copies.people, list_id)

    def afterwards(self, list_id: str) -> HashSet | None:
        """Who would be on a list after the run, as hashes; None when that cannot be known."""
        self._start(list_id, ())
        there = self._copies.people(list_id)
        if there is None:
            return None
        everybody = HashSet(there)
        everybody.update(self._going.people.get(list_id, ()))
        return everybody.only(self._going.leavers.get(list_id, HashSet()))

    def take_off(self, list_id: str, people: HashSet) -> None:
        """Note that people would be taken off a list, so that nobody is taken off twice."""
        self._going.leavers[list_id] = people

    def conclude(self, report: Report, effort: Effort) -> Planned:
        """Compare all that was taken with the account; nothing comes any more.

        Args:
            report: The counts of the run.
            effort: What sending would take.

        Raises:
            InterruptedRunError: The run is to stop.
            StorageError: There is no room for what has to be compared.
        """
        wanted = sorted(self._going.people)
        for list_id in filter(self._is_new, wanted):
            self._copies.know_empty(list_id)
        self._copies.read_all(wanted, self._properties())
        comparison = Comparison(self._columns, self._copies.read)
        destinations = self._going.destinations
        for number in range(PARTS):
            rows = (
                (key, destinations[place].list_ids, properties)
                for key, place, properties in map(_decode, self._rows.part(number))
            )
            comparison.compare(rows, self._copies.part(number))
        held = HeldBack(report)
        lists = {*wanted, *held.lists}
        found = (self._planned(each, comparison.tallies, held) for each in lists)
        ordered = sorted(found, key=lambda one: (-one.people, one.list_name))
        return Planned(tuple(ordered), effort, held.of(""))

    def close(self) -> None:
        """Delete what was taken."""
        self._rows.close()
        self._copies.close()

    def _start(self, list_id: str, properties: Iterable[str]) -> None:
        if self._is_new(list_id):
            self._copies.know_empty(list_id)
        else:
            self._copies.start(list_id, properties)

    def _properties(self) -> tuple[str, ...]:
        return tuple(name for name in self._going.properties if name not in _NO_COLUMN)

    def _is_new(self, list_id: str) -> bool:
        return list_id not in self._account.lists.existing

    def _name(self, list_id: str) -> str:
        return self._account.list_names.get(list_id, list_id)

    def _planned(self, list_id: str, tallies: Mapping[str, Tally], held: HeldBack) -> PlannedList:
        tally, is_new = tallies.get(list_id, Tally()), self._is_new(list_id)
        there = self._copies.people(list_id)
        told = self._copies.told.get(list_id, self._going.properties)
        return PlannedList(
            list_id=list_id,
            list_name=self._name(list_id),
            streams=tuple(sorted(self._going.streams(list_id) | held.streams(list_id))),
            is_new=is_new,
            before=None if there is None else len(there),
            people=len(self._going.people.get(list_id, ())),
            added=tally.added,
            known=tally.known,
            updated=tally.updated,
            unchanged=tally.unchanged,
            changes=dict(tally.changes.most_common()),
            not_compared=tuple(name for name in self._properties() if name not in told),
            held_back=held.of(list_id),
            fault=self._copies.faults.get(list_id, ""),
        )


class _Going:
    """Who would be sent, and where.

    Attributes:
        people: Hashes of those who would be sent to each list.
        leavers: Hashes of those who would be taken off it.
        destinations: Where rows go, by the number of the place.
        properties: What contacts may have.
    """

    def __init__(self) -> None:
        self.people: dict[str, HashSet] = {}
        self.leavers: dict[str, HashSet] = {}
        self.destinations: list[Destination] = []
        self.properties: dict[str, None] = {}
        self._places: dict[Destination, int] = {}

    def place(self, destination: Destination) -> int:
        """The number of a place."""
        place = self._places.setdefault(destination, len(self._places))
        if place == len(self.destinations):
            self.destinations.append(destination)
        return place

    def streams(self, list_id: str) -> set[str]:
        """Streams of which somebody would be sent to a list."""
        return {each.stream for each in self.destinations if list_id in each.list_ids}
