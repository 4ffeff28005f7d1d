"""Settings of people who leave lists."""

from __future__ import annotations

from typing import Final

from singer_sdk import typing as th

_PERCENT: Final = th.NumberType(minimum=0, maximum=100)

LEAVING: Final = (
    th.Property(
        "left_field",
        th.StringType,
        title="Left field",
        description="Record field that says that somebody has left: true, or any value but false, "
        "null, blank, 0, `no` and `off`. Such a row is never imported, and its person is taken off "
        "the lists of the row. `_sdc_deleted_at` always says so.",
    ),
    th.Property(
        "max_removed_percent",
        _PERCENT,
        default=20,
        title="Max removed percent",
        description="Share of the people on a list that may be taken off at once, of those who are "
        "on it before anybody is. Of more, nobody is taken off and the run ends with 65. Up to 5 "
        "people may always leave, unless it is 0.",
    ),
)

LEAVING_ENTRY: Final = (
    th.Property("left_field", th.StringType),
    th.Property("max_removed_percent", _PERCENT),
)
"""The same in an entry of ``segments``."""
