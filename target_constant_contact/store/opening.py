"""Opening the store that the settings name."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from target_constant_contact.exceptions import SettingsError
from target_constant_contact.store.address import no_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from target_constant_contact.store.database import Database
    from target_constant_contact.store.place import StorePlace


def open_store(place: StorePlace) -> Database:
    """Open the store, with its tables made or upgraded, and what is older taken over.

    Raises:
        TargetError: It cannot be used.
    """
    # Not before: what is imported for the help of a command need not load SQLAlchemy.
    from target_constant_contact.store.older import take_over  # noqa: PLC0415
    from target_constant_contact.store.versions import prepare  # noqa: PLC0415

    database = _database(place)
    try:
        prepare(database)
        if place.takes_over:
            take_over(database, place.folder)
    except BaseException:
        database.close()
        raise
    return database


@contextmanager
def store_to_read(place: StorePlace) -> Iterator[Database | None]:
    """The store as it is, for what only reads and needs no secret; closed at the end.

    Nothing is made, upgraded or taken over: a user of the database who may only read is enough,
    and no key is needed.

    Returns:
        None where there is no store yet.

    Raises:
        TargetError: It cannot be used, or a newer program has made its tables.
    """
    if not place.url and not place.folder.store.exists():
        yield None
        return
    from target_constant_contact.store.versions import version_of  # noqa: PLC0415 - as above

    database = connect(place)
    try:
        with database.transaction(reads=True) as connection:
            version = version_of(database, connection)
        yield database if version else None
    finally:
        database.close()


def _database(place: StorePlace) -> Database:
    if place.url and not place.key:
        raise SettingsError([no_key()])
    database = connect(place)
    if place.url and place.key:
        from target_constant_contact.store.cipher import Cipher  # noqa: PLC0415

        database.cipher = Cipher(place.key)
    return database


def connect(place: StorePlace) -> Database:
    """The database of the store, as it is; what is secret in a shared one cannot be read yet.

    Raises:
        SettingsError: The URL cannot be used, or what it needs is not installed.
    """
    # One of the two is enough, and what encrypts takes long to load.
    if not place.url:
        from target_constant_contact.store.sqlite import SqliteFile  # noqa: PLC0415

        return SqliteFile(place.folder.store)
    from target_constant_contact.store.postgres import PostgresServer  # noqa: PLC0415

    return PostgresServer(place.url, place.schema)
