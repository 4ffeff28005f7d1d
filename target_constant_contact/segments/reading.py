"""Reads who is on a list: by its pages, by an export, or by looking people up."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol

from target_constant_contact.account.members import ContactExports, exported
from target_constant_contact.api.activities import ActivitiesApi
from target_constant_contact.segments.jobs import MOST, Jobs
from target_constant_contact.segments.on_list import OnList
from target_constant_contact.segments.people import PeopleKey
from target_constant_contact.segments.scratch_lists import ScratchApi
from target_constant_contact.store.scratch_lists import ScratchRows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from target_constant_contact.account.account import Account
    from target_constant_contact.api.models import ContactStatus
    from target_constant_contact.waiting import Waiting


class Api(ContactExports, ActivitiesApi, ScratchApi, Protocol):
    """What taking off asks of the API."""

    @property
    def requests_made(self) -> int:
        """Requests so far."""

    def find_contact(self, email: str) -> ContactStatus | None:
        """How the account stands to an address."""


@dataclass(frozen=True, slots=True)
class Means:
    """What taking people off lists of an account needs.

    Attributes:
        api: The API.
        people: Hashes people.
        scratch_rows: What the store knows of scratch lists of the account.
        waiting: How jobs of the service are waited for.
        requests_left: Tells how many requests are left of the day.
        folder: Where files are made that nobody else can open.
        max_in_flight: Unfinished jobs at a time.
        list_name: Tells what people call a list.
    """

    api: Api
    people: PeopleKey
    scratch_rows: ScratchRows
    waiting: Waiting
    requests_left: Callable[[], int]
    folder: Path
    max_in_flight: int = MOST
    list_name: Callable[[str], str] = str

    @classmethod
    def of(
        cls, account: Account, waiting: Waiting, folder: Path, max_in_flight: int = MOST
    ) -> Means:
        """Those of an account.

        Args:
            account: The account.
            waiting: As above.
            folder: As above.
            max_in_flight: As above.
        """
        database = account.database
        return cls(
            account.client,
            PeopleKey.of(database),
            ScratchRows(database, account.export[0]),
            waiting,
            lambda: account.requests_left,
            folder,
            max_in_flight,
            lambda list_id: account.list_names.get(list_id, list_id),
        )


class ListReader:
    """Reads who is on a list.

    Args:
        means: What it is read with.
        jobs: Starts exports when the queue of the account has room.
    """

    def __init__(self, means: Means, jobs: Jobs) -> None:
        self._means = means
        self._jobs = jobs
        self._api = means.api

    def members(self, list_id: str) -> int:
        """How many people are on a list; nobody is on one that is gone."""
        found = self._api.memberships.contact_list(list_id)
        return (found.membership_count or 0) if found else 0

    @contextmanager
    def on_list(self, list_id: str, *, has_ids: bool) -> Iterator[OnList]:
        """Nobody yet, in a file that is deleted at the end."""
        found = OnList(list_id, self._means.people, self._means.folder, has_ids=has_ids)
        try:
            yield found
        finally:
            found.close()

    def by_pages(self, list_id: str, status: str = "") -> Iterator[tuple[str, str]]:
        """Addresses and contact ids of all who are on a list, or of those with some statuses."""
        for contact in self._api.memberships.contacts([list_id], status=status):
            if contact.email and contact.contact_id:
                yield contact.email, contact.contact_id

    def by_export(self, list_id: str) -> Iterator[tuple[str, str]]:
        """Addresses of all who are on a list; no contact ids, which an export does not have."""
        started = self._jobs.started(partial(self._api.start_contact_export, [list_id]))
        for row in exported(self._api, started, self._means.waiting):
            yield row["email"], ""

    def by_look_ups(self, list_id: str, addresses: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Addresses and contact ids of those of some people who are on a list."""
        for address in addresses:
            contact = self._api.find_contact(address)
            if contact and not contact.deleted and list_id.lower() in contact.list_ids:
                yield address, contact.contact_id
