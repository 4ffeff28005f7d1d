"""What the commands of `store` do; with all that they need, which takes long to load."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

from target_constant_contact.commands.moved import STANDARD, destination, source
from target_constant_contact.exceptions import SettingsError
from target_constant_contact.store.archive import rows_of
from target_constant_contact.store.cipher import Cipher, new_key
from target_constant_contact.store.exporting import Export
from target_constant_contact.store.importing import import_store
from target_constant_contact.store.opening import open_store
from target_constant_contact.store.rotation import rotate
from target_constant_contact.store.survey import survey

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_constant_contact.store.importing import Imported, Rows
    from target_constant_contact.store.place import StorePlace
    from target_constant_contact.store.rotation import Rotated

__all__ = ["Exported", "export_to", "import_from", "new_key", "rotate_in", "survey"]


class Exported(NamedTuple):
    """What was exported.

    Attributes:
        counts: Rows of each table.
        connections: Names of the connections.
        place: What may be shown of the store's place.
    """

    counts: Mapping[str, int]
    connections: frozenset[str]
    place: str


def export_to(file: str, place: StorePlace, keys: str, *, forget: bool) -> Exported:
    """Write all that is in the store into a file; with ``forget``, remove its connections then."""
    cipher = Cipher(keys)
    with closing(open_store(place)) as database:
        exported = Export(database, cipher)
        with exported.standstill() as held:
            with destination(file) as written:
                written.writelines(exported.lines())
                if not exported.counts:
                    fault = f"the store at {database.place} is empty; correct data_dir or store_url"
                    raise SettingsError([fault])
            if forget:
                exported.forget(held)
        return Exported(exported.counts, exported.connections, database.place)


def import_from(file: str, place: StorePlace, keys: str, *, replace: bool) -> tuple[Imported, str]:
    """Take in what a file has; return what was done, and what may be shown of the store's place."""
    cipher = Cipher(keys)
    shown = "standard input" if file == STANDARD else file
    with source(file) as lines, closing(open_store(place)) as database:

        def rows() -> Rows:
            lines.seek(0)
            return rows_of(lines, shown)

        return import_store(database, cipher, rows, shown, replace=replace), database.place


def rotate_in(place: StorePlace, *, forget: bool) -> Rotated:
    """Encrypt all that is secret anew."""
    with closing(open_store(place)) as database:
        return rotate(database, forget=forget)
