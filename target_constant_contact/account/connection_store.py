"""Where the connections are that the settings mean."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from target_constant_contact.api.oauth.tokens import TokenStore
from target_constant_contact.exceptions import SettingsError
from target_constant_contact.store.address import no_key
from target_constant_contact.store.opening import open_store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from target_constant_contact.api.oauth.tokens import ConnectionStore
    from target_constant_contact.data_folder import DataFolder
    from target_constant_contact.store.database import Database


def connections_in(database: Database, folder: DataFolder, key: str | None) -> ConnectionStore:
    """The connections of a shared database, or those of a folder of this machine."""
    if database.kind == "sqlite":
        return TokenStore(folder.connections)
    if not key:
        raise SettingsError([no_key()])
    # What encrypts takes long to load.
    from target_constant_contact.api.oauth.shared import SharedConnections  # noqa: PLC0415
    from target_constant_contact.store.cipher import Cipher  # noqa: PLC0415

    return SharedConnections(database, Cipher(key))


@contextmanager
def connection_store(
    folder: DataFolder, url: str | None, schema: str | None, key: str | None
) -> Iterator[ConnectionStore]:
    """The same, where nothing else of the store is needed; closed at the end.

    Raises:
        TargetError: The database cannot be used.
    """
    if not url:
        yield TokenStore(folder.connections)
        return
    database = open_store(folder, url, schema)
    try:
        yield connections_in(database, folder, key)
    finally:
        database.close()
