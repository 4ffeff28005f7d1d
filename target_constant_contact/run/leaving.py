"""Rows that say that somebody has left, and what a run does about them at its end."""

from __future__ import annotations

import logging
import threading
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any, Final

from target_constant_contact.batches.batch import Destination
from target_constant_contact.exceptions import DataError, TargetError
from target_constant_contact.log_fields import fields
from target_constant_contact.planning.pretended_removal import PretendedRemoval
from target_constant_contact.reports.swept import refusals
from target_constant_contact.run.ends import note_swept
from target_constant_contact.run.planned_leaves import plan_leaves
from target_constant_contact.segments.gate import Withheld
from target_constant_contact.segments.hash_set import HashSet
from target_constant_contact.segments.leavers import Leave, Leavers, LeaverSweep
from target_constant_contact.segments.taking_off import TakingOff
from target_constant_contact.store.leavers import LeaverRows
from target_constant_contact.store.segments import SegmentRows
from target_constant_contact.wording import counted, have

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from target_constant_contact.account.account import Account
    from target_constant_contact.planning.plan import Planning
    from target_constant_contact.reports.report import Report
    from target_constant_contact.run.hooks import WriteState
    from target_constant_contact.run.remembering import Remembering
    from target_constant_contact.segments.gate import Gate, Rows
    from target_constant_contact.settings.settings import Settings

_MOST_KEYS: Final = 200
"""Leavers of a list whose addresses are kept until the end of the run, to look them up by: more
are found by reading the list."""
_Place = tuple[str, str]
_logger = logging.getLogger("target-constant-contact")


class Leaving:
    """The leavers of a run, and those whom earlier runs have not taken off.

    It is a rule of the gate, which withholds nobody: who comes as a member after all is no leaver.

    Args:
        settings: The settings.
        account: The account that members go to.
        gate: What all rows pass that could be sent.
        remembering: What the streams bring: leavers are in no segment any more.
    """

    def __init__(
        self, settings: Settings, account: Account, gate: Gate, remembering: Remembering
    ) -> None:
        self._settings = settings
        self._account = account
        self._gate = gate
        self._remembering = remembering
        self._people = remembering.people
        self._lock = threading.Lock()
        self._named = _Named()
        self._nameless: Counter[str] = Counter()

    def know(self, stream: str, list_ids: Iterable[str], *, of_rows: bool) -> None:
        """Take up whom earlier runs have not taken off; called when a stream has come.

        Args:
            stream: Name of the stream.
            list_ids: The lists that its rows go to.
            of_rows: Rows may name other lists.

        Raises:
            TargetError: The store cannot be used.
        """
        if stream in self._named.streams:
            return
        self._named.streams.add(stream)
        wanted = set(list_ids)
        for list_id, people in self._leavers.of(stream).items():
            if of_rows or list_id in wanted:
                self._watch()
                self._named.take_up((stream, list_id), people)

    def note(self, stream: str, list_ids: Iterable[str], key: str) -> None:
        """Note that a person has left lists.

        Args:
            stream: Name of the stream.
            list_ids: The lists; none when the row names none that there is.
            key: E-mail key; empty when the row has no address that could be used.
        """
        destination = Destination(stream, tuple(sorted(list_ids)))
        if not key or not destination.list_ids:
            self._nameless[stream] += 1
            return
        self._watch()
        one = self._people.hash(key)
        self._remembering.loads.leave(destination, one)
        with self._lock:
            for list_id in destination.list_ids:
                self._named.add((stream, list_id), one, key)

    def come_back(self, destination: Destination, key: str) -> None:
        """Note that a person is a member, whose row cannot be sent.

        Args:
            destination: Stream and lists of the row; no lists when they are not known.
            key: E-mail key.
        """
        if self._named:
            with self._lock:
                one = self._people.hash(key)
                self._named.discard(destination, one)

    @property
    def says(self) -> Withheld:
        """Nothing: nobody is withheld."""
        return Withheld("suppressed", "")

    def withheld(self, rows: Rows) -> Iterable[int]:
        """Nobody; who is among these rows is a member."""
        if self._named:
            with self._lock:
                for one, destination in zip(rows.hashes, rows.destinations, strict=True):
                    self._named.discard(destination, one)
        return ()

    def before(self, write_state: WriteState) -> WriteState:
        """Have leavers remembered before a STATE leaves: the tap never names them again then."""

        def write(state: Mapping[str, Any]) -> None:
            self._remember()
            write_state(state)

        return write

    def take_off(self, report: Report, planning: Planning | None) -> None:
        """Take leavers off their lists; all imports have settled.

        Args:
            report: Gets what has become of each list.
            planning: Knows in a dry run who would be on the lists; None where nothing does.

        Raises:
            DataError: A brake held, or the sums of a list do not add up.
            TryLaterError: The requests of the day are too few, or the service cannot be used.
            TargetError: The same may be done again.
        """
        self._tell_nameless()
        if self._settings.dry_run:
            taking = PretendedRemoval(self._remembering.means, planning)
            plan_leaves(self._leaves(), taking, self._leavers, self._segments, report)
            _raise_held(report)
            return
        self._remember()
        leaves = [*self._leaves()]
        if not leaves and not self._has_scratch_lists():
            return
        taking_off = TakingOff(self._remembering.means)
        sweep = LeaverSweep(taking_off, self._leavers, self._segments)
        with taking_off.alone():
            for leave in leaves:
                note_swept(self._account, report, sweep.sweep(leave))
        _raise_held(report)

    @property
    def _leavers(self) -> Leavers:
        return Leavers(LeaverRows(self._account.database, self._account.export[0]))

    @property
    def _segments(self) -> SegmentRows:
        return SegmentRows(self._account.database, self._account.export[0])

    def _has_scratch_lists(self) -> bool:
        """Whether a killed run has left some, of whatever export."""
        try:
            return bool(self._remembering.means.scratch_rows.read())
        except TargetError:
            # All that this run had to do is done; the next one asks again.
            return False

    def _watch(self) -> None:
        """See all rows from now on: without leavers, none need be looked at."""
        if not self._named.is_watched:
            self._named.is_watched = True
            self._gate.add(self)

    def _remember(self) -> None:
        if not self._settings.dry_run:
            with self._lock:
                self._leavers.keep(self._named.changed())

    def _leaves(self) -> Iterable[Leave]:
        for list_id, streams in self._named.by_list().items():
            shares = (self._settings.for_stream(each).max_removed_percent for each in streams)
            name = self._account.list_names.get(list_id, "")
            yield Leave(list_id, name, streams, min(shares), self._named.keys_of(list_id))

    def _tell_nameless(self) -> None:
        for stream, rows in sorted(self._nameless.items()):
            _logger.warning(
                "%s of stream %s that %s left %s no address or no list that could be used, so "
                "nobody could be taken off a list by %s",
                counted(rows, "row"),
                stream,
                have(rows),
                have(rows),
                "it" if rows == 1 else "them",
                extra=fields(stream=stream, rows=rows),
            )


