"""Lists that are made to take people off another list, and deleted afterwards.

`remove_list_memberships` knows no addresses: it takes contact ids, or everybody who is on a list.
"""

from __future__ import annotations

import logging
import secrets
from contextlib import contextmanager, suppress
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Final, Protocol

from target_constant_contact.contacts.encoding import encode_json
from target_constant_contact.exceptions import ApiError, DataError, TargetError
from target_constant_contact.segments.ways import SCRATCH_ROWS
from target_constant_contact.store.scratch_lists import REMOVALS
from target_constant_contact.wording import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from target_constant_contact.api.memberships import Memberships
    from target_constant_contact.api.models import Activity, ContactList
    from target_constant_contact.segments.jobs import Jobs
    from target_constant_contact.store.scratch_lists import ScratchRows

PREFIX: Final = "Being taken off a list (target-constant-contact) "
"""How the names of all scratch lists begin, for people who meet one in Constant Contact."""

_RANDOM_BYTES: Final = 16
_logger = logging.getLogger("target-constant-contact")


class ScratchApi(Protocol):
    """What scratch lists ask of the API."""

    @property
    def memberships(self) -> Memberships:
        """Who is on which list."""

    def contact_lists(self, *, counts: bool = False) -> list[ContactList]:
        """All lists of the account."""

    def create_contact_list(self, name: str) -> ContactList:
        """Make a list."""

    def import_json(self, body: bytes) -> Activity:
        """Start an import."""


class ScratchLists:
    """The scratch lists of an account. One process at a time uses them.

    Args:
        api: The API.
        rows: What the store knows of them.
        jobs: Waits for what they ask of the service.
    """

    def __init__(self, api: ScratchApi, rows: ScratchRows, jobs: Jobs) -> None:
        self._api = api
        self._rows = rows
        self._jobs = jobs

    def take_off(self, list_id: str, addresses: Iterable[str]) -> None:
        """Take people off a list who are on it.

        An import would revive a person who was deleted, and make one who is not known: nobody may
        be among them who was not on the list a moment ago. Whoever cannot join the scratch list,
        as after unsubscribing, stays on the other one.

        Args:
            list_id: The list.
            addresses: The people.

        Raises:
            DataError: There are more people on the scratch list than were put on it.
            TargetError: The service cannot be used, or refuses a step.
        """
        with self._made() as scratch_id:
            sent = self._fill(scratch_id, addresses)
            found = self._api.memberships.contact_list(scratch_id)
            joined = (found.membership_count or 0) if found else 0
            if joined > sent:
                # Whoever they are, nobody has asked to take them off.
                raise DataError(
                    f"There are {counted(joined, 'person', 'people')} on a list that was made for "
                    f"{sent:,}, so nobody was taken off by it. Has somebody else used the list "
                    f"whose name begins with {PREFIX.strip()!r}? Run again"
                )
            self._jobs.run([partial(self._api.memberships.remove, list_id, from_list=scratch_id)])

    def clean(self) -> None:
        """Delete what a process has left that was killed, and wait for what it has begun.

        Raises:
            TargetError: The service cannot be used.
        """
        left = self._rows.read()
        if REMOVALS in left:
            # Whoever is put on a list now must not be taken off it by what was asked for before.
            self._jobs.wait_for_others()
            self._rows.forget(REMOVALS)
            del left[REMOVALS]
        if not left:
            return
        # Asked for by a process that was killed before the answer, it may be made later.
        later = self._rows.may_come()
        # One that somebody has deleted by hand is no list any more, and may be refused.
        found = {each.name: each.list_id for each in self._api.contact_lists()}
        self._delete({n: found.get(n, "") for n in left if n in found or n not in later})

    @contextmanager
    def removing(self) -> Iterator[None]:
        """Have whoever comes next wait for jobs that do not come to their end within."""
        self._rows.add(REMOVALS)
        try:
            yield
        except DataError:
            self._rows.forget(REMOVALS)
            raise
        self._rows.forget(REMOVALS)

    @contextmanager
    def _made(self) -> Iterator[str]:
        name = f"{PREFIX}{secrets.token_hex(_RANDOM_BYTES)}"
        # Before it is made, so that a crash leaves nothing that nobody knows of.
        self._rows.add(name)
        try:
            list_id = self._api.create_contact_list(name).list_id
        except ApiError:
            self._rows.forget(name)
            raise
        self._rows.made(name, list_id)
        try:
            yield list_id
        except TargetError:
            # What went wrong before matters more; the next run deletes it.
            with suppress(TargetError):
                self._delete({name: list_id})
            raise
        self._delete({name: list_id})

    def _fill(self, scratch_id: str, addresses: Iterable[str]) -> int:
        """Have people join a scratch list; return how many were sent."""
        sent = 0

        def imports() -> Iterator[Callable[[], Activity]]:
            nonlocal sent
            rest = iter(addresses)
            while people := [*islice(rest, SCRATCH_ROWS)]:
                sent += len(people)
                rows = [{"email": address} for address in people]
                body = encode_json({"list_ids": [scratch_id], "import_data": rows})
                yield partial(self._api.import_json, body)

        self._jobs.run(imports())
        return sent

    def _delete(self, left: Mapping[str, str]) -> None:
        """Delete lists, by name with their ids; one without an id is gone.

        What is not deleted is left to the next run: nobody is on a wrong list by it.
        """
        if ids := [list_id for list_id in left.values() if list_id]:
            try:
                if not self._jobs.run([partial(self._api.memberships.delete_lists, ids)]):
                    return
            except ApiError as error:
                _logger.warning("A scratch list could not be deleted: %s", error)
                return
        for name in left:
            self._rows.forget(name)
