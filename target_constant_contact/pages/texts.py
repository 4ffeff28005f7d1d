"""Texts and numbers of a report as a page may show them: whoever has written them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from target_constant_contact.redaction import json_text, redacted
from target_constant_contact.wording import counted

if TYPE_CHECKING:
    from datetime import datetime

LONGEST: Final = 300
"""Characters of a text that are shown."""

UNKNOWN: Final = "\N{EN DASH}"
"""Stands for what a report does not tell."""

_READ: Final = 5_000
"""Of a longer text only so much is looked at."""
_MOST: Final = 10**15
_SEEN: Final = 0.005
_MINUTE: Final = 60
_HOUR: Final = 3_600


def shown(text: str, longest: int = LONGEST) -> str:
    """A text on one line, without secrets and addresses, and not too long.

    Args:
        text: What a report has.
        longest: How many characters of it are shown.
    """
    if len(text) <= _READ:
        line = redacted(text)
        return line if len(line) <= longest else f"{line[: longest - 1]}…"
    # Half an address is not known for one: of what is read no word is cut, and the rest is at last.
    whole, *rest = text[:_READ].rsplit(maxsplit=1) or [""]
    return f"{redacted(whole)[: longest - 1] if rest else ''}…"


def number(value: float | None) -> str:
    """A number with its thousands apart; none where it is not known, or beyond all that can be."""
    if value is None:
        return UNKNOWN
    return f"{value:,}" if -_MOST < value < _MOST else "more than 10¹⁵"


def percent(share: float) -> str:
    """A share of one as people read it: what is not everything is never called so."""
    if 0 < share < 1:
        share = min(max(share, 0.001), 0.999)
    return f"{share * 100:.1f}".removesuffix(".0") + " %"


def signed_percent(change: float) -> str:
    """A change as people read it, with a sign."""
    if abs(change) < _SEEN:
        return "the same"
    return f"{change * 100:+,.0f} %".replace("-", "\N{MINUS SIGN}")


def moment(value: datetime | None) -> str:
    """A moment in UTC, to the second."""
    return f"{value:%Y-%m-%d %H:%M:%S}" if value else UNKNOWN


def duration(seconds: float | None) -> str:
    """A time that something took: as ``0.4 s``, ``7.5 min`` or ``2 h 05 min``."""
    if seconds is None:
        return UNKNOWN
    if seconds < _MINUTE:
        return f"{seconds:.1f}".removesuffix(".0") + " s"
    if seconds < _HOUR:
        return f"{seconds / _MINUTE:.1f}".removesuffix(".0") + " min"
    if seconds >= _MOST:
        return counted(seconds, "second")
    hours, minutes = divmod(round(seconds / _MINUTE), 60)
    return f"{hours:,} h {minutes:02} min"


def compact(value: object) -> str:
    """The value of a setting, as a person would write it."""
    if isinstance(value, str):
        return shown(value)
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    try:
        return shown(" ".join(json_text(value).split()))
    except RecursionError:
        return "too deep to be shown"
