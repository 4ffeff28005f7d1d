"""STATE out: the only thing that the target writes to stdout."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from singer_sdk.singerlib.json import serialize_json

if TYPE_CHECKING:
    from collections.abc import Mapping


def write_state(state: Mapping[str, Any]) -> None:
    """Write a STATE that may leave; it has left when this returns."""
    sys.stdout.write(serialize_json(state) + "\n")
    # What reads it keeps it: a STATE that stayed in a buffer would be lost with the process.
    sys.stdout.flush()
