"""The gate that rows pass before they are packed: some people may not be sent, or need not be.

A row that is withheld here reaches no batch, so it is in no import, and neither the service's
counters nor verification know of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

if TYPE_CHECKING:
    from array import array
    from collections.abc import Iterable, Mapping, Sequence

    from target_constant_contact.batches.batch import Destination
    from target_constant_contact.segments.people import PeopleKey

Place: TypeAlias = Literal["suppressed", "unchanged"]
"""Where a withheld row is counted."""


@dataclass(frozen=True, slots=True)
class Withheld:
    """Why rows are not sent, though nothing is wrong with them.

    Attributes:
        place: Where they are counted.
        reason: Why, for the report; empty where the place says it.
        leaves_no_trace: Whether nothing may be remembered of these people.
    """

    place: Place
    reason: str
    leaves_no_trace: bool = False


class Rows:
    """Rows that are going to be sent, in the order in which they came.

    Args:
        people: Makes keyed hashes.
        keys: E-mail keys.
        bodies: Encoded contacts.
        destinations: Stream and lists of each.
    """

    def __init__(
        self,
        people: PeopleKey,
        keys: Sequence[str],
        bodies: Sequence[bytes],
        destinations: Sequence[Destination],
    ) -> None:
        self.keys = keys
        self.bodies = bodies
        self.destinations = destinations
        self._people = people

    @cached_property
    def hashes(self) -> array[int]:
        """Keyed hashes of the people, made when the first rule asks for them."""
        return self._people.hashes(self.keys)


class Rule(Protocol):
    """Keeps rows from being sent.

    Every rule sees every row that could be sent, also one that another rule withholds. It may see
    a row again: a part of a chunk comes once more when a row before it was too large.
    """

    @property
    def says(self) -> Withheld:
        """What is said of the rows that it withholds."""

    def withheld(self, rows: Rows) -> Iterable[int]:
        """Positions of the rows that are not to be sent.

        Raises:
            TargetError: It cannot be known.
        """


class Witness(Protocol):
    """Sees every row, and what becomes of it at the gate, before any of them is packed."""

    @property
    def is_idle(self) -> bool:
        """Whether it need not see any row as yet."""

    def note(self, rows: Rows, withheld: Mapping[int, Withheld]) -> None:
        """See rows; maybe once more, as rules do."""


class Gate:
    """Lets rows through that no rule withholds; of several rules, the first one gives the reason.

    Args:
        people: Makes keyed hashes; it is asked only when a rule wants them.
        witness: Sees all rows.

    Attributes:
        people: As above.
    """

    def __init__(self, people: PeopleKey, witness: Witness | None = None) -> None:
        self.people = people
        self._witness = witness
        self._rules: list[Rule] = []

    def add(self, rule: Rule) -> None:
        """Have one more rule looked at, after those that are there."""
        self._rules.append(rule)

    @property
    def is_open(self) -> bool:
        """Whether there is no rule and no witness, so that nothing need be looked at."""
        return not self._rules and (self._witness is None or self._witness.is_idle)

    def withheld(
        self, keys: Sequence[str], bodies: Sequence[bytes], destinations: Sequence[Destination]
    ) -> dict[int, Withheld]:
        """Which rows are not to be sent, by their positions, and why.

        Args:
            keys: E-mail keys.
            bodies: Encoded contacts.
            destinations: Stream and lists of each.

        Raises:
            TargetError: It cannot be known.
        """
        rows = Rows(self.people, keys, bodies, destinations)
        found: dict[int, Withheld] = {}
        for rule in self._rules:
            for place in rule.withheld(rows):
                found.setdefault(place, rule.says)
        if self._witness and not self._witness.is_idle:
            self._witness.note(rows, found)
        return found
