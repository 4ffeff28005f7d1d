"""The connections in a store, as another process sees and changes them."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import update

from target_constant_contact.api.oauth.tokens import open_connections
from target_constant_contact.data_folder import DataFolder
from target_constant_contact.store.opening import open_store
from target_constant_contact.store.place import StorePlace
from target_constant_contact.store.schema import CONNECTIONS

if TYPE_CHECKING:
    from pathlib import Path

    from target_constant_contact.api.oauth.connection import Connection


@dataclass(frozen=True)
class Connections:
    """Opens the store of a data folder, or the database of a URL, for each step of its own.

    Attributes:
        data: The data folder.
        url: Of a database; with `key`.
        key: Its key.
    """

    data: Path
    url: str | None = None
    key: str | None = None

    @property
    def place(self) -> StorePlace:
        return StorePlace(DataFolder(self.data), self.url, key=self.key)

    @property
    def file(self) -> Path:
        """The file of the store."""
        return self.data / "store.sqlite"

    def names(self) -> list[str]:
        with open_connections(self.place) as store:
            return store.names()

    def read(self, name: str) -> Connection | None:
        with open_connections(self.place) as store:
            return store.read(name)

    def write(self, connection: Connection) -> None:
        with open_connections(self.place) as store, store.lock(connection.name):
            store.write(connection)

    def remove(self, name: str) -> bool:
        with open_connections(self.place) as store:
            return store.remove(name)

    def damage(self, name: str, document: str = '{"half":') -> None:
        """Put something else in the place of a connection that is there."""
        self._change(name, document=document)

    def rename(self, name: str, to: str) -> None:
        """Give the row of a connection another name, and leave the rest."""
        self._change(name, name=to)

    def _change(self, name: str, **values: Any) -> None:
        changed = update(CONNECTIONS).where(CONNECTIONS.c.name == name).values(**values)
        with closing(open_store(self.place)) as database:
            assert database.run(lambda connection: connection.execute(changed).rowcount) == 1
