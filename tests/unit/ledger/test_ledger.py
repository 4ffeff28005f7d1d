"""What an interrupted run has sent is known to the next one, and stands where it may."""

from __future__ import annotations

import resource
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from target_constant_contact.api.models import Activity
from target_constant_contact.exceptions import StorageError
from target_constant_contact.ledger.entry import Entry, export_key
from target_constant_contact.ledger.ledger import ClosedLedgerError
from target_constant_contact.store.sqlite import SqliteFile
from tests.support.fakes import AT_ONCE
from tests.support.ledgers import NOON, Exports, accepted, imported, names, say, send

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(params=["file", "server"])
def exports(request, make_exports):
    return make_exports(request.param)


@pytest.fixture
def in_file(make_exports):
    return make_exports("file")


# What an export is called.


def test_a_key_does_not_depend_on_the_order_of_the_facts():
    assert export_key({"account": "Ü", "lists": ["a", "b"]}) == "183d7fa0b8de71c9"
    assert export_key({"lists": ["a", "b"], "account": "Ü"}) == "183d7fa0b8de71c9"


def test_other_facts_have_another_key():
    assert len({export_key({"lists": lists}) for lists in ("a", ["a"], ["a", "b"], None)}) == 4


# What is left behind.


def test_a_first_run_finds_nothing(exports):
    ledger = exports.start()
    assert (ledger.interrupted_runs, ledger.accepted, ledger.in_doubt) == ((), (), ())


def test_what_a_run_sends_itself_is_not_left_by_an_interrupted_one(exports):
    ledger = exports.start()
    send(ledger, say(a=1))
    ledger.begin(say(b=1), "json")
    assert (ledger.accepted, ledger.in_doubt) == ((), ())


def test_nor_when_the_interrupted_one_has_sent_nothing(exports):
    exports.interrupt()
    ledger = exports.start()
    send(ledger, say(a=1))
    ledger.begin(say(b=1), "json")
    assert (ledger.accepted, ledger.in_doubt) == ((), ())


def test_an_interrupted_run_leaves_its_entries(exports):
    first = exports.start("first")
    sent = [send(first, say(a=1)), send(first, say(b=1, c=1)), first.begin(say(d=1), "json")]
    first.settle(sent[1])
    first.not_taken(first.begin(say(e=1), "json"))
    first.close()
    ledger = exports.start()
    assert ledger.interrupted_runs == ("first",)
    assert [(e.number, e.state) for e in ledger.accepted] == [(1, "accepted"), (2, "settled")]
    assert [(e.number, e.state) for e in ledger.in_doubt] == [(3, "sent")]


def test_an_entry_is_read_as_it_was_written(exports):
    first = exports.start("first")
    sent = first.begin(say(a=1, b=2), "json")
    first.accept(sent, accepted(sent))
    first.close()
    (entry,) = exports.start().accepted
    assert entry == Entry(
        number=1,
        content=sent.content,
        stream="members",
        rows=2,
        began_at=sent.began_at,
        state="accepted",
        activity_id="activity-1",
        created_at=NOON + timedelta(minutes=1, microseconds=7),
    )
    assert NOON < entry.began_at < datetime.fromtimestamp(exports.clock(), UTC)


def test_the_service_need_not_tell_when_an_activity_was_made(exports):
    first = exports.start("first")
    first.accept(first.begin(say(a=1), "json"), Activity("activity-1", "initialized"))
    first.close()
    (entry,) = exports.start().accepted
    assert (entry.activity_id, entry.created_at) == ("activity-1", None)


def test_numbers_go_on_from_run_to_run(exports):
    exports.interrupt(say(a=1), say(b=1))
    exports.interrupt(say(c=1), run="second")
    ledger = exports.start()
    assert [entry.number for entry in ledger.accepted] == [1, 2, 3]
    assert ledger.interrupted_runs == ("first", "second")
    assert ledger.begin(say(d=1), "json").number == 4


def test_an_activity_of_any_run_is_known(exports):
    exports.interrupt(say(a=1))
    ledger = exports.start()
    send(ledger, say(b=1))
    assert [ledger.has_activity(f"activity-{number}") for number in (1, 2, 3)] == [
        True,
        True,
        False,
    ]


def test_a_run_that_ends_well_leaves_nothing(exports):
    first = exports.start("first")
    send(first, say(a=1))
    first.finish()
    first.close()
    ledger = exports.resume()
    assert (ledger.interrupted_runs, ledger.accepted, ledger.in_doubt) == ((), (), ())
    assert not ledger.has_activity("activity-1")
    assert ledger.take_up(say(a=1), "json") is None
    assert [row["run"] for row in exports.rows("open_runs")] == ["next"]
    assert ledger.begin(say(a=1), "json").number == 1


def test_the_end_ends_every_run_of_the_export(exports):
    exports.interrupt(say(a=1))
    second = exports.start("second")
    second.finish()
    second.close()
    assert exports.start("third").accepted == ()


def test_a_run_that_ends_well_forgets_what_was_said_of_whom_and_leaves_others_alone(exports):
    send(exports.start("other run", "other export"), say(a=1))
    exports.interrupt(say(a=1))
    ledger = exports.start()
    send(ledger, say(a=2))
    tables = ("open_runs", "entries", "fingerprints")
    assert [len(exports.rows(table)) for table in tables] == [3, 3, 3]
    ledger.finish()
    assert [{row["export"] for row in exports.rows(table)} for table in tables] == [
        {"other export"}
    ] * 3


def test_a_run_that_is_taken_up_keeps_what_was_said_of_whom(exports):
    exports.interrupt(say(a=1))
    exports.start()
    assert exports.rows("fingerprints")


