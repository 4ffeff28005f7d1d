"""What is wrong with a ``field_mapping`` before any schema or account is known."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from target_constant_contact.contacts.contact import (
    CUSTOM_PREFIX,
    PROPERTIES,
    did_you_mean,
    is_property,
    property_faults,
)
from target_constant_contact.mapping.matching import match_fields

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SHOWN: Final = 3
_NEARLY_CUSTOM: Final = re.compile(r"\s*(cf|custom[ _-]?field)\s*[:._ -]\s*", re.IGNORECASE)


def mapping_faults(mapping: Mapping[str, str], *, import_format: str = "json") -> list[str]:
    """Faults of a ``field_mapping`` that need neither a schema nor an account to be seen.

    Args:
        mapping: Contact property to record field.
        import_format: ``json`` or ``csv``; file imports document fewer properties.

    Returns:
        One line for each fault; empty when the mapping is sound.
    """
    if fault := _reversed(mapping):
        return [fault]
    return [*_unknown(mapping), *property_faults(mapping, import_format=import_format)]


def _reversed(mapping: Mapping[str, str]) -> str:
    """A line about sides that were exchanged; empty when they were not."""
    turned = {field: name for name, field in mapping.items() if is_property(field.strip())}
    if not turned or any(map(is_property, mapping)):
        return ""
    shown = ", ".join(f"{name}: {field}" for name, field in list(turned.items())[:_SHOWN])
    return (
        "its sides are exchanged; the contact property stands on the left and the record field on "
        f"the right, so write {shown}{' and so on' if len(mapping) > _SHOWN else ''}"
    )


def _unknown(mapping: Mapping[str, str]) -> Iterator[str]:
    for name, field in mapping.items():
        if not is_property(name):
            # Beside others that are the right way round.
            turned = is_property(field.strip()) and field.strip() not in mapping
            meant = f"; to send the field {name!r}, write {field.strip()}: {name}"
            yield f"unknown contact property {name!r}{meant if turned else _meant(name)}"


def _meant(name: str) -> str:
    """The end of a line that says which property may have been meant."""
    if begun := _NEARLY_CUSTOM.match(name):
        return f"; did you mean {CUSTOM_PREFIX + name[begun.end() :]!r}?"
    # By what columns of this meaning are called, as where fields are matched by name.
    if synonyms := match_fields({"properties": {name: {}}}).fields:
        return f"; did you mean {next(iter(synonyms))!r}?"
    return (
        did_you_mean(name, PROPERTIES)
        or f"; for a custom field of that name or label, write {CUSTOM_PREFIX + name.strip()!r}"
    )
