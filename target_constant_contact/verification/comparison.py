"""Compares what was sent with what a list shows when it is read back; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from target_constant_contact.contacts.addresses import HashedSet, hashed, key_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from target_constant_contact.contacts.contact import Properties

COLUMNS: Final = {
    "first_name": "First name",
    "last_name": "Last name",
    "job_title": "Job title",
    "company_name": "Company",
}
"""Properties that are compared with what is read back, and the headers of the exported file. The
headers are not documented; a column that is not found is not compared."""


class ListMembers:
    """A list as it was read back, in hashes: of its addresses, and of each address with a value.

    Args:
        members: The rows of the export.
        wanted: Properties to compare, of those in `COLUMNS`.
    """

    def __init__(self, members: Iterable[Mapping[str, str]], wanted: Sequence[str]) -> None:
        addresses, values, columns = [], [], tuple(wanted)
        for member in members:
            columns = tuple(name for name in columns if COLUMNS[name] in member)
            key = key_of(member["email"])
            addresses.append(hashed(key))
            values += [hashed(_value(key, name, member.get(COLUMNS[name], ""))) for name in columns]
        self._addresses = HashedSet(addresses)
        self._values = HashedSet(values)
        self._comparable = {"email", *columns}

    def missing(self, rows: Iterable[Properties]) -> list[Properties]:
        """The rows whose addresses are not on the list."""
        return [row for row in rows if key_of(str(row["email"])) not in self._addresses]

    def changed(self, rows: Sequence[Properties]) -> list[Properties] | None:
        """Rows that are on the list with other values; None when values cannot be compared."""
        if any(not self._comparable.issuperset(row) for row in rows):
            return None
        return [row for row in rows if self._is_changed(row)]

    def _is_changed(self, row: Properties) -> bool:
        key = key_of(str(row["email"]))
        return key in self._addresses and any(
            _value(key, name, str(row[name])) not in self._values for name in row if name != "email"
        )


def _value(key: str, name: str, value: str) -> str:
    # The service may write a name in its own way: blanks around it and capitals say nothing.
    return f"{key}\n{name}\n{value.strip().casefold()}"
