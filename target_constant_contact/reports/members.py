"""Members of a report: each is what it has to be, or an error."""

from __future__ import annotations

import math
from dataclasses import MISSING, fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_Plain = TypeVar("_Plain")
_HIGHEST: Final = 2**63 - 1


def records(kind: type[_Plain], members: Iterable[Mapping[str, Any]]) -> tuple[_Plain, ...]:
    """Records of texts and numbers; members that have a default may be missing.

    Raises:
        KeyError: A member is missing.
        TypeError: One is something else.
        ValueError: The same.
    """
    return tuple(kind(**_values(kind, member)) for member in members)


def _values(kind: type, member: Mapping[str, Any]) -> dict[str, Any]:
    return {
        item.name: _reader(item.type)(member[item.name])
        for item in fields(kind)
        if item.default is MISSING or item.name in member
    }


def as_moment(value: str) -> datetime:
    """A moment with its time zone, in UTC.

    Raises:
        ValueError: It is something else.
        TypeError: The same.
        OverflowError: UTC has no such moment.
    """
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError(value)
    return moment.astimezone(UTC)


def as_whole(value: Any) -> int:
    """A whole number.

    Raises:
        TypeError: It is something else.
        ValueError: Nothing can be counted that far.
    """
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(value)
    if abs(value) > _HIGHEST:
        raise ValueError
    return value


def as_seconds(value: Any) -> float:
    """A finite number.

    Raises:
        ValueError: It is something else.
        TypeError: The same.
        OverflowError: It is too large.
    """
    seconds = float(value)
    if not math.isfinite(seconds):
        raise ValueError(value)  # JSON for programs has no such number.
    return seconds


def as_text(value: Any) -> str:
    """A text; an empty one for null.

    Raises:
        TypeError: It is something else.
    """
    if value is None:
        return ""
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def as_texts(value: Any) -> tuple[str, ...]:
    """Texts.

    Raises:
        TypeError: It is something else.
    """
    if not isinstance(value, (list, tuple)):
        raise TypeError(value)
    return tuple(map(as_text, value))


def _or_none(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else read(value)


def _reader(type_of_field: object) -> Callable[[Any], Any]:
    return _READ.get(str(type_of_field), as_text)


_READ: Final[Mapping[str, Callable[[Any], Any]]] = {
    "int": as_whole,
    "float": as_seconds,
    "int | None": _or_none(as_whole),
    "float | None": _or_none(as_seconds),
    "bool": bool,
    "tuple[str, ...]": as_texts,
}
"""By the type of a field; all others are texts."""
