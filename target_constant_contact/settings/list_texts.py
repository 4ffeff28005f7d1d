"""What people and taps write for one or several lists.

A text is one list, or several with commas between them. An array is several, each of them one list
whatever commas are in its name. Flattening, variables of the environment and some taps make a text
of an array: ``["A", "B"]``, as JSON has it, or ``{A,"B"}``, as databases do.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

_BRACKETS: Final = (("[", "]"), ("{", "}"))
_TUPLES: Final = ('("', "('")
_LONGEST: Final = 20_000
"""Characters of a text that is read as an array."""
# An item of {A,"B c"} with what stands behind it. Nothing is matched twice, so no text takes long.
_ITEM: Final = re.compile(
    r'\s*+(?:"(?P<quoted>(?:[^"\\]|\\.)*+)"|(?P<plain>[^",{}\\]*+))\s*+(?P<end>,|$)', re.DOTALL
)
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)


class ListItem(str):
    """A text that stands for one list, whatever commas are in it."""

    __slots__ = ()


def split_lists(value: object) -> tuple[str, ...]:
    """Read one or several lists: a text, which may stand for several, or an array of them."""
    if isinstance(value, (list, tuple)):
        texts: list[str] = [ListItem(str(entry).strip()) for entry in value if entry is not None]
    else:
        texts = [] if value is None else [str(value).strip()]
    return tuple(dict.fromkeys(text for text in texts if text))


def array_of(text: str) -> tuple[str, ...] | None:
    """The items of a text that is an array, without those that are blank; None for any other."""
    text = text.strip()
    if len(text) > _LONGEST or (text[:1], text[-1:]) not in _BRACKETS:
        return None
    items = _json_items(text) if text[0] == "[" else _braced_items(text[1:-1])
    return None if items is None else split_lists(items)


def looks_like_array(text: str) -> bool:
    """Whether a text begins or ends as arrays do; it may be broken."""
    text = text.strip()
    if text.startswith(_TUPLES):
        return True
    return any(text.startswith(first) or text.endswith(last) for first, last in _BRACKETS)


def _json_items(text: str) -> list[Any] | None:
    try:
        items = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(items, list):
        return None
    is_plain = all(
        item is None or (isinstance(item, (str, int)) and not isinstance(item, bool))
        for item in items
    )
    return items if is_plain else None


def _braced_items(text: str) -> list[str | None] | None:
    """Items of an array as PostgreSQL writes it: quoted where they hold more than plain text."""
    items: list[str | None] = []
    if not text.strip():
        return items
    place, end = 0, ","
    while end:
        match = _ITEM.match(text, place)
        if match is None:
            return None
        quoted, plain, end = match["quoted"], (match["plain"] or "").strip(), match["end"]
        if quoted is not None:
            items.append(_ESCAPED.sub(r"\1", quoted))
        else:
            items.append(None if plain.upper() == "NULL" else plain)
        place = match.end()
    return items
