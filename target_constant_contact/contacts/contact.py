"""The contact properties that Constant Contact takes: names, limits, and which of them go together.

Facts are those of ``POST /activities/contacts_json_import`` and ``contacts_file_import``:
https://developer.constantcontact.com/api_reference/index.html
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Properties: TypeAlias = Mapping[str, str | int]
"""Names of the import endpoint and their values.

Only ``birthday_month`` and ``birthday_day`` are numbers; no value is blank.
"""


@dataclass(frozen=True, slots=True)
class Contact:
    """One contact, ready to be sent.

    Attributes:
        key: The e-mail address, trimmed and lower-cased: what the service matches on.
        properties: What is sent, ``email`` first.
        dropped: What is left out of it, value by value, and why.
        columns: Names of all columns of the CSV file that it is a row of; none in JSON.
    """

    key: str
    properties: Properties
    dropped: tuple[Rejection, ...] = ()
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a record cannot become a contact, or why a value of it is left out.

    Attributes:
        reason: One line of stable wording: what is wrong, and the rule. It never holds the value.
        field: The record field it is about, as in the mapping; empty when there is none.
    """

    reason: str
    field: str

    @property
    def with_field(self) -> str:
        """The reason with its field."""
        return f"{self.reason} (field {self.field!r})" if self.field else self.reason


MAX_CUSTOM_FIELDS = 25
"""Custom fields that one contact can carry."""

MAX_PHONES = 3
"""Phone numbers that one contact can carry."""

MAX_CUSTOM_TEXT = 255
"""Characters of a custom field's value."""

MAX_EMAIL = 80
"""Characters of an e-mail address.

The import endpoint's description says 50, the contact resource and support say 80. Well-formed
addresses between the two exist, and the service counts those that it does not take, so the larger
number is the one that loses nobody in silence.
"""

CUSTOM_PREFIX = "cf:"
"""What the name of a custom field is prefixed with, in settings and in imports."""

_NAMES = ("first_name", "last_name", "job_title", "company_name")
_PHONES = ("phone", "mobile_phone", "work_phone", "home_phone", "other_phone")
_DATES = ("birthday_month", "birthday_day", "anniversary")
_ADDRESS_LIMITS = {"street": 255, "street2": 255, "city": 50, "state": 50, "zip": 50, "country": 50}
_SMS = ("sms_number", "sms_consent_date")

ADDRESS_PARTS = tuple(_ADDRESS_LIMITS)
"""The parts of an address: the primary address as they stand, others with a prefix."""

PHONES = frozenset(_PHONES)
"""Properties that count towards ``MAX_PHONES``."""

TEXT_LIMITS: Mapping[str, int] = {
    **dict.fromkeys(_NAMES + _PHONES, 50),
    **{
        f"{kind}{part}": n
        for kind in ("", "work_", "other_")
        for part, n in _ADDRESS_LIMITS.items()
    },
}
"""Characters that each property of free text can hold, by its name in an import."""

# With "email" first, a row without an address is refused before anything else of it is read.
WIRE_ORDER = (
    "email",
    *_NAMES,
    *_PHONES,
    *_DATES,
    *(f"{kind}{part}" for kind in ("", "work_", "other_") for part in ADDRESS_PARTS),
    *_SMS,
)
"""Every standard property that is ever sent, in the order in which it is sent."""

PROPERTIES = (
    *WIRE_ORDER,
    "birthday",
    *(f"home_{part}" for part in ADDRESS_PARTS),
)
"""Standard properties that a ``field_mapping`` can name."""

CSV_PROPERTIES = frozenset(
    ("email", *_NAMES, "phone", *_DATES, *ADDRESS_PARTS, *_SMS),
)
"""Standard headers that file imports document: one phone number and one address only."""


def is_custom(name: str) -> bool:
    """Whether a name of ``field_mapping`` or of an import is that of a custom field."""
    return name.startswith(CUSTOM_PREFIX)


def is_property(name: str) -> bool:
    """Whether a ``field_mapping`` can name something like this on the left."""
    return is_custom(name) or _plain_name(name) in PROPERTIES


