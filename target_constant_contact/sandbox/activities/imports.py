"""Applying an import to the contacts: here it is decided what becomes of a row."""

from __future__ import annotations

import json
import os
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from target_constant_contact.sandbox.activities.outcome import Outcome
from target_constant_contact.sandbox.activities.row_faults import row_faults
from target_constant_contact.sandbox.activities.rows import Property, Row, Rules, read_row
from target_constant_contact.sandbox.data.contacts import parsed_properties
from target_constant_contact.sandbox.data.history import add_entry
from target_constant_contact.sandbox.data.lists import list_numbers
from target_constant_contact.sandbox.data.queries import select

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from target_constant_contact.sandbox.control.behaviour import Behaviour

MAX_CUSTOM_FIELDS = 25
MAX_LISTS_OF_CONTACT = 50
MAX_KINDS = 3
_PHONES = frozenset({"phone", "home_phone", "work_phone", "mobile_phone"})
_encode = json.JSONEncoder(check_circular=False).encode


@dataclass(slots=True)
class ImportJob:
    """An import whose time has come.

    Attributes:
        activity_id: For the history of the contacts.
        list_ids: Lists that every row joins.
        rows: The rows as they came, after silent truncation.
        sms_permission: ``explicit`` or ``not_set``.
        now: The moment at which the import ends.
    """

    activity_id: str
    list_ids: Sequence[str]
    rows: Sequence[Mapping[str, Any]]
    sms_permission: str
    now: float


@dataclass(slots=True)
class _Person:
    seq: int
    permission: str | None
    deleted_at: float | None
    properties: dict[str, Property]
    history: str
    lists: int = 0


def apply_import(db: sqlite3.Connection, job: ImportJob, behaviour: Behaviour) -> Outcome:
    """Import the rows inside the transaction of ``db``."""
    numbers = list_numbers(db, job.list_ids)
    if len(numbers) < len({list_id.lower() for list_id in job.list_ids}):
        return Outcome(errors=["A contact list does not exist"], failed=True)
    rules = _rules(db, job, behaviour)
    # The header is line 1, also where there is none.
    read = [read_row(raw, line, rules) for line, raw in enumerate(job.rows, start=2)]
    rows = _meddled_with(read, behaviour)
    good = [row for row in _unique(rows, behaviour) if not row.problem]
    kept_off = _Writer(db, job, sorted(numbers.values())).write(good)
    counted = read if behaviour.dropped_are_counted else rows
    outcome = _outcome(counted, _unique(counted, behaviour), len(kept_off), behaviour)
    outcome.faults = row_faults(read, rows, kept_off, outcome)
    return outcome


def _rules(db: sqlite3.Connection, job: ImportJob, behaviour: Behaviour) -> Rules:
    names = db.execute("SELECT name FROM custom_fields").fetchall()
    return Rules(
        custom_names=frozenset(f"cf:{row['name']}" for row in names),
        year=datetime.fromtimestamp(job.now, UTC).year,
        sms_permission=job.sms_permission,
        reject_too_long=behaviour.too_long == "reject",
    )


def _meddled_with(rows: list[Row], behaviour: Behaviour) -> list[Row]:
    """Return the rows without those that vanish, and with a problem for those that are flagged."""
    dropped, flagged = (
        {f"e:{address.lower()}" for address in addresses}
        for addresses in (behaviour.dropped_addresses, behaviour.flagged_addresses)
    )
    for row in rows if flagged else ():
        if row.key in flagged:
            row.problem = row.problem or "Invalid email address"
    return [row for row in rows if row.key not in dropped] if dropped else rows


def _unique(rows: Sequence[Row], behaviour: Behaviour) -> list[Row]:
    winners: dict[str, Row] = {}
    for row in rows:
        # Nothing tells whether two rows without an identity are the same person.
        key = row.key or f"line {row.line}"
        if behaviour.duplicate_row_wins == "last" or key not in winners:
            winners[key] = row
    return list(winners.values())


def _outcome(
    rows: Sequence[Row], unique: Sequence[Row], kept_off: int, behaviour: Behaviour
) -> Outcome:
    faulty = [row for row in unique if row.problem]
    people = {
        "unique": sum(1 for row in unique if row.key),
        "rows": len(rows),
        "landed": len(unique) - len(faulty) - kept_off,
    }
    counters = {
        "items_total_count": len(rows) + int(behaviour.header_row_counted),
        "person_count": people[behaviour.person_count],
        "error_count": 0,
        "correctable_count": len(faulty),
        "cannot_add_to_list_count": kept_off,
    }
    lines = [f"Line {row.line}: {row.problem}" for row in faulty]
    return Outcome(
        counters=counters if behaviour.report_counters else {},
        errors=lines if behaviour.line_errors else [],
    )


