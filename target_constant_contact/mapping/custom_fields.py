"""Custom fields of an account: finding the one that is meant, and what its type accepts."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from target_constant_contact.contacts.contact import (
    CUSTOM_PREFIX,
    MAX_CUSTOM_TEXT,
    did_you_mean,
    is_custom,
)
from target_constant_contact.mapping.dates import day_text, moment_text
from target_constant_contact.mapping.values import (
    Text,
    UnfitValueError,
    clean,
    plain_number,
    plain_text,
)
from target_constant_contact.redaction import said

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from target_constant_contact.api.models import CustomField
    from target_constant_contact.mapping.calendar_days import DateOrder
    from target_constant_contact.mapping.values import ConvertText

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_TRUTH = {
    **dict.fromkeys(("true", "yes", "1", "1.0"), "true"),
    **dict.fromkeys(("false", "no", "0", "0.0"), "false"),
}
_NAMED_CHOICES = 10
_LONGEST_CHOICE = 50


def find_custom_fields(
    names: Iterable[str], account: Sequence[CustomField]
) -> tuple[dict[str, CustomField], list[str]]:
    """Find the custom fields that a ``field_mapping`` means.

    An exact name wins over an exact label, and that over either without regard to case.

    Args:
        names: Keys of the mapping; those without ``cf:`` and blank ones are passed over.
        account: The custom fields of the account.

    Returns:
        Key to custom field, and one line for each fault.
    """
    found: dict[str, CustomField] = {}
    faults = []
    for key in filter(is_custom, names):
        wanted = key.removeprefix(CUSTOM_PREFIX).strip()
        if not wanted:
            continue
        candidates = _candidates(wanted, account)
        if len(candidates) == 1:
            found[key] = candidates[0]
        else:
            faults.append(_unresolved(wanted, candidates, account))
    return found, [*faults, *_repeated(found)]


def _candidates(wanted: str, account: Sequence[CustomField]) -> list[CustomField]:
    folded = wanted.casefold()
    return (
        [field for field in account if field.name == wanted]
        or [field for field in account if field.label == wanted]
        or [field for field in account if folded in (field.name.casefold(), field.label.casefold())]
    )


def _unresolved(wanted: str, candidates: list[CustomField], account: Sequence[CustomField]) -> str:
    if candidates:
        names = ", ".join(repr(field.name) for field in candidates)
        return f"custom field {wanted!r} is ambiguous: it may be {names}; write one of these names"
    spellings = [spelling for field in account for spelling in (field.name, field.label)]
    hint = did_you_mean(wanted, spellings)
    return (
        f"no custom field {wanted!r} in the account{hint or ';'}"
        " create it in Constant Contact or correct field_mapping"
    )


def _repeated(found: dict[str, CustomField]) -> list[str]:
    first: dict[str, str] = {}
    faults = []
    for key, field in found.items():
        other = first.setdefault(field.name, key)
        if other != key:
            faults.append(f"{other} and {key} are the same custom field; keep one of them")
    return faults


def custom_field_converter(
    field: CustomField, *, truncate: bool, lines: bool, date_order: DateOrder = "mdy"
) -> ConvertText:
    """The converter for values of a custom field, by its type; an unknown type is text.

    Args:
        field: The custom field.
        truncate: Cut text that is too long instead of rejecting it.
        lines: Whether the import format can hold line breaks in a text area.
        date_order: What comes first in dates with slashes or dashes.
    """
    fixed: dict[str, ConvertText] = {
        "number": decimal_text,
        "currency": decimal_text,
        "date": day_text(date_order),
        "datetime": moment_text,
        "boolean": _boolean,
    }
    if field.type in fixed:
        return fixed[field.type]
    if field.type in ("single_select", "multi_select"):
        return _choice(field)
    return Text(MAX_CUSTOM_TEXT, truncate=truncate, lines=lines and field.type == "text_area")


def _scalar(value: Any) -> str:
    return clean(value) if isinstance(value, str) else plain_text(value)


def decimal_text(value: Any) -> str | None:
    """Decimal text; thousands separators are refused, because some mean the decimal point."""
    written = _scalar(value)
    if not written:
        return None
    # The length first: the pattern may take its square.
    if len(written) > MAX_CUSTOM_TEXT or not _NUMBER.fullmatch(written):
        raise UnfitValueError("is not a number; write digits and a decimal point only")
    number = plain_number(Decimal(written))
    if len(number) > MAX_CUSTOM_TEXT:
        raise UnfitValueError(f"is longer than {MAX_CUSTOM_TEXT} characters")
    return number


def _boolean(value: Any) -> str | None:
    written = _scalar(value).lower()
    if not written:
        return None
    if written not in _TRUTH:
        raise UnfitValueError("is neither true nor false; write one of these")
    return _TRUTH[written]


def _choice(field: CustomField) -> ConvertText:
    """One of a field's choices, in their own spelling; any text when they are not known.

    A list of choices is refused: no source says how an import separates them.
    """
    choices = [choice for choice in field.choices if choice.strip()]
    # Of two choices that differ in case only the first one wins, and an exact spelling over both.
    spellings = {clean(choice).casefold(): choice for choice in reversed(choices)}
    spellings |= {clean(choice): choice for choice in choices}
    any_text = Text(MAX_CUSTOM_TEXT)
    fault = f"is not one of the choices of the custom field: {_listed(choices)}"

    def convert(value: Any) -> str | None:
        if isinstance(value, (list, tuple)) and field.type == "multi_select":
            raise UnfitValueError(
                "is a list; how an import separates several choices is not documented, send one"
            )
        if not spellings:
            return any_text(value)
        written = _scalar(value)
        if not written:
            return None
        choice = spellings.get(written) or spellings.get(written.casefold())
        if choice is None and not isinstance(value, str):
            # The choice may be called 2.0.
            choice = spellings.get(f"{written}.0")
        if choice is None:
            raise UnfitValueError(fault)
        return choice

    return convert


def _listed(choices: Sequence[str]) -> str:
    """The choices, as many as a reason can name; they are the account's own words."""
    names = [f"'{said(choice, _LONGEST_CHOICE)}'" for choice in choices[:_NAMED_CHOICES]]
    more = len(choices) - len(names)
    return f"{', '.join(names)} and {more:,} more" if more else ", ".join(names)
