"""The service's official description, which is not part of this repository."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any, Final

import yaml

PLACE: Final = Path(__file__).parents[3] / "shared" / "constant-contact-v3-openapi.yaml"


@functools.cache
def official() -> Any:
    """The description, read once."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return _with_text_keys(yaml.load(PLACE.read_text(encoding="utf-8"), loader))


def _with_text_keys(value: Any) -> Any:
    """Write every key as JSON would; YAML reads the status codes as numbers."""
    if isinstance(value, dict):
        return {str(key): _with_text_keys(item) for key, item in value.items()}
    return [_with_text_keys(item) for item in value] if isinstance(value, list) else value
