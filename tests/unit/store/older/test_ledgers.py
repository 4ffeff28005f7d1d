"""The ledgers of version 0.8 and before are taken over once, whatever they were left by."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from filelock import FileLock

from target_constant_contact.data_folder import DataFolder
from target_constant_contact.exceptions import TryLaterError
from target_constant_contact.ledger.entry import content_of
from target_constant_contact.ledger.installation_key import InstallationKey, new_key
from target_constant_contact.ledger.ledger import Ledger
from target_constant_contact.store.older import ledgers as room
from target_constant_contact.store.opening import open_store
from target_constant_contact.store.place import StorePlace
from tests.support.fakes import AT_ONCE
from tests.support.ledgers import imported, say, send
from tests.support.stored import KEY, rows_in

if TYPE_CHECKING:
    from pathlib import Path

AT = "2026-11-24T12:00:00.000007+00:00"
MOMENT = datetime.fromisoformat(AT).timestamp()
OF_RUNS = ("open_runs", "entries", "fingerprints")


class Older:
    """What version 0.8 keeps in a data folder, or version 0.5."""

    def __init__(self, folder: DataFolder) -> None:
        self.folder = folder
        self.text = new_key()
        self.key = InstallationKey(lambda: self.text)

    @property
    def path(self) -> Path:
        return self.folder.ledgers / "key"

    def leave(self, *batches, export="export", tail=b"", is_05=False, lines=()) -> Path:
        """Leave what a run that has sent these batches leaves when it is killed."""
        place = self.folder.ledgers / "account" / export
        place.mkdir(parents=True, mode=0o700)
        (place / "lock").touch()
        if not is_05:
            self.path.write_text(self.text)
        key = {} if is_05 else {"key": self.key.name}
        written = [{"line": "run", "at": AT, "run": "first"} | key]
        for number, batch in enumerate(batches, start=1):
            hidden = b"fingerprints 2\n" + self.key.hide(batch.fingerprints.to_bytes())
            said = batch.fingerprints.to_bytes() if is_05 else hidden
            (place / f"{number}.fingerprints").write_bytes(said)
            written += self.lines(number, batch, None if is_05 else self.key)
        text = "".join(json.dumps(line) + "\n" for line in [*written, *lines])
        (place / "journal.jsonl").write_bytes(text.encode() + tail)
        return place

    @staticmethod
    def lines(number, batch, key):
        content = content_of(batch, "json", key)
        head = {"at": AT, "number": number}
        return [
            head
            | {"line": "sent", "content": content, "stream": "members", "rows": batch.rows}
            | ({"file_name": ""} if key else {}),
            head | {"line": "accepted", "activity_id": f"activity-{number}", "created_at": AT},
        ]


@pytest.fixture
def older(tmp_path):
    return Older(DataFolder(tmp_path))


@pytest.fixture(params=["file", "server"])
def place(request, older):
    url = request.getfixturevalue("postgres").new_url() if request.param == "server" else None
    return StorePlace(older.folder, url, key=KEY)


@pytest.fixture
def start(place, opened):
    """Open the store, as a command does."""
    return lambda: opened(open_store(place))


@pytest.fixture
def resume(start):
    """Begin the next run, which learns that all that was accepted has been imported."""
    begun = []

    def resume(export="export"):
        ledger = Ledger(start(), ("account", export), "next")
        begun.append(ledger)
        ledger.open(AT_ONCE)
        for entry in ledger.accepted:
            ledger.confirm(entry, imported(entry))
        return ledger

    yield resume
    for ledger in begun:
        ledger.close()


@pytest.mark.parametrize("is_05", [False, True], ids=["0.8", "0.5"])
def test_an_interrupted_run_is_taken_up_by_the_next_one(older, resume, is_05):
    batches = say(ann="Ann"), say(bob="Bob")
    older.leave(*batches, is_05=is_05)
    ledger = resume()
    assert ledger.interrupted_runs == ("first",)
    (first, second) = ledger.accepted
    assert (first.number, first.activity_id, first.rows) == (1, "activity-1", 1)
    assert first.began_at == first.created_at == datetime.fromisoformat(AT).astimezone(UTC)
    assert (first.newest_before, second.newest_before) == (None, first.created_at)
    assert all(ledger.take_up(batch, "json") for batch in batches)


def test_what_a_later_batch_contradicts_is_sent_again(older, resume):
    batches = say(ann="Ann"), say(ann="Anna")
    older.leave(*batches)
    ledger = resume()
    assert [bool(ledger.take_up(batch, "json")) for batch in batches] == [False, True]


@pytest.mark.parametrize("state", ["not taken", "lost", "settled"])
def test_the_last_that_was_said_of_an_entry_counts(older, start, state):
    older.leave(say(a=1), say(b=1), lines=[{"line": state, "at": AT, "number": 2}])
    assert [row["state"] for row in rows_in(start())["entries"]] == ["accepted", state]


def test_what_was_sent_without_an_answer_is_in_doubt(older, resume):
    sent, _accepted = older.lines(1, say(a=1), older.key)
    older.leave(lines=[sent | {"file_name": "a.csv"}])
    (entry,) = resume().in_doubt
    assert (entry.number, entry.file_name) == (1, "a.csv")


def test_lines_of_no_consequence_are_passed_over(older, resume):
    older.leave(say(a=1), lines=[{"line": "taken up", "at": AT, "number": 1}])
    assert resume().take_up(say(a=1), "json")


def test_a_run_that_has_ended_well_leaves_its_trace_only(older, start, caplog):
    later = "2026-11-24T13:00:00.000000+00:00"
    older.leave(say(a=1), lines=[{"line": "end", "at": later}])
    found = rows_in(start())
    assert [found[table] for table in OF_RUNS] == [[], [], []]
    written_at = datetime.fromisoformat(later).timestamp()
    trace = {"account": "account", "export": "export", "written_at": written_at}
    assert found["exports"] == [trace]
    assert "interrupted" not in caplog.text


def test_half_a_last_line_does_not_count(older, resume, caplog):
    older.leave(say(a=1), tail=b'{"line":"end"')
    assert resume().take_up(say(a=1), "json")
    assert "damaged" not in caplog.text


DAMAGE = {
    "no JSON": b"{",
    "no object": b"[]",
    "empty": b"",
    "no UTF-8": b'{"line":"\xff"}',
    "zeros": bytes(40),
    "missing member": b'{"line":"sent","number":1}',
    "no date": b'{"line":"sent","number":1,"content":"","stream":"","rows":1,"at":"now"}',
    "unknown entry": b'{"line":"settled","number":9}',
    "no number": b'{"line":"sent","at":"' + AT.encode() + b'","number":"x","content":"",'
    b'"stream":"","rows":1}',
    "rows that are none": b'{"line":"sent","at":"' + AT.encode() + b'","number":2,"content":"c",'
    b'"stream":"s","rows":"many"}',
    "content that is none": b'{"line":"sent","at":"' + AT.encode() + b'","number":2,"content":[],'
    b'"stream":"s","rows":1}',
    "a run whose name is none": b'{"line":"run","at":"' + AT.encode() + b'","run":null}',
    "an id that is none": b'{"line":"accepted","at":"' + AT.encode() + b'","number":1,'
    b'"activity_id":7,"created_at":null}',
    "a file name that is none": b'{"line":"sent","at":"' + AT.encode() + b'","number":2,'
    b'"content":"c","stream":"s","rows":1,"file_name":[]}',
    "a key that is none": b'{"line":"run","at":"' + AT.encode() + b'","run":"r","key":{}}',
    "a zero in a name": b'{"line":"run","at":"' + AT.encode() + b'","run":"\\u0000"}',
    "half a character": b'{"line":"run","at":"' + AT.encode() + b'","run":"\\ud800"}',
    "a number too large": b'{"line":"sent","at":"'
    + AT.encode()
    + b'","number":'
    + b"9" * 30
    + b',"content":"c","stream":"s","rows":1}',
}


@pytest.mark.parametrize("line", DAMAGE.values(), ids=DAMAGE)
def test_what_a_damaged_journal_tells_is_sent_again_which_is_said(older, start, caplog, line):
    place = older.leave(say(a=1), tail=line + b"\n")
    found = rows_in(start())
    assert [found[table] for table in OF_RUNS] == [[], [], []]
    assert [row["export"] for row in found["exports"]] == ["export"]
    # Nothing that others have sent before may stand.
    assert found["exports"][0]["written_at"] > MOMENT
    (message,) = [message for message in caplog.messages if "damaged" in message]
    assert str(place / "journal.jsonl") in message


def test_files_are_put_aside_without_the_key_and_what_was_said(older, start, caplog):
    caplog.set_level("INFO")
    older.leave(say(a=1))
    start().close()
    aside = older.folder.ledgers.with_name("ledger.old")
    assert not older.folder.ledgers.exists()
    assert (aside / "account" / "export" / "journal.jsonl").exists()
    assert not (aside / "key").exists()
    (line,) = [message for message in caplog.messages if "earlier version" in message]
    assert "what 1 interrupted export had sent (ledger is now ledger.old)" in line


def test_what_was_put_aside_before_stays(older, start):
    before = older.folder.ledgers.with_name("ledger.old")
    before.mkdir()
    (before / "kept").touch()
    older.leave(say(a=1))
    start().close()
    assert (before / "kept").exists()
    assert older.folder.ledgers.with_name("ledger.old1").exists()


def test_a_run_of_an_earlier_version_that_is_under_way_is_not_taken_over(older, start):
    place = older.leave(say(a=1))
    with FileLock(place / "lock"), pytest.raises(TryLaterError) as caught:
        start()
    assert str(place / "lock") in str(caught.value)
    assert older.path.exists()
    found = rows_in(start())
    assert len(found["entries"]) == 1


@pytest.mark.parametrize("left", ["folder", "key"])
def test_who_is_killed_in_between_does_it_again_and_nothing_twice(
    older, start, resume, monkeypatch, left
):
    older.leave(say(a=1))

    class Killed(BaseException):
        pass

    def killed(_place):
        if left == "key":
            older.path.unlink()
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(room, "_put_aside", killed)
        with pytest.raises(Killed):
            start()
    assert older.folder.ledgers.exists()
    found = rows_in(start())
    assert [len(found[table]) for table in OF_RUNS] == [1, 1, 1]
    assert not older.folder.ledgers.exists()
    assert resume().take_up(say(a=1), "json")


def test_what_the_store_knows_of_an_export_is_never_written_over(older, start, resume):
    ledger = resume()
    send(ledger, say(b=1))
    ledger.close()
    before = rows_in(start())
    older.leave(say(a=1), say(c=1))
    after = rows_in(start())
    assert after == before
    assert not older.folder.ledgers.exists()


def test_what_an_earlier_version_has_sent_since_is_not_overlooked(older, start, resume):
    """Somebody goes back to it, and returns: who had changed may be as before by now."""
    older.leave(say(a=1))
    start()
    later = {"line": "end", "at": "2126-01-01T12:00:00+00:00"}
    older.leave(say(a=2), lines=[later])
    assert resume().take_up(say(a=1), "json") is None


def test_the_key_of_the_store_stays_and_what_another_one_hides_is_sent_again(
    older, start, resume, caplog
):
    resume("other export").close()
    before = rows_in(start())["secrets"]
    older.leave(say(a=1))
    ledger = resume()
    assert ledger.take_up(say(a=1), "json") is None
    assert "ledger key is not that of the interrupted run" in caplog.text
    assert rows_in(start())["secrets"] == before


@pytest.mark.parametrize("text", ["", "ab", "no digits", "ab" * 63, "é" * 64])
def test_a_key_that_is_none_is_not_taken_over(older, resume, text):
    older.leave(say(a=1))
    older.path.write_text(text, encoding="utf-8")
    ledger = resume()
    assert ledger.take_up(say(a=1), "json") is None
    send(ledger, say(a=1))


def test_lost_fingerprints_keep_what_was_sent_before_from_standing(older, resume):
    place = older.leave(say(a=1), say(b=1), say(c=1))
    (place / "2.fingerprints").unlink()
    ledger = resume()
    assert ledger.take_up(say(a=1), "json") is None
    assert ledger.take_up(say(c=1), "json")


def test_every_export_is_taken_over(older, start):
    older.leave(say(a=1))
    older.leave(say(a=2), export="other export")
    found = rows_in(start())
    assert [row["export"] for row in found["entries"]] == ["export", "other export"]


def test_where_nothing_was_kept_nothing_is_done(older, start, caplog):
    caplog.set_level("INFO")
    start()
    older.folder.ledgers.mkdir()
    start()
    assert "earlier version" not in caplog.text


def test_a_run_of_an_earlier_version_that_has_just_begun_is_not_taken_over(older, start):
    older.leave(say(a=1))
    place = older.folder.ledgers / "account" / "new export"
    place.mkdir()
    with FileLock(place / "lock"), pytest.raises(TryLaterError, match="is under way"):
        start()
    assert older.folder.ledgers.exists()


def test_nothing_is_taken_over_while_a_run_of_an_earlier_version_is_under_way(older, start):
    older.leave(say(a=1), export="before")
    held = older.leave(say(b=1), export="under way")
    connections = older.folder.connections
    connections.mkdir(mode=0o700)
    kept = connections / "default.json"
    kept.write_text(json.dumps({"application": {"client_id": "id"}, "refresh_token": "next"}))
    kept.chmod(0o600)
    with FileLock(held / "lock"), pytest.raises(TryLaterError, match="is under way"):
        start()
    # That run renews its tokens in this file.
    assert kept.exists()
    # And an export that is not under way may begin, end, and be at work again before all is done.
    ended = held.parent / "before" / "journal.jsonl"
    with ended.open("a") as file:
        file.write(json.dumps({"line": "end", "at": AT}) + "\n")
    assert [row["export"] for row in rows_in(start())["open_runs"]] == ["under way"]


def test_several_processes_may_take_over_at_once(older, place):
    for number in range(40):
        older.leave(export=f"export {number}")

    def take_over(_):
        with closing(open_store(place)) as database:
            return len(rows_in(database)["open_runs"])

    with ThreadPoolExecutor(3) as pool:
        assert [*pool.map(take_over, range(3))] == [40, 40, 40]
