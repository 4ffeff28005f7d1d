"""No value that a record can hold takes more than time in proportion to its length."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from target_constant_contact.api.models import CUSTOM_FIELD_TYPES, CustomField
from target_constant_contact.contacts.contact import CUSTOM_PREFIX
from target_constant_contact.mapping.converters import converters_for
from target_constant_contact.mapping.dates import birthday_part, moment_text
from target_constant_contact.mapping.values import UnfitValueError
from tests.support.timing import best_of

if TYPE_CHECKING:
    from target_constant_contact.mapping.values import Convert

FIELDS = [CustomField(f"id-{kind}", kind, kind, kind, ("a", "b")) for kind in CUSTOM_FIELD_TYPES]
CONVERTERS: dict[str, Convert] = {
    **converters_for(FIELDS, truncate=True, lines=True, today=date(2026, 8, 1)),
    "birthday": birthday_part(0),
    "moment": moment_text,
}
PARTS = [
    "1",
    "0",
    "/",
    "-",
    ".",
    "@",
    "a@",
    "@a.",
    "a.",
    " ",
    "\t",
    "\n",
    "\r\n",
    "+",
    "1,",
    "é",
    "(",
]
ENDS = ["", "x", "1", "\x00", "@", "."]


@pytest.mark.parametrize("name", CONVERTERS)
def test_a_value_takes_time_in_proportion_to_its_length(name):
    convert = CONVERTERS[name]

    def seconds(length: int, part: str, end: str) -> float:
        text = f"{end}{part * (length // len(part))}{end}"

        def call() -> None:
            try:
                convert(text)
            except UnfitValueError:
                return

        return best_of(2, call)

    slow = [
        (part, end)
        for part in PARTS
        for end in ENDS
        if seconds(100_000, part, end) > 10 * max(seconds(20_000, part, end), 0.005)
    ]
    assert slow == []
    assert f"{CUSTOM_PREFIX}string" in CONVERTERS
