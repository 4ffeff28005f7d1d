"""Holding the connections and exports of a store while they are on their way."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from target_constant_contact.exceptions import TryLaterError
from target_constant_contact.store.ledger import lock_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from target_constant_contact.store.database import Database, Held

_RENEWAL_SECONDS: Final = 10.0
"""How long a renewal may take that is waited for."""


@contextmanager
def standstill(
    database: Database, connections: Iterable[str], exports: Iterable[tuple[str, str]]
) -> Iterator[Held]:
    """Keep all others, on all machines, from renewing these connections and running these exports.

    Args:
        database: The store.
        connections: Their names.
        exports: Account and key of each.

    Raises:
        TryLaterError: One of them is being used.
    """
    with database.holding() as held:
        for name in sorted(connections):
            if not held.take(f"connection {name}", _RENEWAL_SECONDS):
                raise in_use(f"connection {name!r}")
        for account, export in sorted(exports):
            if not held.take(lock_of(account, export), 0):
                raise in_use(f"export {account}/{export}")
        yield held


def in_use(what: str) -> TryLaterError:
    """The error about something that is being used."""
    return TryLaterError(
        f"{what} is being used by a run or another command; nothing was changed. Run this command "
        "again when that has ended"
    )
