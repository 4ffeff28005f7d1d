"""Names of attributes, as spans and metrics share them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from target_constant_contact.redaction import redacted

if TYPE_CHECKING:
    from collections.abc import Mapping

    Value: TypeAlias = str | bool | int | float | tuple[str, ...]

PREFIX: Final = "constant_contact."
"""Before the names of spans, metrics and attributes: the service that they are about."""


def attributes(**values: Value) -> Mapping[str, Value]:
    """Attributes of a span or a measurement.

    Args:
        values: Them, by name, where two underscores stand for a dot. Empty texts are left out.
    """
    return {
        PREFIX + name.replace("__", "."): shown
        for name, value in values.items()
        if (shown := _shown(value)) not in ("", ())
    }


def _shown(value: Value) -> Value:
    """A value as it may be shown: what others have named is redacted, as in the log."""
    if isinstance(value, str):
        return redacted(value)
    if isinstance(value, (bool, int, float)):
        return value
    return tuple(map(redacted, value))
