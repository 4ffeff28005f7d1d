"""What an interrupted run has sent is known to the next one, and stands where it may."""

from __future__ import annotations

import resource
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from target_constant_contact.ledger.journal import ClosedJournalError

from target_constant_contact.api.models import Activity
from target_constant_contact.exceptions import SettingsError
from target_constant_contact.ledger.entry import Entry, export_key
from tests.support.fakes import AT_ONCE
from tests.support.ledgers import NOON, accepted, imported, names, say, send

if TYPE_CHECKING:
    from collections.abc import Iterator


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
    first.settle(sent[1], imported(sent[1]))
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
    assert NOON < entry.began_at < exports.clock()


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
    assert [line["line"] for line in exports.lines] == ["run"]
    assert ledger.begin(say(a=1), "json").number == 1


def test_the_end_ends_every_run_of_the_journal(exports):
    exports.interrupt(say(a=1))
    second = exports.start("second")
    second.finish()
    second.close()
    assert exports.start("third").accepted == ()


def test_a_run_that_ends_well_forgets_what_was_said_of_whom(exports):
    first = exports.start("first")
    send(first, say(a=1))
    assert {path.name for path in exports.folder.iterdir()} > {"1.fingerprints"}
    first.finish()
    assert {path.name for path in exports.folder.iterdir()} == {"journal.jsonl", "lock"}


def test_what_a_crash_at_the_end_has_left_is_removed(exports):
    first = exports.start("first")
    first.finish()
    first.close()
    (exports.folder / "7.fingerprints").write_bytes(b"left")
    exports.start()
    assert not list(exports.folder.glob("*.fingerprints"))


def test_a_run_that_is_taken_up_keeps_what_was_said_of_whom(exports):
    exports.interrupt(say(a=1))
    exports.start()
    assert list(exports.folder.glob("*.fingerprints"))


def test_only_the_owner_may_look(exports):
    exports.interrupt(say(a=1))
    exports.start().finish()
    send(exports.start("other", "other export"), say(a=1))
    folders = [exports.account, *exports.account.iterdir()]
    files = [path for folder in folders for path in folder.iterdir() if path.is_file()]
    assert {oct(path.stat().st_mode & 0o777) for path in folders} == {"0o700"}
    assert {oct(path.stat().st_mode & 0o777) for path in files} == {"0o600"}
    assert len(files) == 5


def test_the_folder_holds_no_address(exports):
    ledger = exports.start()
    send(ledger, say(someone=1))
    held = b"".join(path.read_bytes() for path in exports.folder.iterdir())
    assert b"someone" not in held
    assert b"example.com" not in held


def test_what_is_sent_is_on_disk_before_it_is_sent(exports, monkeypatch):
    """So are the id of its activity and the end; the rest may be lost by a crash of the machine."""
    synced: list[str] = []

    def fsync(_descriptor: int) -> None:
        synced.append(exports.lines[-1]["line"])

    ledger = exports.start()
    monkeypatch.setattr("os.fsync", fsync)
    entry = ledger.begin(say(a=1), "json")
    assert (exports.folder / "1.fingerprints").exists()
    ledger.accept(entry, accepted(entry))
    ledger.settle(entry, imported(entry))
    ledger.finish()
    assert synced == ["sent", "accepted", "end"]
    assert [line["line"] for line in exports.lines] == ["run", "sent", "accepted", "settled", "end"]


def test_the_beginning_of_a_run_is_on_disk_before_anything_is_sent(exports, monkeypatch):
    """A first one puts its journal in the place of the old one: a file and a folder."""
    exports.start("before").close()  # The key of the installation is made once.
    exports.journal.unlink()
    synced: list[int] = []
    monkeypatch.setattr("os.fsync", synced.append)
    exports.interrupt()
    assert len(synced) == 2
    exports.start()
    assert len(synced) == 3


def test_the_counters_are_noted(exports):
    ledger = exports.start()
    entry = send(ledger, say(a=1))
    ledger.settle(entry, imported(entry, error_count=1))
    counters = {"person_count": 1, "items_total_count": 1, "error_count": 1}
    assert exports.lines[-1] == exports.lines[-1] | {"number": 1, "counters": counters}


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


# Damage.


def test_half_a_last_line_is_as_good_as_none(exports, caplog):
    exports.interrupt(say(a=1))
    with exports.journal.open("a") as file:
        file.write('{"line":"accepted","num')
    second = exports.resume("second")
    assert second.take_up(say(a=1), "json")
    second.close()
    assert [line["line"] for line in exports.lines] == [
        "run",
        "sent",
        "accepted",
        "run",
        "taken up",
    ]
    assert caplog.messages == []


def test_half_an_end_is_none(exports):
    exports.interrupt(say(a=1))
    with exports.journal.open("a") as file:
        file.write('{"line":"end"}')
    assert names(exports.start().accepted) == ["activity-1"]


DAMAGE = {
    "no JSON": b"{",
    "no object": b"[]",
    "empty": b"",
    "no UTF-8": b'{"line":"\xff"}',
    "zeros": bytes(40),
    "missing member": b'{"line":"sent","number":1}',
    "wrong type": b'{"line":"sent","number":1,"content":"","stream":"","rows":1,"at":1}',
    "no date": b'{"line":"sent","number":1,"content":"","stream":"","rows":1,"at":"now"}',
    "unknown entry": b'{"line":"settled","number":9}',
    "accepted without an id": b'{"line":"accepted","number":1,"created_at":null}',
    "a run without a name": b'{"line":"run"}',
}


