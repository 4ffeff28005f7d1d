"""Compare libraries that check records against a JSON schema."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, Any

import fastjsonschema
import jsonschema
import jsonschema_rs
from singer_sdk.singerlib.json import deserialize_json

from benchmarks.generate import SEED
from benchmarks.members import SCHEMA, records

if TYPE_CHECKING:
    from collections.abc import Callable

_ROWS = 20_000


def main() -> None:
    """Print the microseconds that each library takes for a record."""
    rows = [deserialize_json(text) for text in records(_ROWS, random.Random(SEED))]
    # It knows no later draft; for this schema they are the same.
    draft = SCHEMA | {"$schema": "http://json-schema.org/draft-07/schema#"}
    checks: dict[str, Callable[[dict[str, Any]], Any]] = {
        "jsonschema": jsonschema.Draft202012Validator(SCHEMA).validate,
        "fastjsonschema": fastjsonschema.compile(draft, use_formats=False),
        "jsonschema-rs": jsonschema_rs.Draft202012Validator(
            SCHEMA, validate_formats=False
        ).is_valid,
    }
    print("| library | microseconds a record |\n|---|---:|")
    for name, check in checks.items():
        began = time.process_time()
        for row in rows:
            check(row)
        print(f"| {name} | {(time.process_time() - began) / _ROWS * 1e6:.1f} |")


if __name__ == "__main__":
    main()
