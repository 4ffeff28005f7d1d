"""Whole runs with many imports in flight, which reach the service and end in any order.

Each example is a stream whose people come again, near and far, with the same or another value and
on other lists, against an account in trouble. The values of a person only grow, so that whoever
looks into the account can tell whether what it holds is old. A run that fails is run again.
"""

from __future__ import annotations

import io
import json
import random
import tempfile
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from target_constant_contact.api.client import ConstantContactClient as Client
from target_constant_contact.sandbox import Behaviour, Fault, Sandbox
from tests.end_to_end.faults import in_no_time
from tests.fuzz.test_streams import EXAMPLES
from tests.support.target import TEXT, Outcome, lines, record, run, schema, settings_for, state

pytestmark = [pytest.mark.timeout(900), pytest.mark.no_cover, pytest.mark.long]

JSON, CSV = (f"/activities/contacts_{kind}_import" for kind in ("json", "file"))
LISTS = ("Newsletter", "Loyalty members", "General Interest")
STREAMS = ("members", "others")
ACTIONS = (
    *("delay", "drop_before", "drop_after", "process_late", "garbage"),
    *("throttled", "queue_full", "error_500", "error_503"),
    *("fail", "time_out", "cancel"),
)
LOSSES = {"drop_before", "drop_after", "process_late", "garbage", "error_500", "error_503"}


@dataclass
class Person:
    """What an account must hold of somebody.

    Attributes:
        version: The last value.
        lists: All lists that they were ever sent to.
    """

    version: int = 0
    lists: set[str] = field(default_factory=set)

    def is_in(self, found: dict[str, Any] | None) -> bool:
        """Tell whether an account holds this, or something later."""
        if found is None or not self.lists <= set(found["lists"]):
            return False
        return int(found["first_name"]) >= self.version


@dataclass(frozen=True)
class Row:
    """A record of the stream; without a person it has no address, and is rejected."""

    stream: str
    person: int | None
    is_new: bool
    lists: tuple[str, ...]


@dataclass(frozen=True)
class Trouble:
    """What goes wrong on one request, or some in a row."""

    path: str
    action: str
    nth: int
    times: int

    def faults(self) -> list[Fault]:
        method = "GET" if self.path == "/activities" else "POST"
        return [Fault(method, self.path, self.action, nth=self.nth, times=self.times, seconds=0.05)]


@st.composite
def rows(draw: st.DrawFn) -> list[Row]:
    """Many rows; of some streams a few people come again at once, of others long after."""
    # Drawn one by one, they would be too few to have many imports in flight.
    chance = random.Random(draw(st.integers(0, 9_999)))
    count = draw(st.integers(1, 150))
    repeated = draw(st.sampled_from([0.02, 0.1, 0.5]))
    places = draw(st.sampled_from([LISTS[:1], LISTS[:1], LISTS]))
    most = draw(st.integers(1, 2))
    made: list[Row] = []
    for number in range(count):
        person: int | None = number
        if chance.random() < repeated:
            nearest = 0 if chance.random() < 0.5 else max(0, number - 8)
            person = chance.randint(nearest, number)
        elif chance.random() < 0.02:
            person = None
        chosen = sorted(chance.sample(places, min(most, len(places), chance.randint(1, 2))))
        stream_name = STREAMS[chance.random() < 0.2]
        made.append(Row(stream_name, person, chance.random() < 0.7, tuple(chosen)))
    return made


trouble = st.builds(
    Trouble,
    st.sampled_from([JSON, CSV]),
    st.sampled_from(ACTIONS),
    st.integers(1, 20),
    st.integers(1, 4),
) | st.builds(
    Trouble,
    st.just("/activities"),
    st.sampled_from(["throttled", "error_500", "drop_before", "garbage", "delay"]),
    st.integers(1, 6),
    st.integers(1, 3),
)


class Watched(io.StringIO):
    """Looks into the account whenever a STATE is written."""

    def __init__(self, account: Sandbox, wanted: dict[int, dict[str, Person]]) -> None:
        super().__init__()
        self._account = account
        self._wanted = wanted
        self.early: list[Any] = []

    def write(self, text: str) -> int:
        """Note whoever is not in the account although the STATE says so."""
        for line in text.splitlines():
            people = self._account.account_state()
            for address, person in self._wanted[json.loads(line)["bookmark"]].items():
                if not person.is_in(people.get(address)):
                    self.early.append((line, address, person, people.get(address)))
        return super().write(text)


