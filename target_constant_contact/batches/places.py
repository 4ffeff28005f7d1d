"""Sequences without what is at some places."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from array import array
    from collections.abc import Iterable

_Items = TypeVar("_Items", "list[Any]", "list[str]", "list[bytes]", "array[int]")


def without(items: _Items, places: Iterable[int]) -> _Items:
    """A copy without what is at some places, whatever the order of these."""
    kept, start = items[:0], 0
    for place in sorted(places):
        kept += items[start:place]
        start = place + 1
    return kept + items[start:]
