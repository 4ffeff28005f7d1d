"""Rows that are packed by list: the sums add up, and STATE waits for every one of their lists."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from target_constant_contact.api.models import Activity
from target_constant_contact.batches import packer
from target_constant_contact.batches.batch import BatchLimits, Destination
from target_constant_contact.contacts.addresses import hashed
from target_constant_contact.contacts.encoding import encode_contact
from target_constant_contact.events.events import Events
from target_constant_contact.imports.settled import SettledImport
from target_constant_contact.ledger.settlement import Settlement
from target_constant_contact.run.accounting import Accounting
from target_constant_contact.run.intake import Intake
from target_constant_contact.segments.gate import Gate
from target_constant_contact.segments.people import PeopleKey

if TYPE_CHECKING:
    from target_constant_contact.batches.batch import ImportBatch

LISTS = ("list-a", "list-b", "list-c", "list-d")
ROWS = st.lists(
    st.tuples(
        st.sampled_from("abcdefghijkl"),
        st.sets(st.sampled_from(LISTS), min_size=1).map(lambda found: tuple(sorted(found))),
        st.sampled_from([{}, {"sms_number": "1"}, {"sms_consent_date": "2024-07-03"}]),
    ),
    max_size=40,
)


class Service:
    """Settles batches when it likes, and looks at the STATE that leaves meanwhile."""

    def __init__(self, draw: Any) -> None:
        self._draw = draw
        self.accounting = Accounting(
            Path("none"),
            max_rejected_percent=0,
            encode=str,
            write_state=self._write_state,
            events=Events(),
        )
        self.rows: list[tuple[str, tuple[str, ...]]] = []
        self.states: list[int] = []
        self._waiting: list[ImportBatch] = []
        self._landed: set[tuple[int, str]] = set()

    def take(self, batch: ImportBatch) -> None:
        self._waiting.append(batch)
        self.settle(self._draw.randrange(3))

    def settle(self, most: int) -> None:
        for _ in range(min(most, len(self._waiting))):
            batch = self._waiting.pop(self._draw.randrange(len(self._waiting)))
            (*lists,) = batch.destination.list_ids
            self._landed |= {(key, list_id) for key in batch.fingerprints.keys for list_id in lists}
            activity = Activity("a1", "completed", {})
            self.accounting.settle(SettledImport(batch, activity, Settlement(batch.rows)))

    def _write_state(self, state: Any) -> None:
        for key, lists in self.rows[: state["row"]]:
            assert self._landed.issuperset((hashed(key), list_id) for list_id in lists)
        self.states.append(state["row"])


@given(rows=ROWS, open_rows=st.sampled_from([6, 15, 1_000]), draw=st.randoms())
def test_state_waits_for_all_lists_of_every_row_and_the_sums_add_up(rows, open_rows, draw):
    service = Service(draw)
    accounting = service.accounting
    settings: Any = SimpleNamespace(
        import_format="json", limits=BatchLimits(rows=5), max_profiles_per_export=1_000
    )
    intake = Intake(settings, accounting, Gate(PeopleKey(str)), service.take)
    intake._packer = packer.Packer("json", settings.limits, open_rows=open_rows)
    for number, (key, lists, extra) in enumerate(rows, start=1):
        address = f"{key}@example.com"
        service.rows.append((address, lists))
        encoded = encode_contact({"email": address, **extra})
        assert intake.add(Destination("members", lists), address, encoded)
        accounting.add_state({"row": number})
        service.settle(draw.randrange(2))
    intake.send_rest()
    service.settle(1_000)
    accounting.raise_faults()
    accounting.release()
    assert service.states[-1:] == [len(rows)][: len(rows)]
    report = accounting.report
    assert report.totals.read == len(rows)
    assert report.totals.read + report.totals.copies == report.totals.accounted
    wanted = Counter(list_id for _, lists in service.rows for list_id in lists)
    read: Counter[str] = Counter()
    for place, counts in report.counts.items():
        read.update(dict.fromkeys(place.list_ids, counts.read))
    assert read == wanted