def wire_names(name: str) -> tuple[str, ...]:
    """Names under which a property of ``field_mapping`` is sent.

    A birthday is sent as two numbers. The home address is sent under the primary names: both are
    stored as kind ``home``, and the service's description spells one of the home names with a
    blank (``home country``), so that only the primary names are certain.
    """
    if name == "birthday":
        return ("birthday_month", "birthday_day")
    plain = _plain_name(name)
    if plain in _HOME_ADDRESS:
        return (plain.removeprefix("home_"),)
    return (plain,)


def property_faults(mapping: Mapping[str, str], *, import_format: str = "json") -> list[str]:
    """Faults of a ``field_mapping`` whose names are known, and that show without an account.

    Args:
        mapping: Contact property to record field.
        import_format: ``json`` or ``csv``; file imports document fewer properties.

    Returns:
        One line for each fault; empty when the mapping is sound.
    """
    return [
        *_blank(mapping),
        *_incomplete(mapping),
        *_colliding(mapping),
        *_custom(mapping),
        *(_undocumented_in_csv(mapping) if import_format == "csv" else ()),
    ]


def did_you_mean(wanted: str, candidates: Iterable[str], *, prefix: str = "") -> str:
    """The end of an error line that suggests what may have been meant.

    Args:
        wanted: The name that is not known.
        candidates: The names that are.
        prefix: Written before each suggestion.

    Returns:
        ``; did you mean 'a' or 'b'?``, or nothing when no candidate is close.
    """
    by_lower: dict[str, str] = {}
    for candidate in candidates:
        by_lower.setdefault(candidate.lower(), candidate)
    close = get_close_matches(wanted.lower(), by_lower, n=3, cutoff=0.7)
    names = " or ".join(repr(f"{prefix}{by_lower[name]}") for name in close)
    return f"; did you mean {names}?" if close else ""


_HOME_ADDRESS = frozenset(f"home_{part}" for part in ADDRESS_PARTS)


def _plain_name(name: str) -> str:
    return "home_country" if name == "home country" else name


def _blank(mapping: Mapping[str, str]) -> Iterator[str]:
    for name, source in mapping.items():
        if not source.strip():
            yield f"{name} is mapped to a blank field name; name a record field or leave it out"


def _incomplete(mapping: Mapping[str, str]) -> Iterator[str]:
    if "email" not in mapping:
        yield "no record field is mapped to email; add email to field_mapping"
    month, day = "birthday_month" in mapping, "birthday_day" in mapping
    if month != day:
        given, missing = _DATES[:2] if month else _DATES[1::-1]
        yield f"{given} is mapped without {missing}; map both, or map one date to birthday"
    if "sms_consent_date" in mapping and "sms_number" not in mapping:
        yield "sms_consent_date is mapped without sms_number; map both or neither"


def _colliding(mapping: Mapping[str, str]) -> Iterator[str]:
    if "birthday" in mapping and ("birthday_month" in mapping or "birthday_day" in mapping):
        yield "birthday is mapped together with birthday_month or birthday_day; keep one of the two"
    if "phone" in mapping and "other_phone" in mapping:
        yield "phone and other_phone are the same number in a contact; keep one of them"
    home: defaultdict[bool, list[str]] = defaultdict(list)
    for name in mapping:
        if wire_names(name)[0] in ADDRESS_PARTS:
            home[_plain_name(name) in _HOME_ADDRESS].append(name)
    if len(home) > 1:
        yield (
            f"{', '.join(home[False])} and {', '.join(home[True])} are the same address in a"
            " contact (the home address is the primary one); keep one of the two"
        )
    if "home country" in mapping and "home_country" in mapping:
        yield "'home country' and home_country are the same property; keep home_country"


def _custom(mapping: Mapping[str, str]) -> Iterator[str]:
    custom = [name for name in mapping if is_custom(name)]
    if any(not name.removeprefix(CUSTOM_PREFIX).strip() for name in custom):
        yield "a custom field has no name; write cf:<name or label>"
    if len(custom) > MAX_CUSTOM_FIELDS:
        yield (
            f"{len(custom)} custom fields are mapped; a contact takes at most {MAX_CUSTOM_FIELDS}"
        )


def _undocumented_in_csv(mapping: Mapping[str, str]) -> Iterator[str]:
    for name in mapping:
        known = is_property(name) and not is_custom(name)
        if known and not CSV_PROPERTIES.issuperset(wire_names(name)):
            yield f"{name} is not among the columns of a CSV import; set import_format to json"
