"""Taking people off a list, and nothing else: they stay contacts, and on all other lists.

Who is on the list is read from the account, before and after; nothing is concluded from counters.
Each step may be done twice, so whoever is interrupted begins again.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Final

from target_constant_contact.exceptions import ApiError, DataError, TryLaterError
from target_constant_contact.log_fields import fields
from target_constant_contact.segments.jobs import Jobs
from target_constant_contact.segments.reading import ListReader, Means
from target_constant_contact.segments.scratch_lists import ScratchLists
from target_constant_contact.segments.ways import (
    EXPORT,
    PAGE,
    by_ids,
    by_scratch_list,
    pages,
    plan_of,
    reading,
    require,
)
from target_constant_contact.waiting import SLICE_SECONDS
from target_constant_contact.wording import are, counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from target_constant_contact.segments.hash_set import HashSet
    from target_constant_contact.segments.on_list import OnList

UNMAILABLE: Final = "unsubscribed,temp_hold,pending_confirmation,not_set"
"""Statuses of those who may not be able to join a scratch list."""

_ROUNDS: Final = 6
"""How often the list is read back, with longer and longer waits, half a minute in all: it may show
somebody for a moment who is off it already. Whether it does is not documented."""
_FEW: Final = 200
"""People who are rather looked up one by one than among all who cannot be mailed."""
_MOST_GONE_PERCENT: Final = 1.0
_FEW_GONE: Final = 20
"""Who stay and are gone when the list is read back: so many may have left by themselves
meanwhile. More are a fault."""
_logger = logging.getLogger("target-constant-contact")


@dataclass(frozen=True, slots=True)
class TakenOff:
    """What has become of the people who were on a list.

    Attributes:
        before: People who were on it.
        stay: Those who are on it afterwards.
        taken_off: Those who were taken off.
        left_by_themselves: Those who were to stay, and are gone.
        way: How it was done, as `segments.ways` names the ways; empty when there was nothing to do.
        requests: How many requests it took, with reading the list.
    """

    before: int
    stay: int
    taken_off: int
    left_by_themselves: int = 0
    way: str = ""
    requests: int = 0


class TakingOff:
    """Takes people off lists of an account.

    Args:
        means: What it needs.
    """

    def __init__(self, means: Means) -> None:
        self._means = means
        self._waiting = means.waiting
        self._jobs = Jobs(means.api, means.waiting, means.max_in_flight)
        self._reader = ListReader(means, self._jobs)
        self._scratch = ScratchLists(means.api, means.scratch_rows, self._jobs)
        self._began_at = 0

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep others from taking people off lists of the account; everything else goes within.

        What a killed process has begun is waited for, and its scratch lists are deleted first.

        Raises:
            TryLaterError: Another process does not come to its end.
            TargetError: The service or the store cannot be used.
        """
        deadline = self._waiting.clock() + self._waiting.timeout_seconds
        while True:
            with self._means.scratch_rows.lock() as held:
                if held:
                    self._scratch.clean()
                    yield
                    return
            if self._waiting.clock() >= deadline:
                raise TryLaterError(
                    "Another process takes people off lists of this account, and has not ended in "
                    f"{counted(self._waiting.timeout_minutes, 'minute')} (import_timeout_minutes). "
                    "Start the run again when it has"
                )
            self._waiting.wait(SLICE_SECONDS)

    @contextmanager
    def removing(self) -> Iterator[None]:
        """Let loads wait, and whoever comes after a crash, while people are taken off within.

        Nobody may be put on a list by one job and taken off it by an earlier one that ends later.
        """
        with self._scratch.removing():
            yield

    @contextmanager
    def read(self, list_id: str, leavers: int) -> Iterator[OnList]:
        """Read who is on a list, in the way that is the beginning of taking so many off.

        Args:
            list_id: The list; one that is gone has nobody on it.
            leavers: How many are going to leave, at most, as far as that is known.

        Raises:
            QuotaExceededError: The requests of the day are too few for all that follows.
            TargetError: The service cannot be used.
        """
        members = self._count(list_id)
        leavers = min(leavers, members)
        has_ids = pages(members) <= EXPORT
        if leavers:
            plan = plan_of(members, leavers, self._means.requests_left())
            has_ids = plan.way == "pages of the list"
        with self._reader.on_list(list_id, has_ids=has_ids) as found:
            if members:
                read = self._reader.by_pages if has_ids else self._reader.by_export
                work = f"reading who is on list {self._means.list_name(list_id)}"
                with self._waiting.events.work(work, "sweep_list"):
                    found.read(read(list_id))
            yield found

    @contextmanager
    def look_up(self, list_id: str, keys: Iterable[str]) -> Iterator[OnList]:
        """Look up who of some people is on a list, where that takes fewer requests than `read`.

        Args:
            list_id: The list.
            keys: Their e-mail keys; all of them leave.

        Raises:
            QuotaExceededError: The requests of the day are too few for all that follows.
            TargetError: The service cannot be used.
        """
        wanted = [*dict.fromkeys(keys)]
        members = self._count(list_id)
        best = plan_of(members, len(wanted), self._means.requests_left(), known=True)
        if members and best.way != "look-ups":
            with self.read(list_id, len(wanted)) as whole:
                yield whole
            return
        with self._reader.on_list(list_id, has_ids=True) as found:
            found.read(self._reader.by_look_ups(list_id, wanted) if members else ())
            found.count, found.whole = max(members, found.count), False
            yield found

    def take_off(self, on_list: OnList, leavers: HashSet) -> TakenOff:
        """Take people off a list, and read back that they are.

        Args:
            on_list: Who is on the list, as it was read just now.
            leavers: Hashes of those who leave; who is not on the list does not count.

        Returns:
            The sums. ``before`` is ``stay``, ``taken_off`` and ``left_by_themselves`` together.

        Raises:
            QuotaExceededError: The requests of the day are too few; nobody was taken off.
            DataError: Somebody is still on the list in the end, or too many are gone who were to
                stay.
            TargetError: The service cannot be used. Some may be off the list then, and the same
                may be done again.
        """
        leavers = on_list.hashes.both(leavers)
        if not leavers:
            return self._sums(on_list, leavers, on_list.hashes, "")
        number = len(leavers)
        people = counted(number, "person", "people")
        name = self._means.list_name(on_list.list_id)
        told = fields(lists=[name], list_ids=[on_list.list_id], people=number)
        _logger.info("Taking %s off list %s", people, name, extra=told)
        taking = f"taking {people} off list {name}"
        with self._waiting.events.work(taking, "taking_off"):
            way = self._remove(on_list, leavers)
            return self._taken_off(on_list, leavers, way)

    def _taken_off(self, on_list: OnList, leavers: HashSet, way: str) -> TakenOff:
        for turn in range(_ROUNDS):
            after = self._read_back(on_list, leavers)
            still = after.both(leavers)
            if not still:
                return self._sums(on_list, leavers, after, way)
            self._waiting.wait_for_poll(turn)
            self._remove_stragglers(on_list, still, turn)
        number = len(still)
        raise DataError(
            f"{counted(number, 'person', 'people')} {are(number)} still on list "
            f"{on_list.list_id}, though Constant Contact has taken {len(leavers):,} off it as it "
            "says. Look at the list, and run again"
        )

    def _count(self, list_id: str) -> int:
        self._began_at = self._means.api.requests_made
        return self._reader.members(list_id)

    def _remove(self, on_list: OnList, leavers: HashSet) -> str:
        """Take people off; return how."""
        left, number = self._means.requests_left(), len(leavers)
        if on_list.has_ids:
            back = reading(on_list.count) if on_list.whole else number
            require(by_ids(number) + back, left, number)
            self._by_ids(on_list.list_id, on_list.ids(leavers))
            return "pages of the list" if on_list.whole else "look-ups"
        looked_up = number + by_ids(number)
        require(min(looked_up, by_scratch_list(number)) + EXPORT, left, number)
        if by_scratch_list(number) < looked_up:
            try:
                self._scratch.take_off(on_list.list_id, on_list.addresses(leavers))
            except ApiError as error:
                # Such as where an account has as many lists as it may have.
                _logger.warning("A scratch list could not be used: %s", error)
            else:
                return "scratch list"
            self._by_all_ids(on_list.list_id, leavers)
            return "pages of the list"
        self._look_up_and_remove(on_list, leavers)
        return "export and look-ups"

    def _remove_stragglers(self, on_list: OnList, still: HashSet, turn: int) -> None:
        """Take off who is still on the list, such as those who could not join a scratch list."""
        if on_list.has_ids:
            self._by_ids(on_list.list_id, on_list.ids(still))
        elif len(still) <= _FEW:
            self._look_up_and_remove(on_list, still)
        else:
            self._by_all_ids(on_list.list_id, still, "" if turn else UNMAILABLE)

    def _look_up_and_remove(self, on_list: OnList, leavers: HashSet) -> None:
        list_id, addresses = on_list.list_id, on_list.addresses(leavers)
        found = self._reader.by_look_ups(list_id, addresses)
        self._by_ids(list_id, (contact_id for _, contact_id in found))

    def _by_all_ids(self, list_id: str, leavers: HashSet, status: str = "") -> None:
        """Take people off by the ids that pages tell of all, or of all of some statuses."""
        with self._reader.on_list(list_id, has_ids=True) as with_ids:
            with_ids.read(self._reader.by_pages(list_id, status))
            self._by_ids(list_id, with_ids.ids(leavers))

    def _by_ids(self, list_id: str, contact_ids: Iterable[str]) -> None:
        rest, remove = iter(contact_ids), self._means.api.memberships.remove
        parts = iter(lambda: [*islice(rest, PAGE)], [])
        self._jobs.run(partial(remove, list_id, contact_ids=part) for part in parts)

    def _read_back(self, on_list: OnList, leavers: HashSet) -> HashSet:
        """Who is on the list now; of one that was not read whole, which of the leavers."""
        list_id = on_list.list_id
        with self._reader.on_list(list_id, has_ids=False) as after:
            if not on_list.whole:
                after.read(self._reader.by_look_ups(list_id, on_list.addresses(leavers)))
            elif pages(on_list.count) <= EXPORT:
                after.read(self._reader.by_pages(list_id))
            else:
                after.read(self._reader.by_export(list_id))
            return after.hashes

    def _sums(self, on_list: OnList, leavers: HashSet, after: HashSet, way: str) -> TakenOff:
        stay = on_list.hashes.only(leavers)
        gone = len(stay.only(after)) if on_list.whole else 0
        if gone > max(_FEW_GONE, _MOST_GONE_PERCENT / 100 * len(stay)):
            raise DataError(
                f"{counted(gone, 'person', 'people')} who were to stay {are(gone)} no longer on "
                f"list {on_list.list_id}, of {len(stay):,}. Has somebody else taken them off? Look "
                "at the list before you run again"
            )
        before, off = on_list.count, len(leavers)
        requests = self._means.api.requests_made - self._began_at
        return TakenOff(before, before - off - gone, off, gone, way, requests)
