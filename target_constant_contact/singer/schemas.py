"""What a SCHEMA message says of its stream, in a form that singer-sdk can use."""

from __future__ import annotations

from typing import Any, Final

_FLATTENED: Final = ("string", "array", "object")
"""Types by which singer-sdk knows a property again that may be one of several things."""


def usable(schema: dict[str, Any], *, flattened: bool) -> dict[str, Any]:
    """A schema without what singer-sdk stumbles over, though it can be used.

    Args:
        schema: A JSON schema of records; it stays as it is.
        flattened: Whether the stream is flattened. For that, singer-sdk has to find a type in each
            property. One in which it cannot, such as a reference that leads elsewhere, becomes a
            property that may be anything.

    Raises:
        AttributeError: It is no JSON schema.
    """
    described = schema.get("properties") or {}
    properties = {name: _property(each, flattened=flattened) for name, each in described.items()}
    return {**schema, "properties": properties}


def _property(schema: Any, *, flattened: bool) -> Any:
    if schema is True or schema is None or (schema is False and flattened):
        return {}
    if not flattened or not isinstance(schema, dict):
        return schema
    if not _has_type(schema):
        return {}
    return usable(schema, flattened=True) if "properties" in schema else schema


def _has_type(schema: dict[str, Any]) -> bool:
    """Whether singer-sdk finds a type where it looks for it."""
    if "type" in schema:
        return schema["type"] is not None
    # It takes the first list that there is for the alternatives.
    first = next(iter(schema.values()), None)
    if not isinstance(first, list) or not first:
        return True
    return isinstance(first[0], dict) and first[0].get("type") in _FLATTENED
