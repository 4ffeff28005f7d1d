"""What a run would change in the account, list by list, and what that takes."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final

from target_constant_contact.log_fields import Line
from target_constant_contact.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_MEGABYTE: Final = 1_000_000
_SEEN: Final = 0.005
_NAMED: Final = 20
"""Lists that a log names; all are in the report."""


@dataclass(frozen=True, slots=True)
class PlannedList:  # a plain record
    """One list, and the people whom a run would send to it. It holds no personal data.

    Attributes:
        list_id: The list; its name where it would have to be made.
        list_name: Its name.
        streams: Streams whose rows go there.
        is_new: There is no such list yet.
        before: People on it now; None when it could not be read.
        people: People who would be sent, each once.
        added: Those of them who are not on it.
        known: Those of the added ones who are on another list that was read, and so are contacts
            of the account; of the others that is not known.
        updated: Those who are on it with another value.
        unchanged: Those who are on it with all these values.
        changes: How many of the updated people each property is another for.
        not_compared: Properties that the account does not tell, so that they were not compared.
        held_back: Rows that would not be sent: place, reason and number, most frequent first.
        fault: Why the list could not be compared; empty when it was.
    """

    list_id: str
    list_name: str
    streams: tuple[str, ...]
    is_new: bool = False
    before: int | None = None
    people: int = 0
    added: int = 0
    known: int = 0
    updated: int = 0
    unchanged: int = 0
    changes: Mapping[str, int] = field(default_factory=dict)
    not_compared: tuple[str, ...] = ()
    held_back: tuple[tuple[str, str, int], ...] = ()
    fault: str = ""

    @property
    def may_change(self) -> bool:
        """Whether somebody would be added or updated, as far as it is known."""
        return bool(self.added or self.updated or (self.fault and self.people) or self.is_new)

    def in_short(self) -> Line:
        """What a person reads of it in a log: the numbers."""
        return Line(
            self._numbers_in_short(),
            stream=self.streams[0] if len(self.streams) == 1 else "",
            lists=[self.list_name],
            list_ids=[self.list_id],
            people=self.people,
            added=self.added,
            updated=self.updated,
            unchanged=self.unchanged,
            before=self.before or 0,
        )

    def _numbers_in_short(self) -> str:
        people = counted(self.people, "person", "people")
        if self.fault:
            return f"{self._place}: {people} would be sent; {self.fault}"
        if not self.people:
            return f"{self._place}: nobody would be sent"
        return (
            f"{self._place} ({self._now}): {self.added:,} would be added, {self.updated:,} "
            f"updated, {self.unchanged:,} unchanged"
        )

    def lines(self) -> Iterator[str]:
        """What a person reads of it who has asked for it: the reasons, too."""
        if self.fault or not self.people:
            yield self.in_short()
        else:
            yield f"{self._place}: {self._now}"
            yield from _indented(self._numbers())
        yield from _indented(map(held_line, self.held_back))

    def _numbers(self) -> Iterator[str]:
        known = f", {self.known:,} of them contacts already (on another list)" * bool(self.known)
        yield f"{self.added:,} would be added{known}"
        changed = ", ".join(f"{name} {number:,}" for name, number in self.changes.items())
        yield f"{self.updated:,} would be updated{f' ({changed})' if changed else ''}"
        yield f"{self.unchanged:,} would stay as they are"
        if self.not_compared:
            yield f"not compared, as the account does not tell it: {', '.join(self.not_compared)}"

    @property
    def _place(self) -> str:
        return f"{', '.join(self.streams)} -> {self.list_name or self.list_id}"

    @property
    def _now(self) -> str:
        if self.is_new:
            return "would be made"
        return f"{counted(self.before or 0, 'person', 'people')} on it now"


_HELD: Final[Mapping[str, str]] = {
    "rejected": "would be rejected",
    "suppressed": "held back",
    "unchanged": "not sent again, as nothing has changed",
    "merged": "joined with another row of the same address",
    "left": "of people who are no members any more",
    "blank": "with nothing in any mapped field",
}


@dataclass(frozen=True, slots=True)
class Effort:
    """What sending would take.

    Attributes:
        imports: Imports.
        size: Bytes of all of them.
        requests: About how many requests.
        requests_today: Requests of the API key that are used up today; None when not known.
        requests_per_day: The most in a day.
        seconds: About how long, without the time that the service takes for its last import.
        import_seconds: How long an import took in the latest run; None when none is known.
    """

    imports: int
    size: int
    requests: int
    requests_today: int | None
    requests_per_day: int
    seconds: float
    import_seconds: float | None = None

    def in_words(self) -> Line:
        """What a person reads of it."""
        used, per_day = self.requests_today, self.requests_per_day
        today = "" if used is None else f", {used:,} are used today"
        share = 100 * self.requests / max(per_day, 1)  # of a report that somebody has changed
        megabytes = self.size / _MEGABYTE
        size = f"{megabytes:.2f} MB" if megabytes >= _SEEN else counted(self.size, "byte")
        minutes = round((self.seconds + (self.import_seconds or 0)) / 60)
        time = f"about {counted(minutes, 'minute')}" if minutes else "less than a minute"
        rest = (
            "beside the time that Constant Contact takes for an import"
            if self.import_seconds is None
            else f"if an import takes {self.import_seconds:.0f} s as in the latest run"
        )
        return Line(
            f"{counted(self.imports, 'import')} with {size}, about "
            f"{counted(self.requests, 'request')} ({share:.1f} % of the day's {per_day:,}"
            f"{today}), {time} {rest}",
            imports=self.imports,
            size=self.size,
            requests=self.requests,
            requests_today=used,
            requests_per_day=per_day,
            seconds=self.seconds,
        )


@dataclass(frozen=True, slots=True)
class Planned:
    """What a run would do, found out by comparing with the account.

    Attributes:
        lists: Each list that people would be sent to.
        effort: What that takes.
        elsewhere: Rows of which it is not known which lists they would go to: place, reason and
            number, as in `PlannedList`.
    """

    lists: tuple[PlannedList, ...]
    effort: Effort
    elsewhere: tuple[tuple[str, str, int], ...] = ()

    @property
    def may_change(self) -> bool:
        """Whether somebody would be added or updated, as far as it is known."""
        return any(one.may_change for one in self.lists)

    def summary(self) -> Iterator[str]:
        """What a person reads of it in a log."""
        for one in self.lists[:_NAMED]:
            yield one.in_short()
        if more := len(self.lists[_NAMED:]):
            yield Line(f"... and {counted(more, 'more list')}", destinations=more)
        yield self.effort.in_words()

    def lines(self) -> Iterator[str]:
        """What a person reads of it who has asked for it."""
        for one in self.lists:
            yield from (*one.lines(), "")
        if self.elsewhere:
            yield "Rows of no known list"
            yield from _indented(map(held_line, self.elsewhere))
            yield ""
        yield self.effort.in_words()

    def as_dict(self) -> dict[str, Any]:
        """The same for programs."""
        return asdict(self)


def held_line(held: tuple[str, str, int]) -> str:
    """A line about rows that would not be sent."""
    place, reason, rows = held
    return f"{counted(rows, 'row')} {_HELD[place]}{f': {reason}' if reason else ''}"


def _indented(lines: Iterable[str]) -> Iterator[str]:
    return (f"  {line}" for line in lines)
