"""Record fields by path, checked against a JSON schema as deep as it describes its records.

A name that the schema has as a property is that property, also with dots in it. Any other name
walks: dots go into objects, digits pick items of arrays (``emails.0.address``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from target_constant_contact.contacts.contact import did_you_mean
from target_constant_contact.mapping.well_known import plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@dataclass(frozen=True, slots=True)
class Read:
    """A reader of one value of a record.

    Attributes:
        roots: Names of the record's own fields that it looks at.
        value_of: Takes a record, returns the value, or ``None`` when there is none.
        whole: The value is that of the only root, as it is.
    """

    roots: tuple[str, ...]
    value_of: Callable[[Mapping[str, Any]], Any]
    whole: bool = False

    def __call__(self, record: Mapping[str, Any]) -> Any:
        """The value, or ``None`` when there is none."""
        return self.value_of(record)


_OPEN: dict[str, Any] = {}
"""A part of a schema that says nothing about what lies in it; known by identity."""
_LONGEST_INDEX = 9
"""Digits of an index; Python takes its time to read very long ones."""
_LONGEST_ARRAY = 1_000
"""Index of the last item that is put into an array: a path may name item 999,999,999, and all
items before it would be made."""


def branches(schema: Any) -> Iterator[Mapping[str, Any]]:
    """A schema and all alternatives of its ``anyOf``, ``oneOf`` and ``allOf``."""
    if isinstance(schema, Mapping):
        yield schema
        for union in ("anyOf", "oneOf", "allOf"):
            for branch in schema.get(union) or ():
                yield from branches(branch)


def properties_of(schema: Any) -> dict[str, Any]:
    """The properties that a schema describes, in its order."""
    found: dict[str, Any] = {}
    for branch in branches(schema):
        found.update(branch.get("properties") or {})
    return found


def types_of(schema: Any) -> set[str]:
    """The JSON types that a schema allows, as far as it says so; ``null`` left out."""
    found: set[str] = set()
    for branch in branches(schema):
        kind = branch.get("type") or ()
        found.update([kind] if isinstance(kind, str) else kind)
        found.update({"object"} if branch.get("properties") else ())
        found.update({"array"} if branch.get("items") else ())
    return found - {"null"}


def items_of(schema: Any) -> Any:
    """What a schema says of the items of its array; ``None`` when nothing."""
    return next((branch["items"] for branch in branches(schema) if "items" in branch), None)


def as_spelled(schema: Mapping[str, Any], path: str) -> str:
    """A path with the names that the schema has, where they look the same.

    A byte order mark, a mark of direction or a no-break space in a name cannot be seen, so that
    nobody can be asked to write it.
    """
    if whole := _spelled(path, properties_of(schema)):
        return whole
    node: Any = schema
    steps: list[str] = []
    for step in path.split("."):
        steps.append(_spelled(step, properties_of(node)) or step)
        node = _follow(node, steps[-1])
    return ".".join(steps)


def _spelled(name: str, known: Mapping[str, Any]) -> str | None:
    if name in known:
        return name
    shown = plain(name)
    alike = [each for each in known if shown and plain(each) == shown]
    return alike[0] if len(alike) == 1 else None


def path_fault(schema: Mapping[str, Any], path: str) -> str | None:
    """What is wrong with a path, as the end of an error line, or ``None`` when nothing is.

    Returns:
        A possibly empty suggestion, for a path that no record of the schema can have.
    """
    path = as_spelled(schema, path)
    if path in properties_of(schema):
        return None
    node: Any = schema
    steps = path.split(".")
    for depth, step in enumerate(steps):
        known = properties_of(node)
        following = _follow(node, step)
        if following is None:
            before = "".join(f"{passed}." for passed in steps[:depth])
            return did_you_mean(step, known, prefix=before)
        if following is _OPEN:
            return None
        node = following
    return None


def described_at(schema: Mapping[str, Any], path: str) -> Any:
    """What a schema says of the values at a path; nothing where it leaves them open."""
    known = properties_of(schema)
    if path in known:
        return known[path]
    node: Any = schema
    for step in path.split("."):
        node = _follow(node, step)
    return node


def nested(schema: Mapping[str, Any], path: str) -> Read | None:
    """A reader for a path that walks; ``None`` for the name of a property of the record itself."""
    if path in properties_of(schema) or "." not in path:
        return None
    first, *names = path.split(".")
    steps = tuple((name, _index(name)) for name in names)

    def read(record: Mapping[str, Any]) -> Any:
        value = record.get(first)
        for name, index in steps:
            if isinstance(value, dict):
                value = value.get(name)
            elif isinstance(value, list) and index is not None and index < len(value):
                value = value[index]
            else:
                return None
        return value

    return Read((first,), read)


def field_getter(path: str, schema: Mapping[str, Any]) -> Read:
    """A reader for any record field, by the rules that ``field_mapping`` has for its fields.

    Args:
        path: Name of a field, or a dotted path into objects and arrays.
        schema: JSON schema of the stream.

    Returns:
        Takes a record, returns the value, or ``None`` when there is none.
    """
    path = as_spelled(schema, path)
    return nested(schema, path) or Read((path,), lambda record: record.get(path), whole=True)


def placed(held: Any, steps: Sequence[str], value: Any) -> Any:
    """Put a value where these steps lead, as :func:`nested` would read it.

    Args:
        held: The object or array that there is already; None when there is none.
        steps: Names of properties, or digits for the items of an array.
        value: What is put there.

    Returns:
        The object or array with the value; other items of a new array are None.
    """
    if not steps:
        return value
    first, *rest = steps
    index = _index(first)
    if index is None or isinstance(held, dict):
        known = held if isinstance(held, dict) else {}
        return {**known, first: placed(known.get(first), rest, value)}
    items = held if isinstance(held, list) else []
    if index > _LONGEST_ARRAY:
        return items
    items = [*items, *[None] * (index + 1 - len(items))]
    items[index] = placed(items[index], rest, value)
    return items


def _index(step: str) -> int | None:
    return int(step) if step.isdecimal() and len(step) <= _LONGEST_INDEX else None


def _follow(node: Any, step: str) -> Any:
    known = properties_of(node)
    if step in known:
        return known[step] or _OPEN
    if _index(step) is not None:
        items = items_of(node)
        if items is not None:
            return items if isinstance(items, Mapping) else _OPEN
    return _OPEN if _is_open(node, step) else None


def _is_open(node: Any, step: str) -> bool:
    for branch in branches(node):
        if branch.get("additionalProperties", False) is not False:
            return True
        if "$ref" in branch or "patternProperties" in branch:
            return True
    if properties_of(node):
        return False
    types = types_of(node)
    return not types or "object" in types or ("array" in types and _index(step) is not None)
