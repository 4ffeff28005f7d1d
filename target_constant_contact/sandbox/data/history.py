"""The history of a contact: what happened to it, when, and by which activity."""

from __future__ import annotations

import json
from functools import lru_cache

MAX_ENTRIES = 20


def add_entry(history: str, at: float, what: str, activity_id: str) -> str:
    """Return the stored history with one entry more; the first and the newest ones are kept."""
    entry = _entry(at, what, activity_id)
    if not history:
        return f"[{entry}]"
    # Every entry is one object without objects in it. Parsing each history would take up much of
    # the time of an import.
    if history.count("{") < MAX_ENTRIES:
        return f"{history[:-1]}, {entry}]"
    entries = json.loads(history)
    return json.dumps([entries[0], *entries[-(MAX_ENTRIES - 2) :], json.loads(entry)])


@lru_cache(maxsize=16)
def _entry(at: float, what: str, activity_id: str) -> str:
    """Encode an entry; the people in an activity share a few of them."""
    return json.dumps({"at": at, "what": what, "activity": activity_id})
