"""Facts of the service's API, against which client, sandbox and contacts are held.

They stand in ``facts.yaml``. ``python -m tests.contract.official`` writes it anew from the
service's official description, which is not part of this repository.

A schema is written there as a type, a format or the name of another schema, with limits of its
length (``string(1..80)``); as a list of what its items are and how many (``[uuid, ..50]``); or as
its properties, those that are required with a star.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

import yaml

TYPES: Final[dict[str, dict[str, Any]]] = {
    **{name: {"type": name} for name in ("boolean", "integer", "string")},
    **{name: {"type": "string", "format": name} for name in ("date", "date-time", "uuid")},
}
FACTS: Final[dict[str, Any]] = yaml.safe_load(
    Path(__file__).with_name("facts.yaml").read_text(encoding="utf-8")
)
BASE_PATH: Final[str] = FACTS["base_path"]
REQUESTS: Final[dict[str, dict[str, Any]]] = FACTS["requests"]
"""By method and path: parameters, the schema of the body, and content types."""
ANSWERS: Final[dict[str, dict[int, str]]] = FACTS["answers"]
"""By method and path: the name of the schema of each good answer, by status."""
STATED: Final[dict[str, Any]] = FACTS["stated"]
"""What the description states in words or by an example, and no schema says."""


def expand(written: Any) -> dict[str, Any]:
    """Turn a schema of the table into one of JSON Schema."""
    if isinstance(written, dict):
        inner = {name.removesuffix("*"): expand(value) for name, value in written.items()}
        required = [name.removesuffix("*") for name in written if name.endswith("*")]
        return {"type": "object", "properties": inner, "required": required}
    if isinstance(written, list):
        items, *limits = written
        return {"type": "array", "items": expand(items)} | _limits("Items", *limits)
    kind, *limits = written.removesuffix(")").split("(")
    if kind in FACTS["schemas"]:
        return {"$ref": kind}
    return TYPES[kind] | _limits("Length", *limits)


def _limits(of: str, written: str = "..") -> dict[str, int]:
    ends = zip(("min", "max"), written.split(".."), strict=True)
    return {word + of: int(end) for word, end in ends if end}


SCHEMAS: Final = {name: expand(written) for name, written in FACTS["schemas"].items()}
"""By name. A ``$ref`` is just the name of another."""


def properties(schema: str) -> dict[str, dict[str, Any]]:
    """The properties of a schema, by name."""
    found: dict[str, dict[str, Any]] = SCHEMAS[schema]["properties"]
    return found


def example(schema: str) -> Any:
    """Make an answer with everything that a schema knows, as different as values can be."""
    return _example(SCHEMAS[schema], "")


def _example(schema: dict[str, Any], path: str) -> Any:
    match schema:
        case {"$ref": name}:
            return _example(SCHEMAS[name], path)
        case {"properties": inner}:
            return {name: _example(value, f"{path}.{name}") for name, value in inner.items()}
        case {"items": items}:
            return [_example(items, path)]
    unique = uuid5(NAMESPACE_URL, path)
    moment = datetime.fromtimestamp(unique.int % 10**9, UTC).isoformat()
    values = {
        "boolean": True,
        "integer": unique.int % 10**6,
        "string": path[-schema.get("maxLength", len(path)) :],
        "date": moment[:10],
        "date-time": moment,
        "uuid": str(unique),
    }
    return values[schema.get("format", schema["type"])]
