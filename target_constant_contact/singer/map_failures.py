"""Why a stream map failed, told without any value of the record."""

from __future__ import annotations

import ast
import traceback
from typing import TYPE_CHECKING, Any, Final

from target_constant_contact.contacts.contact import Rejection
from target_constant_contact.redaction import redacted

if TYPE_CHECKING:
    from collections.abc import Mapping

_LONGEST: Final = 80
"""Characters of an expression that are shown."""


def map_failure(error: Exception) -> Rejection:
    """Say which expression of a stream map failed, and how.

    The error itself may quote the record, so only its type is shown, and of the expression all but
    its texts, which may be keys or about people.

    Args:
        error: What singer-sdk raised.
    """
    kind = type(error.__cause__ or error).__name__
    found = _evaluated(error)
    if not found:
        return Rejection(f"stream map failed with {kind}", "")
    # A filter is no property.
    name = found["property_name"] or "__filter__"
    return Rejection(f"stream map for {name!r} failed with {kind}: {_shown(found['expr'])}", "")


def _evaluated(error: Exception) -> Mapping[str, Any]:
    """What singer-sdk was evaluating; nothing when it tells in no way that is known here."""
    for frame, _line in traceback.walk_tb(error.__traceback__):
        if frame.f_code.co_name == "_eval" and {"expr", "property_name"} <= set(frame.f_locals):
            return frame.f_locals
    return {}


def _shown(expression: str) -> str:
    # As singer-sdk reads it: whatever stands behind the first statement means nothing.
    tree = ast.parse(expression).body[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes)):
            node.value = "..."
    text = redacted(ast.unparse(tree))
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
