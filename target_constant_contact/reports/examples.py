"""What values looked like that rows were rejected for, without a letter or figure of them."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from decimal import Decimal
from typing import Any, Final

from target_constant_contact.redaction import escaped

MOST_EXAMPLES: Final = 3
"""Of one reason."""

_MOST_REASONS: Final = 200
_LONGEST: Final = 40
_LARGEST: Final = 10**15
_STANDS_FOR: Final = {"L": "•", "M": "•", "N": "#", "So": "•"}
"""By the kind of a character in Unicode: letters, marks, figures, and signs such as Ⓐ."""


def outline(value: object) -> str:
    """What a value looks like: ``•••@@•••••••.•••`` or ``##/##/####``.

    Nothing of it can be read, only where letters, figures and signs stand.

    Args:
        value: A value of a record.
    """
    if value is None:
        return "null"
    if not isinstance(value, str):
        return _of_other(value)
    begin = value[: _LONGEST + 1]
    masked = "".join(map(_masked, begin[:_LONGEST]))
    cut = masked if len(begin) <= _LONGEST else f"{masked}… ({len(value):,} characters)"
    return escaped(cut)


def _of_other(value: object) -> str:
    """What is no text: what JSON calls it, and of a number its outline."""
    if isinstance(value, bool):
        return "(boolean)"
    if isinstance(value, (int, float, Decimal)):
        # One with thousands of figures cannot even be written out.
        seen = -_LARGEST < value < _LARGEST
        plain = value if isinstance(value, int) else float(value)
        return f"(number) {outline(repr(plain))}" if seen else "(number)"
    if isinstance(value, (dict, list)):
        return "(object)" if isinstance(value, dict) else "(array)"
    return outline(str(value))


class Examples:
    """The first few outlines of the values that rows of a reason were rejected for."""

    def __init__(self) -> None:
        self._outlines: defaultdict[tuple[str, str, str], list[str]] = defaultdict(list)

    def add(self, stream: str, reason: str, field: str, value: object) -> None:
        """Note a value, as long as there are few of its reason.

        Args:
            stream: Name of the stream.
            reason: What is wrong with it.
            field: The record field that it stands in.
            value: The value.
        """
        key = (stream, reason, field)
        if key not in self._outlines and len(self._outlines) >= _MOST_REASONS:
            return
        known = self._outlines[key]
        if len(known) < MOST_EXAMPLES and (shown := outline(value)) not in known:
            known.append(shown)

    def as_list(self) -> list[dict[str, Any]]:
        """The outlines, for ``report.json``."""
        return [
            {"stream": stream, "reason": reason, "field": field, "looks_like": list(outlines)}
            for (stream, reason, field), outlines in self._outlines.items()
        ]


def _masked(char: str) -> str:
    # Marks belong to letters: some scripts write vowels with them.
    kind = unicodedata.category(char)
    return _STANDS_FOR.get(kind, _STANDS_FOR.get(kind[0], char))