def stream(given_rows: list[Row], state_every: int) -> tuple[str, dict[int, dict[str, Person]]]:
    """The input, and who must be in the account at each of its STATEs."""
    messages = [schema(name, email=TEXT, name=TEXT, list=TEXT) for name in STREAMS]
    people: dict[str, Person] = {}
    wanted: dict[int, dict[str, Person]] = {}
    for number, row in enumerate(given_rows, start=1):
        address = f"fuzz{row.person}@example.com" if row.person is not None else "nobody"
        person = people.get(address, Person())
        version = number if row.is_new or not person.version else person.version
        named = ",".join(row.lists)
        messages.append(record(row.stream, email=address, name=str(version), list=named))
        if row.person is not None:
            people[address] = Person(version, person.lists | set(row.lists))
        if number % state_every == 0 or number == len(given_rows):
            wanted[number] = dict(people)
            messages.append(state(number))
    return lines(*messages), wanted


def send(
    account: Sandbox, folder: Path, text: str, wanted: dict[int, dict[str, Person]], **options: Any
) -> Outcome:
    """Run once, and see that no STATE is early and every row is accounted for."""
    config = settings_for(
        account,
        folder,
        lists_field="list",
        field_mapping={"email": "email", "first_name": "name"},
        import_timeout_minutes=0.3,
        **options,
    )
    watched = Watched(account, wanted)
    with in_no_time():
        outcome = run(config, text=text, stdout=watched)
    assert not watched.early, watched.early[:3]
    assert outcome.states == sorted(outcome.states)
    totals = dict(outcome.report["totals"])
    read, copies = totals.pop("read"), totals.pop("copies")
    assert read + copies == sum(totals.values()), outcome.report["totals"]
    return outcome


@settings(
    max_examples=max(1, EXAMPLES // 6),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    given_rows=rows(),
    state_every=st.sampled_from([1, 7, 100]),
    import_format=st.sampled_from(["json", "csv"]),
    batch_rows=st.integers(2, 5),
    in_flight=st.sampled_from([1, 3, 500, 500]),
    queue=st.sampled_from([4, 1_000, 1_000]),
    seconds=st.sampled_from([0.0, 0.05, 0.3]),
    seed=st.integers(0, 99),
    troubles=st.lists(trouble, max_size=4),
    is_shown=st.booleans(),
)
def test_the_last_value_of_everybody_is_there_in_the_end_and_state_is_never_early(
    given_rows,
    state_every,
    import_format,
    batch_rows,
    in_flight,
    queue,
    seconds,
    seed,
    troubles,
    is_shown,
):
    text, wanted = stream(given_rows, state_every)
    behaviour = Behaviour(
        seconds_to_start=(0, seconds),
        seconds_to_finish=(0, seconds),
        seed=seed,
        max_queued_activities=queue,
    )
    options = {
        "import_format": import_format,
        "batch_size_rows": batch_rows,
        "max_activities_in_flight": in_flight,
    }
    # Where answers are lost, nobody could know of what was taken but is not shown.
    is_shown = is_shown or not LOSSES.isdisjoint(one.action for one in troubles)
    with (
        tempfile.TemporaryDirectory() as name,
        Sandbox(behaviour=behaviour) as account,
        nullcontext() if is_shown else patch.object(Client, "recent_activities", lambda _: []),
    ):
        for one in troubles:
            for fault in one.faults():
                account.add_fault(fault)
        outcome = send(account, Path(name), text, wanted, **options)
        if outcome.exit_code:
            account.clear_faults()
            outcome = send(account, Path(name), text, wanted, **options)
        assert outcome.exit_code == 0, outcome.log
        assert outcome.states[-1] == len(given_rows)
        # What comes late has come by then.
        found = account.account_state()
        for address, person in wanted[len(given_rows)].items():
            assert int(found[address]["first_name"]) == person.version, address
            assert set(found[address]["lists"]) == person.lists, address
        rejected = sum(row.person is None for row in given_rows)
        assert outcome.report["totals"]["rejected"] == rejected
