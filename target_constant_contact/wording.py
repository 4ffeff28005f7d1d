"""Numbers in sentences."""

from __future__ import annotations


def counted(number: float, one: str, many: str = "") -> str:
    """A number of things, as ``1 row`` or ``2,000 rows``.

    Args:
        number: How many.
        one: What one of them is called.
        many: What several are called, if that is not ``one`` with an s.
    """
    shown = f"{number:,}" if isinstance(number, int) else f"{number:g}"
    return f"{shown} {one if number == 1 else many or f'{one}s'}"


def were(number: int) -> str:
    """``was`` of one thing, ``were`` of none or several."""
    return "was" if number == 1 else "were"


def have(number: int) -> str:
    """``has`` of one thing, ``have`` of none or several."""
    return "has" if number == 1 else "have"


def are(number: int) -> str:
    """``is`` of one thing, ``are`` of none or several."""
    return "is" if number == 1 else "are"


def them(number: int) -> str:
    """``it`` for one thing, ``them`` for none or several."""
    return "it" if number == 1 else "them"
