"""Stops a run before it gives the account more contacts than the customer's contract allows."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Protocol

from target_constant_contact.account.members import ContactExports, read_back
from target_constant_contact.contacts.addresses import GrowingSet, HashedSet, key_of
from target_constant_contact.exceptions import ContractLimitError
from target_constant_contact.wording import counted

if TYPE_CHECKING:
    from collections.abc import Callable

    from target_constant_contact.api.models import ContactCounts
    from target_constant_contact.batches.batch import ImportBatch
    from target_constant_contact.waiting import Waiting

_logger = logging.getLogger("target-constant-contact")


class ContractApi(ContactExports, Protocol):
    """What the guard asks of the API."""

    def contact_counts(self) -> ContactCounts:
        """How many contacts the account has."""


class ContractGuard:
    """Admits batches as long as the account stays within its limits.

    As long as everybody in the batches could be new without breaking a limit, the account's
    counts are all that is asked for. Beyond that, one export of all addresses tells who is new.

    Args:
        api: The API.
        waiting: How the export is waited for.
        settle: Waits until nothing is on its way to the account.
        max_active: Active contacts that the account may have; None: any number.
        max_new: Contacts that the run may add to the account; None: any number.
    """

    def __init__(
        self,
        api: ContractApi,
        waiting: Waiting,
        settle: Callable[[], None],
        *,
        max_active: int | None,
        max_new: int | None,
    ) -> None:
        self._api = api
        self._waiting = waiting
        self._settle = settle
        self._max_active = max_active
        self._max_new = max_new
        self._counts: ContactCounts | None = None
        self._added = 0
        self._known: HashedSet | None = None
        self._admitted = GrowingSet()

    def admit(self, batch: ImportBatch) -> None:
        """Let a batch be sent; call it for every batch, in order, before it is sent.

        Args:
            batch: The batch.

        Raises:
            ContractLimitError: With the batch, the account would go beyond a limit.
            TargetError: The account cannot be asked.
        """
        if self._max_active is None and self._max_new is None:
            return
        if self._counts is None:
            self._counts = self._api.contact_counts()
        added = self._new(batch)
        if self._known is None and self._room() < len(self._admitted) + len(added):
            self._read_everybody(self._counts)
            added = self._new(batch)
        # Whoever is known already costs nothing, even in an account beyond its limit.
        if added and self._room() < len(self._admitted) + len(added):
            raise self._error(len(added))
        self._admitted.update(added)

    def _new(self, batch: ImportBatch) -> set[int]:
        """Hashes of the people in a batch who may be new and are not counted yet."""
        known, admitted = self._known, self._admitted
        return {
            key
            for key in batch.fingerprints.keys
            if key not in admitted and (known is None or not known.has(key))
        }

    def _room(self) -> float:
        """How many new contacts the limits allow beyond those that are counted already."""
        active = self._counts.active if self._counts else 0
        rooms = [float("inf") if self._max_new is None else self._max_new - self._added]
        if self._max_active is not None:
            rooms.append(max(self._max_active - active, 0))
        return min(rooms)

    def _read_everybody(self, before: ContactCounts) -> None:
        _logger.info("Reading the account's addresses, to tell who is new to it")
        # Whoever came in meanwhile would count twice: as one who is new, and as one who may be.
        self._settle()
        members = read_back(self._api, (), ("email_address",), self._waiting)
        known = HashedSet.of(key_of(member["email"]) for member in members)
        self._known = known
        # Counted after the export, so that nobody who is in it is missing from the counts.
        self._counts = self._api.contact_counts()
        self._added = max(self._counts.total - before.total, 0)
        admitted, self._admitted = self._admitted, GrowingSet()
        self._admitted.update(key for key in admitted if not known.has(key))

    def _error(self, added: int) -> ContractLimitError:
        active = self._counts.active if self._counts else 0
        before = self._added + len(self._admitted)
        if self._max_new is not None and before + added > self._max_new:
            limit = f"max_new_contacts is {self._max_new:,}"
        else:
            limit = f"max_active_contacts is {self._max_active:,}"
        return ContractLimitError(
            f"Stopped before an import that would add {counted(added, 'new contact')}: the account "
            f"has {counted(active, 'active contact')}, this run adds {before:,} before, "
            f"and {limit}. The rest was not sent. Raise the limit if your contract "
            "allows it, or take contacts out of the segment, and run again"
        )
