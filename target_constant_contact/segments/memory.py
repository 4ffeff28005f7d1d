"""What an export remembers of the people of one list: who is in the segment, and whom it has put.

It is kept in 64 parts of sorted hashes, 16 bytes for each person, and gone through part by part:
whatever is done to a million people holds some 15,000 of them as objects at a time.

It is safe to lose: then departures are forgotten, and a sweep within the scope `managed` takes
nobody off until the list is adopted.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, Protocol, TypeAlias

from target_constant_contact.exceptions import StorageError
from target_constant_contact.segments.flags import (
    DAYS,
    IN_SEGMENT,
    LEAVING,
    LEFT,
    PUT,
    SEEN,
    SENT,
    merging,
)
from target_constant_contact.segments.hash_set import HashSet
from target_constant_contact.segments.parts import PARTS, SHIFT, pack, unpack, unpack_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from target_constant_contact.segments.parts import People

Scope: TypeAlias = Literal["managed", "all"]

_KEPT: Final = IN_SEGMENT | PUT | LEFT


class Parts(Protocol):
    """Where the parts of a memory are, such as the store."""

    @property
    def name(self) -> str:
        """What the memory is of, in a line for people."""

    def read(self, number: int) -> bytes:
        """A part; nothing when it was never written."""

    def write(self, number: int, people: bytes) -> None:
        """Put a part in the place of the one that is there."""


@dataclass(frozen=True, slots=True)
class Counted:
    """How many people a memory holds.

    Attributes:
        people: All of them.
        in_segment: Who is in the segment.
        put: Whom the export has put on the list.
        seen: Who of these was read there afterwards.
        left: Who has left the list.
    """

    people: int = 0
    in_segment: int = 0
    put: int = 0
    seen: int = 0
    left: int = 0


@dataclass(slots=True)
class Judgement:
    """What is to become of the people on a list: `before` is the sum of the three that follow.

    Attributes:
        before: Who is on the list.
        stay: Who of them is in the segment.
        not_ours: Who of them is not, and was put there by somebody else.
        leavers: Hashes of those who are to be taken off.
        in_scope: Who of all of them may be taken off at all: with the scope `managed` those whom
            this export has put there, otherwise everybody.
    """

    before: int = 0
    stay: int = 0
    not_ours: int = 0
    leavers: array[int] = field(default_factory=lambda: array("Q"))
    in_scope: int = 0


class Memory:
    """The memory of one stream's way to one list.

    Args:
        parts: Where it is kept.

    Raises:
        StorageError: From every method: it is damaged.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def counts(self) -> Counted:
        """Count the people."""
        totals = [0] * 5
        for number in range(PARTS):
            for value in self._read(number).values():
                totals[0] += 1
                for place, flag in enumerate((IN_SEGMENT, PUT, SEEN, LEFT), start=1):
                    totals[place] += bool(value & flag)
        return Counted(*totals)

    def columns(self) -> Iterator[tuple[array[int], array[int]]]:
        """Each part as sorted hashes, with a number for each, as `parts.Person` reads it."""
        for number in range(PARTS):
            try:
                yield unpack_rows(self._parts.read(number))
            except ValueError:
                raise damaged(self._parts) from None

    def merge(
        self, load: People, *, today: int, whole: bool, refused: Collection[int] = ()
    ) -> None:
        """Take in what a load has brought, once its imports are settled; again changes nothing.

        Args:
            load: The rows in the order of coming, with `IN_SEGMENT` and `SENT` as flags and the
                fingerprint of what was sent. Of two rows of one person the later one counts.
            today: The day, since 2020; 0 when it is not known for all who were sent that what was
                sent has landed: they are then sent again, even if nothing has changed.
            whole: Whether who did not come is not in the segment any more.
            refused: Hashes of those who were sent and have not landed.
        """
        for number in range(PARTS):
            came: dict[int, int] = {}
            for one, value in load.part(number):
                if value & SENT:
                    came[one] = value
                else:
                    before = came.get(one, 0)
                    came[one] = before & ~IN_SEGMENT | value & IN_SEGMENT
            self._change(number, merging(came, refused, today, whole=whole))

    def absorb(self, load: People) -> None:
        """Take in what an interrupted run has sent: whether it has landed is not known.

        Who is in the segment is left as it is.
        """
        for number in range(PARTS):
            sent = [one for one, value in load.part(number) if value & SENT]

            def put(people: dict[int, int], sent: list[int] = sent) -> None:
                for one in sent:
                    people[one] = people.get(one, 0) & ~DAYS | PUT

            self._change(number, put)

    def judge(self, on_list: HashSet, scope: Scope) -> Judgement:
        """Compare who is on the list with the segment. Nothing is changed.

        Args:
            on_list: Who is on it.
            scope: Who may be taken off.
        """
        found = Judgement()
        for number, (hashes, values) in enumerate(self.columns()):
            there = on_list.part(number)
            stay, put, leavers = 0, 0, []
            for one, value in zip(hashes, values, strict=True):
                if one in there:
                    put += value & PUT
                    if value & IN_SEGMENT:
                        stay += 1
                        there.discard(one)
                    elif value & PUT:
                        leavers.append(one)
            # Those who stay are not among them any more.
            leaving = there if scope == "all" else leavers
            found.before += len(there) + stay
            found.stay += stay
            found.in_scope += len(there) + stay if scope == "all" else put // PUT
            found.not_ours += len(there) - len(leaving)
            found.leavers.extend(sorted(leaving))
        return found

    def see(self, on_list: HashSet) -> int:
        """Note who is on the list, and who has left it.

        Only who was seen on it after this export had put them there can have left it: somebody
        whom the service has refused never was on it.

        Args:
            on_list: Who is on it.

        Returns:
            How many have left it since they were seen last.
        """
        gone = 0
        for number in range(PARTS):
            there = on_list.part(number)

            def look(people: dict[int, int], there: set[int] = there) -> None:
                nonlocal gone
                for one, value in list(people.items()):
                    if one in there:
                        people[one] = value & ~(LEFT | LEAVING) | (SEEN if value & PUT else 0)
                    elif value & LEAVING:
                        people[one] = value & ~(PUT | SEEN | LEAVING | DAYS)
                    elif value & SEEN:
                        # Also who is not in the segment, as after a tap that has died: they may
                        # be in it again on the next night.
                        gone += 1
                        people[one] = value & ~(PUT | SEEN | DAYS) | LEFT
                    else:
                        # They never were there, so that they have to be sent again.
                        people[one] = value & ~DAYS

            self._change(number, look)
        return gone

    def leaving(self, hashes: Iterable[int]) -> None:
        """Note who is going to be taken off, before it is done.

        They will not have departed, and are sent again should they come back, even if nothing has
        changed.
        """
        self._mark(hashes, lambda value: value & ~DAYS | LEAVING if value & PUT else value)

    def took_off(self, hashes: Iterable[int]) -> None:
        """Note who was taken off: if they come back to the segment, they are put back."""
        self._mark(hashes, lambda value: value & ~(PUT | SEEN | LEAVING | DAYS))

    def adopt(self, on_list: HashSet) -> None:
        """Take everybody on the list for put there by this export."""
        for number in range(PARTS):
            there = on_list.part(number)

            def own(people: dict[int, int], there: Collection[int] = there) -> None:
                for one in there:
                    people[one] = people.get(one, 0) & ~(LEFT | LEAVING) | PUT | SEEN

            self._change(number, own)

    def forget(self, person: int) -> bool:
        """Remove every trace of a person; return whether there was one."""
        return self._change(person >> SHIFT, lambda people: people.pop(person, None))

    def _mark(self, hashes: Iterable[int], become: Callable[[int], int]) -> None:
        marked = HashSet(hashes)
        for number in range(PARTS):
            some = marked.part(number)
            if not some:
                continue

            def mark(people: dict[int, int], some: set[int] = some) -> None:
                for one in some:
                    if one in people:
                        people[one] = become(people[one])

            self._change(number, mark)

    def _change(self, number: int, change: Callable[[dict[int, int]], object]) -> bool:
        """Change a part, and write it if it is another one then."""
        people = self._read(number)
        before = dict(people)
        change(people)
        for one in [one for one, value in people.items() if not value & _KEPT]:
            del people[one]
        if people == before:
            return False
        self._parts.write(number, pack(people))
        return True

    def _read(self, number: int) -> dict[int, int]:
        try:
            return unpack(self._parts.read(number))
        except ValueError:
            raise damaged(self._parts) from None


def damaged(parts: Parts) -> StorageError:
    """The error of a memory that cannot be read."""
    fault = (
        f"what the store remembers of {parts.name} is damaged. Forget it with release, and take "
        "over with adopt who is on the list"
    )
    return StorageError([fault])
