"""The rows of an import: which properties exist, and what makes a row unusable.

Vocabulary, limits and formats follow the JSON import of the service's official description
(https://developer.constantcontact.com/api_reference/index.html, "Import Contacts using JSON").
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

Property = str | int
_ADDRESS = {"street": 255, "street2": 255, "city": 50, "state": 50, "zip": 50, "country": 50}


def _texts() -> dict[str, tuple[str, int]]:
    names = ("first_name", "last_name", "job_title", "company_name")
    table = {name: (name, 50) for name in names}
    for name in ("phone", "home_phone", "work_phone", "mobile_phone"):
        table[name] = (name, 50)
    table["other_phone"] = ("phone", 50)
    for part, limit in _ADDRESS.items():
        for kind in ("work_", "other_"):
            table[kind + part] = (kind + part, limit)
        table[part] = table["home_" + part] = (part, limit)
    # The official description spells this one key with a space.
    table["home country"] = ("country", 50)
    return table


TEXTS = _texts()
"""Text properties: the name under which each is kept, and its limit of characters."""
CSV_COLUMNS = frozenset(
    [
        "email",
        "first_name",
        "last_name",
        "phone",
        "job_title",
        "anniversary",
        "birthday_day",
        "birthday_month",
        "company_name",
        "street",
        "street2",
        "city",
        "state",
        "zip",
        "country",
        "sms_number",
        "sms_consent_date",
    ]
)
"""Columns that are documented for a file; the variants by kind are documented for JSON only."""
MAX_EMAIL = 80
MAX_CUSTOM_VALUE = 255

_LABEL = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_ATOM = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+"
_EMAIL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})+", re.IGNORECASE)
_YEAR_FIRST = re.compile(r"(\d{4})([/-])(\d{1,2})\2(\d{1,2})", re.ASCII)
_YEAR_LAST = re.compile(r"(\d{1,2})([/-])(\d{1,2})\2(\d{4})", re.ASCII)
_SMS = re.compile(r"\d{3}(-?)\d{3}\1\d{4}", re.ASCII)
_NUMBER = re.compile(r"\d{1,2}", re.ASCII)
_FIRST_YEAR = 1901
_YEARS_AHEAD = 10


@dataclass(slots=True)
class Row:
    """One row of an import.

    Attributes:
        line: Its line in a file with a header, so the first row is line 2.
        key: Identity: ``e:`` and the lower-cased e-mail, or ``s:`` and the digits of the SMS
            number; empty without either.
        email: The address as it came, trimmed.
        properties: What it supplies, under the names of :data:`TEXTS` and ``cf:<name>``.
        problem: Why it cannot be imported; empty if it can.
    """

    line: int
    key: str
    email: str
    properties: dict[str, Property]
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Rules:
    """What a row is judged by.

    Attributes:
        custom_names: ``cf:`` names that exist in the account.
        year: The present year; an anniversary lies at most ten years after it.
        sms_permission: Permission that the request gives for its SMS numbers.
        reject_too_long: Refuse a value over its limit instead of cutting it.
    """

    custom_names: frozenset[str]
    year: int
    sms_permission: str = "not_set"
    reject_too_long: bool = False


def read_row(raw: Mapping[str, Any], line: int, rules: Rules) -> Row:
    """Read one row. Blank values and unknown properties are as if they were not there."""
    given = {
        name: text
        for name, value in raw.items()
        # The short way for what nearly all values are; this runs for each of millions.
        if (text := value.strip() if type(value) is str and value.isascii() else as_text(value))
    }
    email = given.get("email", "")
    sms = given.get("sms_number", "").replace("-", "")
    key = f"e:{email.lower()}" if email else f"s:{sms}" if sms else ""
    row = Row(line=line, key=key, email=email, properties={})
    if not key:
        row.problem = "No email address or SMS number"
        return row
    if email and not is_email(email):
        row.problem = "Invalid email address"
    _read_texts(row, given, rules)
    _read_dates(row, given, rules)
    if sms:
        _read_sms(row, given, rules)
    return row


def as_text(value: Any) -> str:
    """Read a JSON value as trimmed text; empty for null, blank, and lists or objects."""
    if isinstance(value, str):
        # Half of a surrogate pair is valid in JSON and cannot be written anywhere else.
        text = value if value.isascii() else value.encode(errors="replace").decode()
        return text.strip()
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else ""


def is_email(text: str) -> bool:
    """Tell whether the service would take an address."""
    return len(text) <= MAX_EMAIL and _EMAIL.fullmatch(text) is not None


def read_date(text: str, year: int) -> str:
    """Read a date in one of the documented formats as ``YYYY-MM-DD``; empty if it is none."""
    if match := _YEAR_FIRST.fullmatch(text):
        parts = int(match[1]), int(match[3]), int(match[4])
    elif match := _YEAR_LAST.fullmatch(text):
        parts = int(match[4]), int(match[1]), int(match[3])
    else:
        return ""
    if not _FIRST_YEAR <= parts[0] <= year + _YEARS_AHEAD or not _is_day(*parts):
        return ""
    return "{:04}-{:02}-{:02}".format(*parts)


def _is_day(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except (ValueError, OverflowError):
        return False
    return True


def _read_texts(row: Row, given: Mapping[str, str], rules: Rules) -> None:
    for name, text in given.items():
        known = TEXTS.get(name)
        if known is None:
            if name not in rules.custom_names:
                continue
            known = (name, MAX_CUSTOM_VALUE)
        kept_as, limit = known
        if len(text) > limit and rules.reject_too_long:
            row.problem = row.problem or f"{name} is too long"
        row.properties[kept_as] = text if len(text) <= limit else text[:limit]


def _read_dates(row: Row, given: Mapping[str, str], rules: Rules) -> None:
    month, day = given.get("birthday_month"), given.get("birthday_day")
    if month or day:
        if not _is_birthday(month or "", day or ""):
            row.problem = row.problem or "Invalid birthday"
        else:
            row.properties["birthday_month"] = int(month or 0)
            row.properties["birthday_day"] = int(day or 0)
    if anniversary := given.get("anniversary"):
        row.properties["anniversary"] = read_date(anniversary, rules.year)
        if not row.properties["anniversary"]:
            row.problem = row.problem or "Invalid anniversary"


def _is_birthday(month: str, day: str) -> bool:
    leap_year = 2000
    is_number = _NUMBER.fullmatch(month) and _NUMBER.fullmatch(day)
    return bool(is_number) and _is_day(leap_year, int(month), int(day))


def _read_sms(row: Row, given: Mapping[str, str], rules: Rules) -> None:
    if not _SMS.fullmatch(given["sms_number"]):
        row.problem = row.problem or "Invalid SMS number"
        return
    row.properties["sms_number"] = given["sms_number"].replace("-", "")
    row.properties["sms_permission_to_send"] = rules.sms_permission
    if rules.sms_permission == "explicit":
        row.properties["sms_consent_date"] = read_date(
            given.get("sms_consent_date", ""), rules.year
        )
        if not row.properties["sms_consent_date"]:
            row.problem = row.problem or "Invalid SMS consent date"
