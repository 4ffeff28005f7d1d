"""The rules of slots and days as statements of SQL, which both databases follow."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import BigInteger, Double, bindparam, case, cast, func, insert, select, update

from target_constant_contact.store.schema import SLOTS
from target_constant_contact.store.slot import DAY_SECONDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import CTE, Connection, Insert, RowMapping, Select, Update
    from sqlalchemy.sql.elements import ColumnElement

NO_DAY: Final = -1
"""Of a slot that nobody has missed."""
_COUNTS: Final = [column.name for column in SLOTS.c if column.name != "key"]
_NEVER: Final = dict.fromkeys(_COUNTS, 0)
"""Of a key that was never seen: its last slot is long ago, and so are its days."""


@dataclass(frozen=True, slots=True)
class Change:
    """A change of a key's row that is made only if it is granted.

    In a server it is one statement, which waits for others and takes the time after that. A file
    is locked meanwhile, so there it is two.

    Attributes:
        kind: Of the database.
        look: What the row would be, and whether that is granted.
        make: Makes it.
        begin: Makes the row of a key, unless somebody else has.
    """

    kind: str
    look: Select[Any]
    make: Update
    begin: Insert

    def carry_out(self, connection: Connection, values: Mapping[str, Any]) -> RowMapping:
        """Make the change, and return what `look` says; a refused one changes nothing."""
        is_file = self.kind == "sqlite"
        while True:
            if not is_file and (made := _first(connection, self.make, values)):
                return made
            row = _first(connection, self.look, values)
            if row is None:
                connection.execute(self.begin, {"key": values["wanted"], **_NEVER})
            elif not row["granted"]:
                return row
            # In a server: somebody else, or midnight, has made room since the refusal.
            elif is_file:
                new = {f"new_{name}": row[f"new_{name}"] for name in _COUNTS}
                connection.execute(self.make, {"wanted": row["key"], **new})
                return row


@cache
def reservation(kind: str, time: ColumnElement[float]) -> Change:
    """Reserve the next slot, in a kind of database whose clause for the time is given.

    Its values: the ``wanted`` key, ``interval``, ``longest`` wait, the ``most`` requests of a day,
    and the ``missed_day`` that one of them was counted for before.
    """
    seen = _counted(kind, time)
    c = seen.c
    missed_day = bindparam("missed_day", type_=BigInteger)
    is_exchanged = c.slot_day == missed_day
    is_same_day = c.slot_day == c.day
    other_day = case((is_same_day, c.other_day), else_=c.day)
    other_used = case((is_same_day, c.other_used), else_=c.used)
    return _change(
        kind,
        seen,
        granted=is_exchanged | (c.counted < bindparam("most", type_=BigInteger)),
        last=c.slot,
        asked=c.now,
        day=c.slot_day,
        used=c.counted + case((is_exchanged, 0), else_=1),
        other_day=other_day,
        other_used=other_used - case((other_day == missed_day, 1), else_=0),
    )


@cache
def postponement(kind: str, time: ColumnElement[float]) -> Change:
    """Hold back the slots that are not reserved yet.

    Its values: the ``wanted`` key, ``interval``, ``longest`` wait, and ``seconds`` from now.
    """
    seen = _counted(kind, time)
    c = seen.c
    resume = c.now + bindparam("seconds", type_=Double)
    return _change(
        kind,
        seen,
        granted=resume > c.slot,
        last=resume - bindparam("interval", type_=Double),
        asked=c.now,
    )


def used_on(kind: str, time: ColumnElement[float]) -> Select[Any]:
    """Requests of the current day, of the ``wanted`` key."""
    today = _day(kind, time)
    return select(_used(SLOTS.c, today)).where(SLOTS.c.key == bindparam("wanted"))


def _counted(kind: str, time: ColumnElement[float]) -> CTE:
    """The row of a key, the time, the next slot, its day, and the requests of that day."""
    least, greatest = (func.min, func.max) if kind == "sqlite" else (func.least, func.greatest)
    interval = bindparam("interval", type_=Double)
    held = select(SLOTS).where(SLOTS.c.key == bindparam("wanted")).with_for_update().cte("held")
    # Step by step, so that the clock is read once, and only when the row is ours.
    timed = select(held, time.label("now")).cte("timed")
    since = greatest(timed.c.now, timed.c.asked, type_=Double)
    ahead = least(timed.c.last - since, bindparam("longest", type_=Double), type_=Double)
    slot = timed.c.now + greatest(0.0, ahead + interval, type_=Double)
    placed = select(timed, slot.label("slot")).cte("placed")
    dated = select(placed, _day(kind, placed.c.slot).label("slot_day")).cte("dated")
    return select(dated, _used(dated.c, dated.c.slot_day).label("counted")).cte("counted")


def _change(
    kind: str, seen: CTE, *, granted: ColumnElement[bool], **new: ColumnElement[Any]
) -> Change:
    kept = {name: seen.c[name] for name in _COUNTS}
    columns = [value.label(f"new_{name}") for name, value in (kept | new).items()]
    found = select(seen, granted.label("granted"), *columns).cte("found")
    if kind == "sqlite":
        told: dict[str, Any] = {name: bindparam(f"new_{name}") for name in _COUNTS}
        make = update(SLOTS).where(SLOTS.c.key == bindparam("wanted")).values(told)
        return Change(kind, select(found), make, insert(SLOTS))
    here = {name: found.c[f"new_{name}"] for name in _COUNTS}
    is_granted = SLOTS.c.key == found.c.key, found.c.granted
    made = update(SLOTS).where(*is_granted).values(here).returning(*found.c)
    # Takes long to load, and a file needs none of it.
    postgresql = import_module("sqlalchemy.dialects.postgresql")
    begin = postgresql.insert(SLOTS).on_conflict_do_nothing()
    return Change(kind, select(found), made, begin)


def _used(columns: Any, day: ColumnElement[int]) -> ColumnElement[int]:
    """The requests of a day, if it is one of the two that are counted."""
    return case(
        (day == columns.day, columns.used), (day == columns.other_day, columns.other_used), else_=0
    )


def _day(kind: str, time: ColumnElement[float]) -> ColumnElement[int]:
    """The UTC day of a timestamp."""
    days = time / float(DAY_SECONDS)
    # One rounds, where the other cuts off.
    return cast(days if kind == "sqlite" else func.floor(days), BigInteger)


def _first(
    connection: Connection, statement: Select[Any] | Update, values: Mapping[str, Any]
) -> RowMapping | None:
    return connection.execute(statement, values).mappings().first()