def test_the_store_holds_no_address(exports):
    ledger = exports.start()
    send(ledger, say(someone=1))
    held = repr([exports.rows(table) for table in ("open_runs", "entries", "fingerprints")])
    assert "someone" not in held
    assert "example.com" not in held


class Noting(SqliteFile):
    """Notes which transactions that write are to outlive a crash of the machine."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.durable = []

    @contextmanager
    def transaction(self, *, durable=True, reads=False):
        self.durable.append(durable)
        with super().transaction(durable=durable, reads=reads) as connection:
            yield connection


def test_what_is_sent_is_on_disk_before_it_is_sent(tmp_path):
    """So are the beginning, the id of its activity and the end; a crash may cost the rest."""
    made = Exports(lambda **options: Noting(tmp_path / "store.sqlite", **options))
    made.database.durable = durable = []
    ledger = made.start()
    entry = ledger.begin(say(a=1), "json")
    ledger.accept(entry, accepted(entry))
    ledger.settle(entry)
    refused = ledger.begin(say(a=1), "json")
    ledger.not_taken(refused)
    ledger.lose(refused)
    ledger.finish()
    ledger.close()
    made.database.close()
    assert durable == [True, True, True, False, True, False, False, True]


# What the service says of it.


def test_a_lost_import_that_was_found_stays_found(exports):
    first = exports.start("first")
    first.begin(say(a=1), "json")
    first.close()
    second = exports.start("second")
    (entry,) = second.in_doubt
    second.confirm(entry, imported(entry))
    assert second.in_doubt == ()
    second.close()
    third = exports.start("third")
    assert (names(third.accepted), third.in_doubt) == (["activity-1"], ())


def test_a_lost_import_that_was_not_found_is_not_looked_for_again(exports):
    first = exports.start("first")
    first.begin(say(a=1), "json")
    first.close()
    second = exports.start("second")
    second.confirm(second.in_doubt[0], None)
    assert (second.accepted, second.in_doubt) == ((), ())
    second.close()
    assert exports.start("third").in_doubt == ()


def test_an_accepted_import_is_asked_for_by_every_run(exports):
    exports.interrupt(say(a=1))
    second = exports.start("second")
    second.confirm(second.accepted[0], None)
    second.close()
    assert names(exports.start("third").accepted) == ["activity-1"]


# A disk that does not do its work.


@contextmanager
def no_room() -> Iterator[None]:
    """No file of this process can be written; Python ignores the signal."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_what_does_not_fit_is_not_written_at_all(in_file):
    ledger = in_file.start("first")
    entry = send(ledger, say(a=1))
    before = in_file.rows("entries")
    with no_room(), pytest.raises(StorageError) as caught:
        ledger.not_taken(entry)
    assert f"the store in {in_file.database.place} cannot be used" in str(caught.value)
    assert in_file.rows("entries") == before
    ledger.settle(entry)
    ledger.close()
    assert [entry.state for entry in in_file.start().accepted] == ["settled"]


def test_a_batch_is_not_begun_when_it_cannot_be_noted(in_file):
    in_file.interrupt(say(a=1))
    ledger = in_file.resume()
    with no_room(), pytest.raises(StorageError):
        ledger.begin(say(b=1), "json")
    ledger.close()
    assert in_file.start("third").in_doubt == ()
    assert len(in_file.rows("fingerprints")) == 1


@pytest.mark.parametrize("act", ["accept", "settle", "confirm", "finish"])
def test_every_step_says_that_it_cannot_be_noted(in_file, act):
    in_file.interrupt(say(a=1), say(b=1))
    ledger = in_file.start()
    entry = ledger.begin(say(c=1), "json")
    steps = {
        "accept": lambda: ledger.accept(entry, accepted(entry)),
        "settle": lambda: ledger.settle(entry),
        "confirm": lambda: ledger.confirm(entry, None),
        "finish": ledger.finish,
    }
    with no_room(), pytest.raises(StorageError):
        steps[act]()


def test_a_run_that_could_not_begin_frees_the_lock(in_file):
    in_file.interrupt(say(a=1))
    second = in_file.ledger("second")
    with no_room(), pytest.raises(StorageError):
        second.open(AT_ONCE)
    second.close()
    assert names(in_file.start("third").accepted) == ["activity-1"]


# Several threads.


def test_several_threads_may_use_it(exports):
    exports.interrupt(*(say(**{f"a{number}": 1}) for number in range(8)))
    ledger = exports.resume()

    def work(number: int) -> bool:
        entry = send(ledger, say(**{f"b{number}": 1}))
        ledger.settle(entry)
        ledger.accepted, ledger.in_doubt  # noqa: B018 - while the others send
        return ledger.take_up(say(**{f"a{number}": 1}), "json") is not None

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(8)))
    assert exports.states == ["accepted"] * 8 + ["settled"] * 8
    assert len(exports.rows("fingerprints")) == 16


def test_what_comes_after_the_end_of_a_run_is_refused(exports):
    """A thread that was blocked in a request comes back while the next run is under way."""
    first = exports.start("first")
    entry = send(first, say(ann=1))
    first.close()
    send(exports.start("next"), say(ann=2))
    before = [exports.rows(table) for table in ("open_runs", "entries", "fingerprints")]
    for late in (
        lambda: first.begin(say(ann=3), "json"),
        lambda: first.accept(entry, accepted(entry)),
        lambda: first.settle(entry),
        lambda: first.take_up(say(ann=1), "json"),
        first.finish,
    ):
        with pytest.raises(ClosedLedgerError):
            late()
    assert [exports.rows(table) for table in ("open_runs", "entries", "fingerprints")] == before