class _Writer:
    """Brings good rows, one for each person, into the tables with few statements."""

    def __init__(self, db: sqlite3.Connection, job: ImportJob, lists: list[int]) -> None:
        self._db = db
        self._job = job
        self._lists = lists
        self._inserts: list[tuple[Any, ...]] = []
        self._updates: list[tuple[Any, ...]] = []
        self._joins: list[tuple[int, int, float]] = []

    def write(self, rows: Sequence[Row]) -> list[Row]:
        """Write the rows and return those of people who could not be added to the lists."""
        known = self._known(row.key for row in rows)
        members = self._members(known.values())
        (next_seq,) = self._db.execute("SELECT coalesce(max(seq), 0) + 1 FROM contacts").fetchone()
        kept_off = []
        for row in rows:
            person = known.get(row.key)
            if person is None:
                self._create(row, next_seq)
                next_seq += 1
            elif not self._change(person, row, members.get(person.seq, frozenset())):
                kept_off.append(row)
        self._flush()
        return kept_off

    def _known(self, keys: Iterable[str]) -> dict[str, _Person]:
        kinds: dict[str, list[str]] = {"e": [], "s": []}
        for key in keys:
            kinds[key[0]].append(key[2:])
        columns = (
            "seq, permission, deleted_at, properties, history,"
            " (SELECT count(*) FROM memberships m WHERE m.contact_seq = contacts.seq) AS lists"
        )
        people: dict[str, _Person] = {}
        for kind, key, condition in (
            ("e", "email_key", "email_key IN (SELECT value FROM json_each(?))"),
            ("s", "sms_key", "sms_key IN (SELECT value FROM json_each(?)) AND email_key IS NULL"),
        ):
            query = select(f"{key} AS key, {columns}", "contacts", condition)
            rows = self._db.execute(query, (json.dumps(kinds[kind]),)).fetchall()
            for row, properties in zip(rows, parsed_properties(rows), strict=True):
                people[f"{kind}:{row['key']}"] = _Person(
                    seq=row["seq"],
                    permission=row["permission"],
                    deleted_at=row["deleted_at"],
                    properties=properties,
                    history=row["history"],
                    lists=row["lists"],
                )
        return people

    def _members(self, people: Iterable[_Person]) -> dict[int, set[int]]:
        query = (
            "SELECT contact_seq, list_seq FROM memberships"
            " WHERE list_seq IN (SELECT value FROM json_each(?))"
            " AND contact_seq IN (SELECT value FROM json_each(?))"
        )
        wanted = json.dumps(self._lists), json.dumps([person.seq for person in people])
        members: dict[int, set[int]] = {}
        for contact, joined in self._db.execute(query, wanted):
            members.setdefault(contact, set()).add(joined)
        return members

    def _create(self, row: Row, seq: int) -> None:
        properties = _merged({}, row.properties)
        email_key = row.key[2:] if row.email else None
        self._inserts.append(
            (
                seq,
                _contact_id(self._job.now),
                email_key,
                row.email or None,
                properties.get("sms_number"),
                "implicit" if row.email else None,
                _encode(properties),
                add_entry("", self._job.now, "created", self._job.activity_id),
                self._job.now,
                self._job.now,
            )
        )
        self._joins.extend((number, seq, self._job.now) for number in self._lists)

    def _change(self, person: _Person, row: Row, joined: Collection[int]) -> bool:
        """Update a person; tell whether they may be on the lists."""
        if person.permission == "unsubscribed":
            if person.deleted_at is not None:
                self._update(person, person.properties, "came back, still unsubscribed")
            return False
        properties = _merged(person.properties, row.properties)
        joins = [number for number in self._lists if number not in joined]
        joins = joins[: max(0, MAX_LISTS_OF_CONTACT - person.lists)]
        self._joins.extend((number, person.seq, self._job.now) for number in joins)
        if person.deleted_at is not None:
            self._update(person, properties, "came back after deletion")
        elif properties != person.properties:
            self._update(person, properties, "updated")
        elif joins:
            self._update(person, properties, "added to a list")
        return True

    def _update(self, person: _Person, properties: dict[str, Property], what: str) -> None:
        self._updates.append(
            (
                _encode(properties),
                properties.get("sms_number"),
                add_entry(person.history, self._job.now, what, self._job.activity_id),
                self._job.now,
                person.seq,
            )
        )

    def _flush(self) -> None:
        self._db.executemany(
            "INSERT INTO contacts (seq, contact_id, email_key, email, sms_key, permission,"
            " properties, history, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            self._inserts,
        )
        self._db.executemany(
            "UPDATE contacts SET properties = ?, sms_key = ?, history = ?, updated_at = ?,"
            " deleted_at = NULL WHERE seq = ?",
            self._updates,
        )
        self._db.executemany("INSERT OR IGNORE INTO memberships VALUES (?, ?, ?)", self._joins)


def _contact_id(now: float) -> str:
    """Return a new UUID that begins with the moment, as the service's do.

    Those of an import lie side by side in their index, where random ones would be all over it.
    """
    moment, rest = f"{int(now * 1_000):012x}", os.urandom(9).hex()
    return f"{moment[:8]}-{moment[8:]}-7{rest[:3]}-8{rest[3:6]}-{rest[6:]}"


def _merged(old: Mapping[str, Property], new: Mapping[str, Property]) -> dict[str, Property]:
    """Return ``old`` with what ``new`` supplies, within the numbers that a contact may have."""
    merged = {**old, **new}
    further = [name for name in new if name not in old and _group(name)]
    if further:
        counts = Counter(group for name in old if (group := _group(name)))
        for name in further:
            group = _group(name)
            if counts[group] >= (MAX_CUSTOM_FIELDS if group == "custom" else MAX_KINDS):
                del merged[name]
            else:
                counts[group] += 1
    if old.get("sms_permission_to_send") == "explicit":
        merged["sms_permission_to_send"] = "explicit"
    return merged


def _group(name: str) -> str:
    if name[:3] == "cf:":
        return "custom"
    return "phone" if name in _PHONES else ""
