"""What else nobody may read who can read a shared store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import insert, select

from target_constant_contact.exceptions import SettingsError
from target_constant_contact.store.address import other_key
from target_constant_contact.store.schema import SECRETS

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from target_constant_contact.store.database import Database

LEDGER_KEY: Final = "ledger key"
"""Name of the secret that hides whom the ledger is about."""
PEOPLE_KEY: Final = "people key"
"""Name of the one that hides who is in a segment, and who must not be imported."""


def secret(database: Database, name: str, make: Callable[[], str]) -> str:
    """A secret, made where there is none; those who ask at the same time agree on one.

    Args:
        database: The store.
        name: What it is.
        make: Makes one.

    Raises:
        SettingsError: It was stored with another key.
        TargetError: The store cannot be used.
    """
    query = select(SECRETS.c.value).where(SECRETS.c.name == name)

    # Where two come to this at once, a server refuses the second, which then finds the first's.
    def find_or_make(connection: Connection) -> str:
        if (found := connection.scalar(query)) is not None:
            return found
        new = make()
        hidden = database.cipher.hide(new) if database.cipher else new
        connection.execute(insert(SECRETS).values(name=name, value=hidden))
        return hidden

    hidden = database.run(find_or_make)
    text = database.cipher.show(hidden) if database.cipher else hidden
    if text is None:
        raise SettingsError([other_key(f"the {name}", database.name)])
    return text
