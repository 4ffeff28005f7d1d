"""Rows that contradict: however imports end, the last value wins, and STATE is never early."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from target_constant_contact.api.models import Activity
from target_constant_contact.batches.batch import BatchLimits, Destination
from target_constant_contact.batches.chunk import Chunk
from target_constant_contact.batches.merging import permission_of_encoded
from target_constant_contact.batches.packer import Packer
from target_constant_contact.contacts.encoding import encode_contact
from target_constant_contact.events.events import Events
from target_constant_contact.imports.settled import SettledImport
from target_constant_contact.ledger.settlement import Settlement
from target_constant_contact.run.accounting import Accounting
from target_constant_contact.run.intake import Intake
from target_constant_contact.segments.gate import Gate
from target_constant_contact.segments.people import PeopleKey
from tests.support.packing import Memory, rows_of, update

if TYPE_CHECKING:
    from target_constant_contact.batches.batch import ImportBatch

LISTS = st.sets(st.sampled_from("abcd"), min_size=1, max_size=3).map(lambda x: tuple(sorted(x)))
EXTRA = st.dictionaries(
    st.sampled_from(["first_name", "city", "sms_number", "sms_consent_date"]),
    st.sampled_from(["x", "y" * 9]),
    max_size=3,
)
ROWS = st.lists(st.tuples(st.sampled_from("abcdefghijkl"), LISTS, EXTRA), max_size=60)
BOUNDS = st.fixed_dictionaries(
    {
        "open_rows": st.sampled_from([2, 5, 12, 1_000]),
        "open_bytes": st.sampled_from([400, 1_500, 100_000]),
        "open_batches": st.sampled_from([2, 5, 1_000]),
        "unsettled_rows": st.sampled_from([3, 10, 1_000]),
        "spill": st.sampled_from([Memory, Memory, Memory, lambda: None]),
    }
)
# Rows that the index keeps in memory, and settled ones that it is built anew for.
INDEXED = st.tuples(st.sampled_from([0, 7, 1_000]), st.sampled_from([0, 4, 1_000]))


class Service:
    """Settles batches in whatever order is allowed, as a service that merges does."""

    def __init__(self, draw: Any, bounds: dict[str, Any]) -> None:
        self._draw = draw
        self.accounting = Accounting(
            Path("none"),
            max_rejected_percent=0,
            encode=str,
            write_state=self._write_state,
            events=Events(),
        )
        self.limits = BatchLimits(rows=5, size=700)
        settings: Any = SimpleNamespace(
            import_format="json", limits=self.limits, max_profiles_per_export=1_000
        )
        self.spill = bounds["spill"]()
        gate = Gate(PeopleKey(str))
        self.intake = Intake(settings, self.accounting, gate, self._take)
        packer = Packer("json", self.limits, **{**bounds, "spill": self.spill})
        self.intake._packer = packer
        self.unsettled = packer._door.unsettled
        self.people: dict[str, dict[str, Any]] = {}
        self.lists: set[tuple[str, str]] = set()
        self.taken: dict[int, ImportBatch] = {}
        self.waiting: list[ImportBatch] = []
        self.rows: list[tuple[str, tuple[str, ...], dict[str, str]]] = []
        self.states: list[int] = []

    def _take(self, batch: ImportBatch) -> None:
        assert batch.number not in self.taken
        assert 0 < batch.rows <= self.limits.rows
        assert len(batch.body) <= self.limits.size
        assert len(rows_of(batch)) == batch.rows == len(batch.fingerprints.keys)
        self.taken[batch.number] = batch
        self.waiting.append(batch)
        self.settle(self._draw.randrange(3))

    def settle(self, most: int) -> None:
        for _ in range(most):
            left = {batch.number for batch in self.waiting}
            # What is not known yet is still open.
            free = [
                batch
                for batch in self.waiting
                if batch.waits_for <= self.taken.keys() and batch.waits_for.isdisjoint(left)
            ]
            if not free:
                return
            batch = self._draw.choice(free)
            self.waiting.remove(batch)
            for key, row in rows_of(batch).items():
                update(self.people.setdefault(key, {}), row)
                self.lists |= {(key, list_id) for list_id in batch.destination.list_ids}
            activity = Activity("a1", "completed", {})
            self.accounting.settle(SettledImport(batch, activity, Settlement(batch.rows)))
            self.intake.settled(batch.number)

    def _write_state(self, state: Any) -> None:
        for key, lists, extra in self.rows[: state["row"]]:
            assert self.lists.issuperset((key, list_id) for list_id in lists)
            assert extra.keys() - {"sms_consent_date"} <= self.people[key].keys()
        self.states.append(state["row"])

    def read(self, rows: list[Any], chunk_size: int) -> None:
        given, numbers = [], dict.fromkeys("abcdefghijkl", "n")
        for at, (key, lists, extra) in enumerate(rows):
            person = {"email": f"{key}@example.com", **extra}
            if "sms_number" in extra:
                # The same again, or one that never comes back: whether consent that was given for
                # a number still is when it comes back depends on what is merged.
                numbers[key] = numbers[key] if extra["sms_number"] == "x" else f"n{at}"
                person["sms_number"] = numbers[key]
            else:
                # Alone it is consent for a number that may have left memory: then it is not said.
                person.pop("sms_consent_date", None)
            given.append((person["email"], lists, person))
        self.rows = given
        bodies = [encode_contact(person) for _, _, person in given]
        routes = [
            (Destination("members", lists), permission_of_encoded(body))
            for (_, lists, _), body in zip(given, bodies, strict=True)
        ]
        for start in range(0, len(rows), chunk_size):
            part = slice(start, start + chunk_size)
            chunk = Chunk(routes[part], [key for key, *_ in given[part]], bodies[part], ())
            assert self.intake.add_chunk(chunk, 0) == len(chunk.keys)
            self.accounting.add_state({"row": start + len(chunk.keys)})
            self.settle(self._draw.randrange(2))


@given(
    rows=ROWS,
    bounds=BOUNDS,
    indexed=INDEXED,
    chunk_size=st.sampled_from([1, 3, 17, 40]),
    draw=st.randoms(),
)
def test_in_any_order_the_last_value_wins_and_state_is_never_early(
    rows, bounds, indexed, chunk_size, draw
):
    service = Service(draw, bounds)
    service.unsettled._most_in_memory, service.unsettled._worth_moving = indexed
    service.read(rows, chunk_size)
    service.intake.send_rest()
    service.settle(10_000)
    assert not service.unsettled.numbers
    # No circle: everything could be sent.
    assert not service.waiting
    service.accounting.raise_faults()
    service.accounting.release()
    assert service.states[-1:] == [len(rows)][: len(rows)]
    wanted: dict[str, dict[str, Any]] = {}
    for key, _, person in service.rows:
        update(wanted.setdefault(key, {}), person)
    assert service.people == wanted
    assert service.lists == {(key, each) for key, lists, _ in service.rows for each in lists}
    report = service.accounting.report
    assert report.totals.read == len(rows)
    assert report.totals.read + report.totals.copies == report.totals.accounted
    if service.spill:
        assert not service.spill.kept
