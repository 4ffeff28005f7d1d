"""Compares who would be sent with who is on the lists; knows no file, clock or network."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from target_constant_contact.batches.merging import merge
from target_constant_contact.planning.columns import with_one_street

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from target_constant_contact.contacts.contact import Properties
    from target_constant_contact.planning.columns import Columns


@dataclass(slots=True)
class Tally:
    """What would become of the people of one list.

    Attributes:
        people: Those who would be sent to it.
        added: Those of them who are not on it.
        known: Those of the added ones who are on another list that was read.
        updated: Those who are on it with another value.
        changes: How many of these each property is another for.
    """

    people: int = 0
    added: int = 0
    known: int = 0
    updated: int = 0
    changes: Counter[str] = field(default_factory=Counter)

    @property
    def unchanged(self) -> int:
        """Those who are on it with all values that would be sent."""
        return self.people - self.added - self.updated


class Comparison:
    """Counts what would become of people, part by part.

    Args:
        columns: Tells when two values are the same.
        read: The lists that were read.

    Attributes:
        tallies: What would become of the people of each list that was read.
    """

    def __init__(self, columns: Columns, read: Iterable[str]) -> None:
        self._columns = columns
        self.tallies = {list_id: Tally() for list_id in read}

    def compare(
        self,
        rows: Iterable[tuple[str, tuple[str, ...], Properties]],
        members: Iterable[tuple[str, str, Mapping[str, str]]],
    ) -> None:
        """Compare some people; all that is said of any of them comes at once.

        Args:
            rows: E-mail key, lists and properties, as they would be sent, in their order.
            members: List, e-mail key, and what is told of that contact.
        """
        sent: dict[str, Properties] = {}
        lists: defaultdict[str, set[str]] = defaultdict(set)
        for key, list_ids, properties in rows:
            # Properties belong to the person, whichever list they come with.
            sent[key] = merge(sent[key], properties) if key in sent else properties
            lists[key].update(list_ids)
        there: defaultdict[str, dict[str, Mapping[str, str]]] = defaultdict(dict)
        for list_id, key, told in members:
            if key in sent:
                there[key][list_id] = told
        for key, properties in sent.items():
            self._count(lists[key], with_one_street(properties), there.get(key, {}))

    def _count(
        self, lists: set[str], properties: Properties, there: Mapping[str, Mapping[str, str]]
    ) -> None:
        for list_id in lists & self.tallies.keys():
            tally = self.tallies[list_id]
            tally.people += 1
            told = there.get(list_id)
            if told is None:
                tally.added += 1
                tally.known += bool(there)
            elif differing := self._columns.differing(properties, told):
                tally.updated += 1
                tally.changes.update(differing)
