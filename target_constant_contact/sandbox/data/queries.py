"""Building queries out of parts that the sandbox itself has written.

A value never becomes a part: it is bound.
"""

from __future__ import annotations


def select(columns: str, source: str, *conditions: str, rest: str = "") -> str:
    """A query for the rows that meet all conditions.

    Args:
        columns: What is selected.
        source: One table or several, with their aliases.
        conditions: One at least; each may have an OR in it.
        rest: What follows the conditions: order and limit.
    """
    where = " AND ".join(f"({condition})" for condition in conditions)
    return f"SELECT {columns} FROM {source} WHERE {where} {rest}"  # noqa: S608 - parts, no values
