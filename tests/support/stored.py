"""Stores with something of everything in them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select

from target_constant_contact.store.archive import (
    HIDDEN,
    TABLES,
    closed,
    head,
    line_of,
    rows_of,
    tail,
)
from target_constant_contact.store.cipher import Cipher, new_key
from target_constant_contact.store.importing import import_store
from target_constant_contact.store.slot import DAY_SECONDS
from target_constant_contact.store.versions import prepare

if TYPE_CHECKING:
    from target_constant_contact.store.database import Database
    from target_constant_contact.store.importing import Imported

KEY, NEW_KEY, OTHER_KEY = (new_key() for _ in range(3))
TOKEN = "rt-0123456789-very-secret"
LEDGER_KEY = "5e" * 64
NOW = 1_790_000_000.25
TODAY = int(NOW // DAY_SECONDS)
ENTRY = {
    "stream": "members",
    "began_at": NOW,
    "newest_before": None,
    "file_name": "a.csv",
    "state": "sent",
    "activity_id": "",
    "created_at": NOW + 0.125,
}


def documents(*names: str, token: str = TOKEN) -> list[dict[str, Any]]:
    return [
        {"name": name, "document": json.dumps({"name": name, "token": token}), "writes": number}
        for number, name in enumerate(names, start=3)
    ]


def export_rows(name: str, run: str = "", at: float = NOW, size: int = 5) -> dict[str, Any]:
    """The rows of an export; with a run that was interrupted, those of its ledger."""
    key = {"account": "account-1", "export": name}
    found: dict[str, Any] = {"exports": [key | {"written_at": at}]}
    if run:
        found["open_runs"] = [key | {"run": run, "begun_at": at, "key": "0011223344556677"}]
        found["entries"] = [
            key | ENTRY | {"number": number, "content": f"{number:064x}", "rows": number}
            for number in range(1, 4)
        ]
        found["fingerprints"] = [
            key | {"number": number, "said": bytes(range(256)) * size} for number in range(1, 4)
        ]
    return found


def everything() -> dict[str, Any]:
    """Something of every table."""
    found = export_rows("nightly", "20260921T000000Z-aaaaaa")
    found["exports"] += export_rows("weekly")["exports"]
    slots = {"key": "k" * 64, "last": NOW, "asked": NOW, "day": TODAY, "used": 120}
    return found | {
        "slots": [slots | {"other_day": TODAY - 1, "other_used": 9_000}],
        "connections": documents("shop", "shop-é"),
        "secrets": [{"name": "ledger key", "value": LEDGER_KEY}],
        "runs": [
            {"run": run, "started_at": NOW, "machine": "one", "folder": "/d/r", "report": report}
            for run, report in (("20260920T0", '{"status": "ok"}'), ("20260921T0", None))
        ],
        **segment_rows("members", "7d2f0e5a-0000-4000-8000-000000000001"),
        "suppressions": [{"person": "ab" * 16, "since": NOW}],
        "opt_outs": [
            {"account": "account-1", "read_at": NOW, "whole_at": NOW, "people": bytes(range(32))}
        ],
    }


def segment_rows(stream: str, list_id: str) -> dict[str, Any]:
    """The rows of a segment that a list follows."""
    list_key = {"account": "account-1", "list_id": list_id}
    key = list_key | {"stream": stream}
    load = {"run": "20260920T0", "loaded_at": NOW, "state": "sealed", "reason": ""}
    return {
        "segments": [key | load],
        "members": [key | {"part": part, "people": bytes(range(64))} for part in range(2)],
        "loads": [
            key | {"run": "20260920T0", "number": number, "people": bytes(range(48))}
            for number in range(2)
        ],
        "owners": [key],
        "leavers": [key | {"people": bytes(range(16))}],
        "scratch_lists": [
            {"account": "account-1", "name": "scratch", "list_id": list_id, "made_at": NOW}
        ],
    }


def fill(database: Database, rows: dict[str, Any] | None = None, keys: str = KEY) -> Database:
    """Put rows into a store; a server's is encrypted with the first of the keys."""
    prepare(database)
    if database.kind == "postgresql":
        database.cipher = Cipher(keys)
    with database.transaction() as connection:
        for name, found in (everything() if rows is None else rows).items():
            stored = [closed(database.cipher, TABLES[name], row) for row in found]
            connection.execute(insert(TABLES[name]), stored)
    return database


def rows_in(database: Database) -> dict[str, Any]:
    """All rows of a store, its secrets in clear."""
    with database.transaction() as connection:
        return {name: [*_rows(connection, database.cipher, name)] for name in TABLES}


def _rows(connection: Any, cipher: Cipher | None, name: str) -> Any:
    table = TABLES[name]
    for found in connection.execute(select(table).order_by(*table.primary_key)).mappings():
        row = dict(found)
        if cipher and name in HIDDEN:
            row[HIDDEN[name]] = cipher.show(row[HIDDEN[name]])
        yield row


def take_in(database: Database, rows: dict[str, Any], **options: Any) -> Imported:
    """Import rows into a store."""
    cipher = Cipher(KEY)
    lines = [head()]
    for name in TABLES:
        for row in rows.get(name, ()):
            secret = HIDDEN.get(name)
            shown = row | {secret: cipher.hide(row[secret])} if secret else row
            lines.append(line_of(TABLES[name], shown))
    lines.append(tail({name: len(found) for name, found in rows.items() if found}))
    return import_store(database, cipher, lambda: rows_of(lines, "x.jsonl"), "x.jsonl", **options)