@pytest.mark.parametrize("line", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_journal_is_kept_aside(exports, caplog, line):
    exports.interrupt(say(a=1))
    damaged = exports.journal.read_bytes() + line + b"\n" + b'{"line":"not taken","number":1}\n'
    exports.journal.write_bytes(damaged)
    second = exports.resume("second")
    aside = exports.folder / "journal.damaged-second.jsonl"
    assert (second.interrupted_runs, second.accepted, second.in_doubt) == ((), (), ())
    assert second.take_up(say(a=1), "json") is None
    assert not second.has_activity("activity-1")
    assert [line["line"] for line in exports.lines] == ["run"]
    assert not list(exports.folder.glob("*.fingerprints"))
    assert second.begin(say(b=1), "json").number == 1
    assert aside.read_bytes() == damaged
    message = (
        "The journal of an interrupted run is damaged, so what it has sent is sent again; it is"
    )
    assert caplog.messages == [f"{message} kept as {aside}"]


def test_a_journal_goes_on_after_a_damaged_one(exports):
    exports.interrupt(say(a=1))
    exports.journal.write_bytes(b"{\n" + exports.journal.read_bytes())
    exports.interrupt(say(b=1), run="second")
    ledger = exports.resume("third")
    assert (ledger.interrupted_runs, names(ledger.accepted)) == (("second",), ["activity-1"])
    assert ledger.take_up(say(b=1), "json")


# A disk that does not do its work.


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """No file of this process can become larger than this; Python ignores the signal."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("spare", [0, 20], ids=["nothing fits", "half a line fits"])
def test_a_line_that_does_not_fit_is_not_written_at_all(exports, spare):
    ledger = exports.start("first")
    entry = send(ledger, say(a=1))
    before = exports.journal.read_bytes()
    with room_for(len(before) + spare), pytest.raises(SettingsError) as caught:
        ledger.not_taken(entry)
    reason = "File too large" if not spare else "No space left on device"
    assert str(caught.value) == (
        f"data_dir: {exports.journal} cannot be used ({reason}); make room, or set data_dir to a "
        "folder that can be written, and run again"
    )
    assert exports.journal.read_bytes() == before
    ledger.settle(entry, imported(entry))
    ledger.close()
    assert [entry.state for entry in exports.start().accepted] == ["settled"]


def test_a_batch_is_not_begun_when_it_cannot_be_noted(exports):
    exports.interrupt(say(a=1))
    ledger = exports.resume()
    with room_for(exports.journal.stat().st_size + 20), pytest.raises(SettingsError):
        ledger.begin(say(b=1), "json")
    ledger.close()
    assert exports.start("third").in_doubt == ()


@pytest.mark.parametrize("act", ["accept", "settle", "take_up", "confirm", "finish"])
def test_every_step_says_that_it_cannot_be_noted(exports, act):
    exports.interrupt(say(a=1), say(b=1))
    ledger = exports.start()
    entry = ledger.begin(say(c=1), "json")
    (first, _) = ledger.accepted
    ledger.confirm(first, imported(first))
    steps = {
        "accept": lambda: ledger.accept(entry, accepted(entry)),
        "settle": lambda: ledger.settle(entry, imported(entry)),
        "take_up": lambda: ledger.take_up(say(a=1), "json"),
        "confirm": lambda: ledger.confirm(entry, None),
        "finish": ledger.finish,
    }
    with room_for(exports.journal.stat().st_size), pytest.raises(SettingsError, match="data_dir"):
        steps[act]()


OPEN_FILES = Path("/dev/fd")


def test_no_file_stays_open(exports):
    ledger = exports.start("first")
    before = len(list(OPEN_FILES.iterdir()))
    send(ledger, say(a=1))
    ledger.finish()
    ledger.close()
    assert len(list(OPEN_FILES.iterdir())) == before - 1  # Without the lock.


def test_a_folder_that_cannot_be_made_is_named(exports):
    exports.account.parent.mkdir(parents=True)
    exports.account.write_text("not a folder")
    with pytest.raises(SettingsError, match=rf"data_dir: {exports.folder} cannot be used"):
        exports.start()


def test_a_run_that_could_not_begin_frees_the_lock(exports):
    exports.interrupt(say(a=1))
    second = exports.ledger("second")
    with room_for(exports.journal.stat().st_size), pytest.raises(SettingsError):
        second.open(AT_ONCE)
    second.close()
    assert names(exports.start("third").accepted) == ["activity-1"]


# Several threads.


def test_several_threads_may_use_it(exports):
    exports.interrupt(*(say(**{f"a{number}": 1}) for number in range(8)))
    ledger = exports.resume()

    def work(number: int) -> bool:
        entry = send(ledger, say(**{f"b{number}": 1}))
        ledger.settle(entry, imported(entry))
        ledger.accepted, ledger.in_doubt  # noqa: B018 - while the others send
        return ledger.take_up(say(**{f"a{number}": 1}), "json") is not None

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(8)))
    counted = Counter(line["line"] for line in exports.lines)
    assert counted == {"run": 2, "sent": 16, "accepted": 16, "settled": 8, "taken up": 8}
    numbers = [line["number"] for line in exports.lines if line["line"] == "sent"]
    assert numbers == list(range(1, 17))


def test_what_comes_after_the_end_of_a_run_is_in_no_journal(exports):
    """A thread that was blocked in a request comes back while the next run is under way."""
    first = exports.start("first")
    entry = send(first, say(ann=1))
    first.close()
    following = exports.start("next")
    send(following, say(ann=2))
    journal, told = (
        exports.journal.read_bytes(),
        exports.folder / f"{entry.number + 1}.fingerprints",
    )
    said = told.read_bytes()
    for late in (
        lambda: first.begin(say(ann=3), "json"),
        lambda: first.settle(entry, imported(entry)),
        first.finish,
    ):
        with pytest.raises(ClosedJournalError):
            late()
    assert exports.journal.read_bytes() == journal
    assert told.read_bytes() == said
