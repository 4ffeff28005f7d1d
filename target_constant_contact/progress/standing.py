"""How far everything is at one moment, as a value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Imports:
    """How far the imports of a run are.

    Attributes:
        sent: Those that the service has accepted.
        settled: Those of them that have come to their end.
        taken_up: Those that an interrupted run had sent, and that are settled by now.
        to_send: Those that are yet to be sent; None as long as more rows may come.
        seconds_left: How long those take that are not settled; None when that cannot be told.
    """

    sent: int = 0
    settled: int = 0
    taken_up: int = 0
    to_send: int | None = None
    seconds_left: float | None = None

    @property
    def in_flight(self) -> int:
        """Those that the service is working on."""
        return self.sent - self.settled

    @property
    def share(self) -> float | None:
        """The part of all that is settled, from 0 to 1; None as long as more rows may come."""
        if self.to_send is None or not self.sent + self.to_send:
            return None
        return self.settled / (self.sent + self.to_send)


@dataclass(frozen=True, slots=True)
class Swept:
    """How far people who have left segments are taken off.

    Attributes:
        lists: Lists of which it is known what becomes of them.
        people: People who were taken off them.
    """

    lists: int = 0
    people: int = 0


@dataclass(frozen=True, slots=True)
class Work:
    """Something that goes on beside reading and importing.

    Attributes:
        name: What, as people read it; redacted.
        seconds: For how long.
    """

    name: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Standing:
    """How far everything is at one moment.

    Attributes:
        run: Name of the run; empty when a command is none.
        is_load: It is a run that reads rows.
        seconds: Since it began.
        rows_read: Rows that were read.
        rows: What became of rows so far: how many have landed, were rejected, and so on.
        imports: The imports.
        swept: Those who have left.
        waits: Seconds for which requests have waited for limits of the service, by the reason.
        works: What else goes on, oldest first.
    """

    run: str
    is_load: bool
    seconds: float
    rows_read: int
    rows: Mapping[str, int]
    imports: Imports
    swept: Swept
    waits: Mapping[str, float]
    works: tuple[Work, ...]