def _raise_held(report: Report) -> None:
    if held := refusals(report.swept):
        raise DataError(f"A brake held leavers back: {'; '.join(held)}")


class _Named:
    """Leavers by stream and list.

    Attributes:
        streams: Those whose earlier leavers were taken up.
        is_watched: Whether members are looked for among them.
    """

    def __init__(self) -> None:
        self.streams: set[str] = set()
        self.is_watched = False
        self._people: dict[_Place, HashSet] = {}
        self._places: defaultdict[str, set[_Place]] = defaultdict(set)
        self._keys: defaultdict[_Place, dict[int, str]] = defaultdict(dict)
        self._unknown: set[_Place] = set()
        self._changed: set[_Place] = set()

    def __bool__(self) -> bool:
        return bool(self._people)

    def take_up(self, place: _Place, people: HashSet) -> None:
        """Put in those of earlier runs."""
        self._people[place] = people
        self._places[place[1]].add(place)
        self._unknown.add(place)

    def add(self, place: _Place, one: int, key: str) -> None:
        """Put in one of this run."""
        self._people.setdefault(place, HashSet()).add(one)
        self._places[place[1]].add(place)
        self._changed.add(place)
        keys = self._keys[place]
        keys[one] = key
        if len(keys) > _MOST_KEYS:
            keys.clear()
            self._unknown.add(place)

    def discard(self, destination: Destination, one: int) -> None:
        """Take one out who is a member of some lists, whichever stream has named the leaver."""
        for list_id in destination.list_ids:
            for place in self._places.get(list_id, ()):
                people = self._people[place]
                if one in people:
                    people.discard(one)
                    self._keys[place].pop(one, None)
                    self._changed.add(place)

    def changed(self) -> dict[_Place, HashSet]:
        """What is not remembered yet, which it is from now on."""
        changed = {place: self._people[place] for place in self._changed}
        self._changed.clear()
        return changed

    def by_list(self) -> dict[str, dict[str, HashSet]]:
        """The leavers of each list by stream."""
        found: defaultdict[str, dict[str, HashSet]] = defaultdict(dict)
        for (stream, list_id), people in sorted(self._people.items(), key=lambda each: each[0]):
            if people:
                found[list_id][stream] = people
        return found

    def keys_of(self, list_id: str) -> list[str] | None:
        """E-mail keys of all leavers of a list; None when they are not all known."""
        places = [place for place in self._people if place[1] == list_id and self._people[place]]
        if not self._unknown.isdisjoint(places):
            return None
        return [*dict.fromkeys(key for place in places for key in self._keys[place].values())]
