"""Texts in the place of other values: what the environment brings, and Meltano without ``kind``."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_YES: Final = frozenset({"true", "yes", "on", "1"})
_NO: Final = frozenset({"false", "no", "off", "0"})
_NUMBER: Final = re.compile(r"[+-]?\d{1,30}(\.\d{0,30})?(e[+-]?\d{1,2})?", re.ASCII | re.IGNORECASE)


def without_texts(config: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """The settings, with each text read as what the setting takes; null is the same as not set.

    What cannot be read stays as it is: the schema tells then what is wrong with it.

    Args:
        config: The settings, unchecked.
        schema: JSON schema of the settings.
    """
    return {name: value for name, value in _members(config, schema).items() if value is not None}


def types_of(declared: Any) -> frozenset[str]:
    """The types that a schema names, without null; none where it says it in another way."""
    types = declared.get("type", ()) if isinstance(declared, dict) else ()
    return frozenset({types} if isinstance(types, str) else types) - {"null"}


def json_of(text: str) -> Any:
    """What a JSON text holds.

    Raises:
        ValueError: It is none.
    """
    try:
        return json.loads(text, parse_constant=_refuse)
    except RecursionError:
        raise ValueError("nested too deep") from None


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _members(value: Mapping[str, Any], declared: Mapping[str, Any]) -> dict[str, Any]:
    members = declared.get("properties", {})
    other = declared.get("additionalProperties")
    return {name: _as_declared(item, members.get(name, other)) for name, item in value.items()}


def _as_declared(value: Any, declared: Any) -> Any:
    types = types_of(declared)
    if isinstance(value, str):
        value = _of_text(value, types)
    if isinstance(value, dict) and "object" in types:
        return _members(value, declared)
    if isinstance(value, list) and "array" in types:
        return [_as_declared(item, declared.get("items")) for item in value]
    if types == {"integer"} and isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _of_text(text: str, types: frozenset[str]) -> Any:
    """What a text stands for, where one of these types is expected."""
    plain = text.strip()
    if "string" in types or not types:
        # Only an array of texts can be meant for several: a name may begin with a bracket too.
        found = _json_text(plain, list) if "array" in types else None
        return found if found and all(isinstance(item, str) for item in found) else text
    if not plain:
        return None
    if types == {"boolean"}:
        lower = plain.lower()
        return lower in _YES if lower in _YES | _NO else text
    if types <= {"integer", "number"}:
        return _plain_number(plain) if _NUMBER.fullmatch(plain) else text
    if plain == "null":
        return None
    found = _json_text(plain, dict if "object" in types else list)
    return text if found is None else found


def _plain_number(text: str) -> float:
    return int(text) if text.lstrip("+-").isdigit() else float(text)


def _json_text(text: str, kind: type) -> Any:
    """The object or array of a JSON text; None for any other text."""
    try:
        found = json_of(text)
    except ValueError:
        return None
    return found if isinstance(found, kind) else None
