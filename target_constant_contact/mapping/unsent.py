"""What a mapping leaves out, and where an e-mail address may be instead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from target_constant_contact.mapping.paths import (
    described_at,
    items_of,
    properties_of,
    types_of,
)
from target_constant_contact.mapping.well_known import PEOPLE, keys_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

_NAMED: Final = 10
_SUGGESTED: Final = 3
_DEEPEST: Final = 4
_TECHNICAL: Final = ("_sdc_", "_reject_")
_EMAILS: Final = frozenset(PEOPLE["email"].split())
_VALUES: Final = frozenset({"value", "address", "text"})
"""What the address is called in an object that is called an e-mail address."""


def unsent(
    schema: Mapping[str, Any], used: Collection[str], why: Mapping[str, str]
) -> dict[str, str]:
    """The fields of a stream that are not sent, first those with a reason.

    Args:
        schema: JSON schema of the stream.
        used: The fields that are.
        why: Reasons, as far as there are any.

    Returns:
        Field to reason, or to an empty text. What taps and this target add themselves is left out.
    """
    found = {
        field: why.get(field, "")
        for field in properties_of(schema)
        if field not in used and not field.startswith(_TECHNICAL)
    }
    return dict(sorted(found.items(), key=lambda item: not item[1]))


def no_email(stream: str, schema: Mapping[str, Any]) -> str:
    """The error line for a stream of which no field looks like an e-mail address."""
    names = list(properties_of(schema))
    shown = ", ".join(names[:_NAMED]) or "none"
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    paths = _listed(_email_paths(schema, (), is_email=False))
    hint = f" to {paths}" if paths else ""
    return (
        f"stream {stream!r}: no field looks like an e-mail address (fields: {shown}{more});"
        f" set field_mapping.email{hint}"
    )


def email_in_parts(schema: Mapping[str, Any], path: str) -> str:
    """Paths to the e-mail address inside a field; empty when the field itself may be one."""
    described = described_at(schema, path)
    types = types_of(described)
    if not types or types - {"array", "object"}:
        return ""
    return _listed(_email_paths(described, (path,), is_email=True))


def _email_paths(schema: Any, steps: tuple[str, ...], *, is_email: bool) -> Iterator[str]:
    """Paths below a part of a schema that look like e-mail addresses.

    Args:
        schema: The part.
        steps: The way to it.
        is_email: What it is part of is called an e-mail address.
    """
    types = types_of(schema)
    if steps and not types & {"array", "object"}:
        if is_email and types <= {"string"}:
            yield ".".join(steps)
        return
    if len(steps) == _DEEPEST:
        return
    if "array" in types:
        yield from _email_paths(items_of(schema), (*steps, "0"), is_email=is_email)
    for name, described in properties_of(schema).items():
        named = is_email and name.lower() in _VALUES
        yield from _email_paths(described, (*steps, name), is_email=named or _is_email(name))


def _is_email(name: str) -> bool:
    """Whether a name is that of an e-mail address, or of several."""
    ends = ("", "s", "es")
    return any(key.removesuffix(end) in _EMAILS for key in keys_of(name) for end in ends)


def _listed(paths: Iterator[str]) -> str:
    return " or ".join([*paths][:_SUGGESTED])
