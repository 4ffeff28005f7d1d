"""However often an export is interrupted, taking it up leaves no older value on top."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from target_constant_contact.api.models import Activity
from target_constant_contact.batches.batch import BatchLimits, Destination
from target_constant_contact.batches.fingerprints import Fingerprints, contradicted
from target_constant_contact.batches.json_batch import JsonBatch
from target_constant_contact.contacts.encoding import encode_contact
from target_constant_contact.store.sqlite import SqliteFile
from tests.support.ledgers import Exports
from tests.support.saying import saying

if TYPE_CHECKING:
    from collections.abc import Iterator

    from target_constant_contact.batches.batch import ImportBatch
    from target_constant_contact.ledger.entry import Entry
    from target_constant_contact.ledger.ledger import Ledger

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
SAID = st.sampled_from([{"a": 0}, {"a": 1}, {"b": 0}, {"a": 1, "b": 0}, {"a": 0, "b": 1}])
FATES = st.sampled_from(
    ["settled", "settled", "settled", "accepted", "refused", "lost request", "lost answer"]
)
RARELY = st.sampled_from([False, False, False, True])
ENDS = st.sampled_from(["well", "well", "well", "partly", "badly"])


@dataclass(frozen=True)
class Step:
    """A batch, and what happens when it is sent.

    Attributes:
        said: Value by person.
        fate: How far it comes; a run does not survive a lost request or answer.
        ends: What the service makes of it, when it takes it.
    """

    said: dict[str, int]
    fate: str = "settled"
    ends: str = "well"


@dataclass(frozen=True)
class Run:
    """A run that does not come to its end, or does.

    Attributes:
        steps: What it wants to send.
        export: Name of its export.
        finishes: Whether it ends the ledger, if it survives.
        spoiled: Number of an entry whose fingerprints are lost.
    """

    steps: list[Step]
    export: str = "this"
    finishes: bool = False
    spoiled: int = 0


@st.composite
def histories(draw: st.DrawFn, *exports: str) -> tuple[list[Run], list[Step]]:
    """Runs with the data of one day or another, each up to a point, and the steps of a last one.

    Data that comes again is what makes a ledger go wrong. All draws are of a fixed size, because
    Hypothesis makes most of its lists short.
    """
    days = draw(st.tuples(*[st.tuples(SAID, SAID, SAID)] * 2))
    runs = []
    for export in draw(st.tuples(*[st.sampled_from(exports)] * 4)):
        steps = [Step(said, draw(FATES), draw(ENDS)) for said in draw(st.sampled_from(days))]
        run = Run(
            steps[: draw(st.integers(0, 3))],
            export,
            finishes=draw(RARELY),
            spoiled=draw(RARELY) and draw(st.integers(1, 3)),
        )
        runs.append(run)
    last = draw(st.sampled_from(days))[: draw(st.integers(1, 3))]
    return runs, [Step(said) for said in last]


@dataclass
class Account:
    """What the service has made of everything that it has taken, in the order of sending."""

    exports: Exports
    values: dict[str, int] = field(default_factory=dict)
    activities: dict[str, Activity] = field(default_factory=dict)
    found: dict[tuple[str, int], str] = field(default_factory=dict)
    seconds: int = 0

    def now(self) -> datetime:
        self.seconds += 1
        return NOON + timedelta(seconds=self.seconds)

    def take(self, export: str, entry: Entry, step: Step) -> Activity:
        """Carry out a batch: wholly, without its first row, or with nothing but that."""
        people = list(step.said)
        landed = {"well": people, "partly": people[1:], "badly": people[:1]}[step.ends]
        self.values |= {person: step.said[person] for person in landed}
        counters = {"person_count": len(people), "error_count": len(people) - len(landed)}
        state = "failed" if step.ends == "badly" else "completed"
        name = f"activity-{len(self.activities) + 1}"
        self.activities[name] = Activity(name, state, counters, created_at=self.now())
        self.found[export, entry.number] = name
        return Activity(name, "initialized", created_at=self.now())

    def carry_out(self, run: Run) -> None:
        """A run from its first step to its last one, or to the one that kills it."""
        ledger = self.exports.start(f"run {self.seconds}", run.export)
        for entry in ledger.accepted:
            ledger.confirm(entry, self.activities[entry.activity_id])
        for entry in ledger.in_doubt:
            name = self.found.get((run.export, entry.number))
            ledger.confirm(entry, self.activities[name] if name else None)
        if all(self.survives(ledger, run, step) for step in run.steps) and run.finishes:
            ledger.finish()
            self.forget(run.export)
        ledger.close()
        if run.spoiled:
            self.exports.execute(
                "DELETE FROM fingerprints WHERE export = :export AND number = :number",
                export=run.export,
                number=run.spoiled,
            )

    def survives(self, ledger: Ledger, run: Run, step: Step) -> bool:
        batch = batch_of(step.said)
        if ledger.take_up(batch, "json"):
            return True
        entry = ledger.begin(batch, "json")
        self.found.pop((run.export, entry.number), None)
        if step.fate == "refused":
            ledger.not_taken(entry)
        elif step.fate != "lost request":
            activity = self.take(run.export, entry, step)
            if step.fate == "lost answer":
                return False
            ledger.accept(entry, activity)
            if step.fate == "settled" and step.ends != "badly":
                ledger.settle(entry)
        return step.fate != "lost request"

    def forget(self, export: str) -> None:
        for key in [key for key in self.found if key[0] == export]:
            del self.found[key]


@contextmanager
def new_account() -> Iterator[Account]:
    exports = Exports(lambda **options: SqliteFile(None, **options))
    account = Account(exports)
    exports.clock = lambda: account.now().timestamp()
    try:
        yield account
    finally:
        exports.database.close()


def batch_of(said: dict[str, int]) -> ImportBatch:
    batch = JsonBatch(1, Destination("members", ("list-a",)), None, 0, BatchLimits())
    for person, value in said.items():
        email = f"{person}@example.com"
        batch.add(email, encode_contact({"email": email, "first_name": str(value)}))
    return batch.seal()


def check_that_the_last_values_win(runs: list[Run], last: list[Step]) -> None:
    """After a last run that is not interrupted, the account is as if there were no ledger."""
    with new_account() as account:
        for run in runs:
            account.carry_out(run)
        expected = dict(account.values)
        for step in last:
            expected |= step.said
        account.carry_out(Run(last, finishes=True))
        assert account.values == expected


@settings(max_examples=80)
@given(histories("this"))
def test_the_last_values_win(history):
    check_that_the_last_values_win(*history)


@settings(max_examples=80)
@given(histories("this", "this", "other"))
def test_the_last_values_win_also_over_those_of_another_export(history):
    check_that_the_last_values_win(*history)


@given(said=st.lists(st.integers(0, 3), max_size=6), accepted=st.integers(0, 6))
def test_what_was_accepted_is_not_sent_twice(said, accepted):
    """Where nobody is said anything else of: each batch is about another person."""
    steps = [Step({f"person-{place}": value}) for place, value in enumerate(said)]
    with new_account() as account:
        account.carry_out(Run(steps[:accepted]))
        account.carry_out(Run(steps))
        assert len(account.activities) == len(steps)


# Fingerprints.

PEOPLE = st.dictionaries(st.sampled_from("abcd"), st.integers(0, 2), max_size=4)


def differ(one: dict[str, int] | None, other: dict[str, int] | None) -> bool:
    if one is None or other is None:
        return True
    return any(one[person] != other[person] for person in one.keys() & other.keys())


@given(st.lists(st.none() | PEOPLE, max_size=6))
def test_the_contradicted_are_those_to_which_a_later_one_says_otherwise(batches):
    """What is not known is never taken up; whether later ones contradict it is all one."""
    found = contradicted([None if said is None else saying(said) for said in batches])
    for place, batch in enumerate(batches):
        later = any(differ(batch, other) for other in batches[place + 1 :])
        assert (place in found) == (later or batch is None)


@given(PEOPLE, PEOPLE)
def test_fingerprints_contradict_a_batch_that_says_otherwise(one, other):
    assert saying(one).contradict(saying(other)) is differ(one, other)


@given(said=PEOPLE)
def test_fingerprints_are_read_as_they_were_written(said):
    made = saying(said)
    read: Any = Fingerprints.from_bytes(made.to_bytes())
    assert (read.keys, read.values) == (made.keys, made.values)


def test_people_with_similar_addresses_are_not_mixed_up():
    said = saying({f"member{number}@example.com": 0 for number in range(100_000)})
    assert len(set(said.keys)) == 100_000


KEPT = {None: 312666546, "explicit": 1051294213}


@pytest.mark.parametrize("permission", KEPT)
def test_fingerprints_are_the_same_on_every_day(permission):
    """They are compared with those that another process has written."""
    batch = JsonBatch(1, Destination("members", ("list-a",)), permission, 0, BatchLimits())
    batch.add("a@example.com", b'{"email":"a@example.com"}')
    made = batch.seal().fingerprints
    assert list(made.keys) == [3535059611771252927]
    assert list(made.values) == [KEPT[permission]]
