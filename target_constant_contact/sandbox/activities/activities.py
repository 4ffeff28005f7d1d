"""Bulk activities: queued at once, carried out when their time has come by the account's clock."""

from __future__ import annotations

import json
import logging
import uuid
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from target_constant_contact.sandbox.activities import jobs
from target_constant_contact.sandbox.activities.exports import export_contacts
from target_constant_contact.sandbox.activities.imports import ImportJob, apply_import
from target_constant_contact.sandbox.activities.outcome import Outcome
from target_constant_contact.sandbox.data.clock import stamp

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from target_constant_contact.sandbox.control.behaviour import Behaviour
    from target_constant_contact.sandbox.data.store import Store

logger = logging.getLogger(__name__)
IMPORTS = frozenset({"contacts_json_import", "contacts_file_import"})
DAY = 86_400.0
_JOBS = {
    "remove_list_memberships": jobs.remove_memberships,
    "add_list_memberships": jobs.add_memberships,
    "list_delete": jobs.delete_lists,
    "contact_delete": jobs.delete_contacts,
}


@dataclass(frozen=True, slots=True)
class NewActivity:
    """An activity to be queued.

    Attributes:
        kind: Last part of the path that it was posted to.
        payload: What it will work on; kept as JSON until then.
        rows: Rows of an import as they came, before anything was dropped.
        list_ids: Lists that it concerns.
        source_file_name: As shown later.
        outcome: State in which it shall end; ``stuck`` is never.
    """

    kind: str
    payload: dict[str, Any]
    rows: int = 0
    list_ids: Sequence[str] = field(default_factory=tuple)
    source_file_name: str | None = None
    outcome: str = "completed"


def queue(db: sqlite3.Connection, new: NewActivity, now: float, wait: tuple[float, float]) -> str:
    """Queue an activity that starts and then ends after the two waits, and return its id."""
    # The service's ids look time-based; uuid1 would put this machine's address into them.
    activity_id = str(uuid.uuid4())
    starts_at = now + wait[0]
    db.execute(
        "INSERT INTO activities (activity_id, kind, outcome, created_at, starts_at, ends_at,"
        " source_file_name, rows, list_ids, payload, results_id)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            activity_id,
            new.kind,
            new.outcome,
            now,
            starts_at,
            starts_at + wait[1],
            new.source_file_name,
            new.rows,
            json.dumps(list(new.list_ids)),
            json.dumps(new.payload).encode(),
            str(uuid.uuid4()) if new.kind == "contact_exports" else None,
        ),
    )
    return activity_id


def end_of_queue(db: sqlite3.Connection) -> float:
    """Return the moment at which the last of the queued activities ends, but for stuck ones."""
    query = "SELECT max(ends_at) FROM activities WHERE settled = 0 AND outcome != 'stuck'"
    return float(db.execute(query).fetchone()[0] or 0.0)


def unfinished(db: sqlite3.Connection) -> int:
    """Count the activities that have not ended."""
    count: int = db.execute("SELECT count(*) FROM activities WHERE settled = 0").fetchone()[0]
    return count


def settle_next(store: Store, behaviour: Behaviour, now: float) -> bool:
    """Carry out the activity that was due first, in one transaction; tell whether there was one."""
    query = (
        " FROM activities WHERE settled = 0 AND outcome != 'stuck' AND ends_at <= ?"
        " ORDER BY ends_at, seq LIMIT 1"
    )
    # Looked at without owning the file, because nearly always nothing is due.
    with store.reading() as db:
        if db.execute(f"SELECT 1{query}", (now,)).fetchone() is None:
            return False
    with store.writing() as db:
        row = db.execute(f"SELECT *{query}", (now,)).fetchone()
        if row is None:  # another process was faster
            return True
        is_disturbed = row["outcome"] != "completed"
        _finish(db, row, Outcome() if is_disturbed else _try(db, row, behaviour))
    return True


def _try(db: sqlite3.Connection, row: sqlite3.Row, behaviour: Behaviour) -> Outcome:
    """Carry an activity out wholly or not at all; one that cannot be must not stop the others."""
    db.execute("SAVEPOINT job")
    try:
        return _carry_out(db, row, behaviour)
    except Exception:
        logger.exception("The sandbox failed to carry out activity %s", row["activity_id"])
        db.execute("ROLLBACK TO job")
        return Outcome(errors=["Internal error"], failed=True)


def _carry_out(db: sqlite3.Connection, row: sqlite3.Row, behaviour: Behaviour) -> Outcome:
    payload = json.loads(row["payload"])
    if row["kind"] in IMPORTS:
        job = ImportJob(
            activity_id=row["activity_id"],
            list_ids=json.loads(row["list_ids"]),
            rows=payload["rows"],
            sms_permission=payload["sms_permission"],
            now=row["ends_at"],
        )
        return apply_import(db, job, behaviour)
    if row["kind"] == "contact_exports":
        return export_contacts(db, payload, behaviour.shows_until(row["ends_at"]))
    return _JOBS[row["kind"]](db, payload, row["activity_id"], row["ends_at"])


def _finish(db: sqlite3.Connection, row: sqlite3.Row, outcome: Outcome) -> None:
    db.execute(
        "UPDATE activities SET settled = 1, payload = NULL, outcome = ?, counters = ?, errors = ?,"
        " faults = ?, results = ? WHERE seq = ?",
        (
            "failed" if outcome.failed else row["outcome"],
            json.dumps(outcome.counters),
            json.dumps(outcome.errors),
            json.dumps([asdict(fault) for fault in outcome.faults]),
            outcome.results,
            row["seq"],
        ),
    )


def state_of(row: sqlite3.Row, now: float) -> str:
    """Return the state that an activity shows at ``now``."""
    if row["settled"]:
        return str(row["outcome"])
    return "initialized" if now < row["starts_at"] else "processing"


def activity_resource(row: sqlite3.Row, now: float) -> dict[str, Any]:
    """Show an activity as the API does."""
    state = state_of(row, now)
    moments = {"created_at": row["created_at"]}
    if state != "initialized":
        moments["started_at"] = row["starts_at"]
    if row["settled"]:
        moments["completed_at"] = row["ends_at"]
    resource: dict[str, Any] = {"activity_id": row["activity_id"], "state": state}
    resource |= {name: stamp(moment) for name, moment in moments.items()}
    resource["updated_at"] = stamp(max(moments.values()))
    if row["source_file_name"]:
        resource["source_file_name"] = row["source_file_name"]
    links = {"self": {"href": f"/v3/activities/{row['activity_id']}"}}
    if row["results_id"]:
        links["results"] = {"href": f"/v3/contact_exports/{row['results_id']}"}
    return resource | {
        "percent_done": _percent_done(row, now),
        "activity_errors": json.loads(row["errors"]),
        "status": json.loads(row["counters"]),
        "_links": links,
    }


def _percent_done(row: sqlite3.Row, now: float) -> int:
    if row["settled"]:
        return 100
    span = row["ends_at"] - row["starts_at"]
    done = (now - row["starts_at"]) / span if span > 0 else 0.0
    return min(99, max(0, int(100 * done)))
