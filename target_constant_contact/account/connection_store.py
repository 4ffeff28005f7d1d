"""Where the connections are that the settings mean."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from target_constant_contact.api.oauth.tokens import TokenStore
from target_constant_contact.store.opening import open_store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from target_constant_contact.api.oauth.tokens import ConnectionStore
    from target_constant_contact.data_folder import DataFolder
    from target_constant_contact.store.database import Database
    from target_constant_contact.store.place import StorePlace


def connections_in(database: Database, folder: DataFolder) -> ConnectionStore:
    """The connections of a shared database, or those of a folder of this machine."""
    if database.cipher is None:
        return TokenStore(folder.connections)
    from target_constant_contact.api.oauth.shared import SharedConnections  # noqa: PLC0415

    return SharedConnections(database, database.cipher)


@contextmanager
def connection_store(place: StorePlace) -> Iterator[ConnectionStore]:
    """The same, where nothing else of the store is needed; closed at the end.

    Raises:
        TargetError: The database cannot be used.
    """
    if not place.url:
        yield TokenStore(place.folder.connections)
        return
    database = open_store(place)
    try:
        yield connections_in(database, place.folder)
    finally:
        database.close()
