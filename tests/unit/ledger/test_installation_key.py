"""What a ledger keeps tells nobody without the key of the installation whom it is about."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
from zlib import crc32

import pytest

from target_constant_contact.ledger.installation_key import InstallationKey
from tests.support.ledgers import imported, say, send

PEOPLE = [f"member{number}" for number in range(50)]


def unkeyed(batch) -> set[bytes]:
    """What anybody can compute of the people in a batch."""
    people = batch.fingerprints
    rows = [json.dumps(row).encode() for row in json.loads(batch.body)["import_data"]]
    emails = [row["email"] for row in json.loads(batch.body)["import_data"]]
    texts = [*map(str.encode, emails), *rows, batch.body]
    halves = [crc32(text).to_bytes(4, order) for text in texts for order in ("big", "little")]
    return {
        *halves,
        *(values.to_bytes(4, "little") for values in people.values),
        *(keys.to_bytes(8, "little") for keys in people.keys),
        *(hashlib.new(name, text).digest()[:8] for name in ("md5", "sha256") for text in texts),
        *(hashlib.blake2b(text, digest_size=8).digest() for text in texts),
        bytes.fromhex(old_content(batch)),
    }


def old_content(batch) -> str:
    """What version 0.5 has called a batch."""
    head = json.dumps(["json", batch.destination.list_ids, batch.sms_permission]).encode()
    return hashlib.sha256(head + b"\n" + batch.body).hexdigest()


def on_disk(exports) -> bytes:
    """All files of an account's ledgers, and what is in hexadecimal digits there as bytes."""
    found = b"\n".join(path.read_bytes() for path in sorted(exports.account.rglob("*.*")))
    assert found
    words = found.replace(b'"', b" ").split()
    return found + b"".join(bytes.fromhex(word.decode()) for word in words if is_hex(word))


def is_hex(word: bytes) -> bool:
    return len(word) >= 8 and len(word) % 2 == 0 and not word.strip(b"0123456789abcdef")


def make_old(exports, *batches) -> None:
    """Have what a run has left look as if version 0.5 had left it."""
    (exports.account.parent / "key").unlink()
    lines = exports.lines
    for line in lines:
        line.pop("key", None)
        if line["line"] == "sent":
            batch = batches[line["number"] - 1]
            line["content"] = old_content(batch)
            path = exports.folder / f"{line['number']}.fingerprints"
            path.write_bytes(batch.fingerprints.to_bytes())
    exports.journal.write_text("".join(json.dumps(line) + "\n" for line in lines))


def test_a_dictionary_attack_recovers_nobody_of_an_interrupted_run(exports):
    everybody, alone = say(**dict.fromkeys(PEOPLE, "Ann")), say(ann="Ann")
    exports.interrupt(everybody, alone)
    files = on_disk(exports)
    assert [
        guess for batch in (everybody, alone) for guess in unkeyed(batch) if guess in files
    ] == []


def test_a_dictionary_attack_recovers_nobody_of_a_finished_run(exports):
    batch = say(**dict.fromkeys(PEOPLE, "Ann"))
    ledger = exports.start()
    entry = send(ledger, batch)
    ledger.settle(entry, imported(entry))
    ledger.finish()
    assert [guess for guess in unkeyed(batch) if guess in on_disk(exports)] == []


def test_an_attack_with_the_files_of_version_05_recovers_everybody(exports):
    """What these tests look for is there to be found."""
    batch = say(**dict.fromkeys(PEOPLE, "Ann"))
    exports.interrupt(batch)
    make_old(exports, batch)
    files = on_disk(exports)
    people = batch.fingerprints
    assert all(key.to_bytes(8, "little") in files for key in people.keys)
    assert bytes.fromhex(old_content(batch)) in files


def test_two_batches_that_say_the_same_do_not_look_the_same(exports):
    batch = say(ann="Ann")
    exports.interrupt(batch, batch)
    one, two = (path.read_bytes() for path in exports.folder.glob("*.fingerprints"))
    assert one != two


def test_an_interrupted_run_of_version_05_is_taken_up(exports):
    batches = say(ann="Ann"), say(bob="Bob")
    exports.interrupt(*batches)
    make_old(exports, *batches)
    ledger = exports.resume()
    assert all(ledger.take_up(batch, "json") for batch in batches)


def test_what_a_later_batch_of_version_05_contradicts_is_sent_again(exports):
    batches = say(ann="Ann"), say(ann="Anna")
    exports.interrupt(*batches)
    make_old(exports, *batches)
    ledger = exports.resume()
    assert [bool(ledger.take_up(batch, "json")) for batch in batches] == [False, True]


def test_nothing_of_version_05_is_left_when_its_run_has_come_to_its_end(exports):
    batches = say(ann="Ann"), say(bob="Bob")
    exports.interrupt(*batches)
    make_old(exports, *batches)
    ledger = exports.resume()
    send(ledger, say(cat="Cat"))
    ledger.finish()
    files = on_disk(exports)
    assert [guess for batch in batches for guess in unkeyed(batch) if guess in files] == []


@pytest.mark.parametrize("change", ["lost", "another", "damaged"])
def test_without_its_key_a_run_is_not_recognised_which_is_said_once(exports, caplog, change):
    batches = say(ann="Ann"), say(bob="Bob")
    exports.interrupt(*batches)
    path = exports.account.parent / "key"
    if change == "lost":
        path.unlink()
    else:
        path.write_text("ab" * 64 if change == "another" else "ab")
    ledger = exports.resume()
    assert [ledger.take_up(batch, "json") for batch in batches] == [None, None]
    (line,) = [record.message for record in caplog.records]
    assert line.startswith(f"{path} is not the key of the interrupted run")
    assert line.endswith("it is sent again")
    send(ledger, batches[0])
    ledger.close()
    assert exports.resume("third").take_up(batches[0], "json")


def test_the_key_is_for_its_owner_only_and_stays(tmp_path):
    path = tmp_path / "key"
    one, two = InstallationKey(path), InstallationKey(path)
    assert list(tmp_path.iterdir()) == []
    assert one.name == two.name
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]
    assert two.show(one.hide(b"text")) == b"text"


def test_what_was_changed_is_not_shown(tmp_path):
    key = InstallationKey(tmp_path / "key")
    hidden = bytearray(key.hide(b"text"))
    hidden[-1] ^= 1
    assert key.show(bytes(hidden)) is None


def test_no_two_installations_have_the_same_key(tmp_path):
    assert InstallationKey(tmp_path / "a").name != InstallationKey(tmp_path / "b").name


def names(path, start, found) -> None:
    start.wait()
    found.put(InstallationKey(path).name)


def test_processes_that_begin_at_once_agree_on_one_key(tmp_path):
    processes = multiprocessing.get_context("fork")
    start, found = processes.Event(), processes.Queue()
    each = [
        processes.Process(target=names, args=(tmp_path / "key", start, found)) for _ in range(8)
    ]
    for process in each:
        process.start()
    start.set()
    assert len({found.get(timeout=30) for _ in each}) == 1
    for process in each:
        process.join()


def test_where_files_have_one_name_only_there_is_a_key_all_the_same(tmp_path, monkeypatch):
    def refuse(*_args, **_options):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("target_constant_contact.files.os.link", refuse)
    assert InstallationKey(tmp_path / "key").name == InstallationKey(tmp_path / "key").name
