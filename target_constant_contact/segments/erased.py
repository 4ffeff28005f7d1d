"""People who were erased are never imported again, however stale a segment is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from target_constant_contact.segments.gate import Withheld

if TYPE_CHECKING:
    from collections.abc import Iterator

    from target_constant_contact.segments.gate import Rows
    from target_constant_contact.segments.people import PeopleKey


class Erased:
    """Withholds the rows of people who were erased, as `segments.gate.Rule` says.

    Args:
        people: Makes keyed hashes.
        persons: Those of the people.
    """

    says: Final = Withheld("suppressed", "erased", leaves_no_trace=True)

    def __init__(self, people: PeopleKey, persons: frozenset[str]) -> None:
        self._people = people
        self._persons = persons

    def withheld(self, rows: Rows) -> Iterator[int]:
        """Positions of their rows."""
        persons, person = self._persons, self._people.person
        return (place for place, key in enumerate(rows.keys) if person(key) in persons)
