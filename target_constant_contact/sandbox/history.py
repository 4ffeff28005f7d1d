"""The history of a contact: what happened to it, when, and by which activity."""

from __future__ import annotations

import json

MAX_ENTRIES = 20


def add_entry(history: str, at: float, what: str, activity_id: str) -> str:
    """Return the stored history with one entry more; the first and the newest ones are kept."""
    entries = json.loads(history) if history else []
    entries.append({"at": at, "what": what, "activity": activity_id})
    if len(entries) > MAX_ENTRIES:
        entries = entries[:1] + entries[-(MAX_ENTRIES - 1) :]
    return json.dumps(entries)
