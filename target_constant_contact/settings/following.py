"""Settings of lists that follow segments, and of people who need not be sent."""

from __future__ import annotations

import math
from typing import Any, Final

from singer_sdk import typing as th

_METHODS: Final = ["upsert", "overwrite"]
_PROOFS: Final = ["sweep", "activate_version", "end_of_input"]
_SCOPES: Final = ["managed", "all"]
_DAYS_TYPE: Final = th.CustomType({"type": ["string", "integer", "null"]})
_MOST_DAYS: Final = 36_500
_LONGEST_QUOTE: Final = 40

FOLLOWING: Final = (
    th.Property(
        "load_method",
        th.StringType,
        default="upsert",
        allowed_values=_METHODS,
        title="Load method",
        description="`upsert` adds members and updates their properties. `overwrite` has the list "
        "follow the segment: it also remembers who is in the segment, so that who is not any more "
        "can be taken off the list, as `overwrite_when` says.",
    ),
    th.Property(
        "overwrite_when",
        th.StringType,
        default="sweep",
        allowed_values=_PROOFS,
        title="Overwrite when",
        description="With `load_method: overwrite`, when people are taken off: by the command "
        "`sweep`, once the tap is known to have ended well; `activate_version`, at the end of the "
        "run, when an ACTIVATE_VERSION has come after the last record of the stream; or "
        "`end_of_input`, at the end of the run, for files, which do not break off.",
    ),
    th.Property(
        "overwrite_scope",
        th.StringType,
        default="managed",
        allowed_values=_SCOPES,
        title="Overwrite scope",
        description="With `load_method: overwrite`, who may be taken off: `managed`, only who was "
        "put on the list by this export (or was there when it was adopted); or `all`, everybody "
        "who is not in the segment.",
    ),
    th.Property(
        "respect_departures",
        th.BooleanType,
        title="Respect departures",
        description="Whether people who have left a list, by themselves or by an administrator's "
        "hand, are not put back on it. It takes an export of each list in each run. Default: true "
        "with `load_method: overwrite`, otherwise false.",
    ),
    th.Property(
        "send_unchanged",
        _DAYS_TYPE,
        default="always",
        title="Send unchanged",
        description="Whether members are sent whose values are the same as those that landed last "
        "on the same lists: `always`, `never`, or a number of days after which they are sent "
        "again. What somebody changes in Constant Contact stays until then.",
    ),
)

ENTRY: Final = (
    th.Property("load_method", th.StringType, allowed_values=_METHODS),
    th.Property("overwrite_when", th.StringType, allowed_values=_PROOFS),
    th.Property("overwrite_scope", th.StringType, allowed_values=_SCOPES),
    th.Property("respect_departures", th.BooleanType),
    th.Property("send_unchanged", _DAYS_TYPE),
)
"""Those of them that an entry of ``segments`` can have."""


def days_of(value: Any) -> float | None:
    """How many days a member that has not changed is not sent; None when the value is none.

    Args:
        value: What ``send_unchanged`` is.
    """
    if value is None or value == "always":
        return 0
    if value == "never":
        return math.inf
    text = str(value).strip()
    days = int(text) if text.isascii() and text.isdigit() and len(text) < len(str(10**6)) else 0
    return days if 1 <= days <= _MOST_DAYS else None


def days_fault(name: str, value: Any) -> str | None:
    """What is wrong with ``send_unchanged``, if anything is.

    Args:
        name: The setting, as faults call it.
        value: Its value.
    """
    if days_of(value) is not None:
        return None
    return (
        f"{name}: {str(value)[:_LONGEST_QUOTE]!r} is neither always nor never, and no number of "
        f"days from 1 to {_MOST_DAYS:,}. Set one of them, such as 30"
    )
