"""What a ledger keeps tells nobody without the key of the installation whom it is about."""

from __future__ import annotations

import hashlib
import json
from zlib import crc32

import pytest

from target_constant_contact.ledger.installation_key import InstallationKey, new_key
from tests.support.ledgers import say, send

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


@pytest.fixture(params=["file", "server"])
def exports(request, make_exports):
    return make_exports(request.param)


def in_store(exports) -> bytes:
    """What the ledger's tables hold, also what is in hexadecimal digits there, as bytes."""
    tables = ("exports", "open_runs", "entries", "fingerprints")
    values = [value for table in tables for row in exports.rows(table) for value in row.values()]
    assert values
    texts = [value if isinstance(value, bytes) else str(value).encode() for value in values]
    digits = [bytes.fromhex(text.decode()) for text in texts if is_hex(text)]
    return b"\n".join([*texts, *digits])


def is_hex(word: bytes) -> bool:
    return len(word) >= 8 and len(word) % 2 == 0 and not word.strip(b"0123456789abcdef")


def make_old(exports, *batches) -> None:
    """Have what a run has left look as if version 0.5 had left it."""
    exports.execute("DELETE FROM secrets")
    exports.execute("UPDATE open_runs SET key = NULL")
    for number, batch in enumerate(batches, start=1):
        statement = "UPDATE entries SET content = :content WHERE number = :number"
        exports.execute(statement, content=old_content(batch), number=number)
        exports.spoil(number, lambda _said, batch=batch: batch.fingerprints.to_bytes())


def test_a_dictionary_attack_recovers_nobody_of_an_interrupted_run(exports):
    everybody, alone = say(**dict.fromkeys(PEOPLE, "Ann")), say(ann="Ann")
    exports.interrupt(everybody, alone)
    found = in_store(exports)
    assert [
        guess for batch in (everybody, alone) for guess in unkeyed(batch) if guess in found
    ] == []


def test_a_dictionary_attack_recovers_nobody_of_a_finished_run(exports):
    batch = say(**dict.fromkeys(PEOPLE, "Ann"))
    ledger = exports.start()
    entry = send(ledger, batch)
    ledger.settle(entry)
    ledger.finish()
    stored = in_store(exports)
    assert [guess for guess in unkeyed(batch) if guess in stored] == []


def test_an_attack_on_what_version_05_has_left_recovers_everybody(exports):
    """What these tests look for is there to be found."""
    batch = say(**dict.fromkeys(PEOPLE, "Ann"))
    exports.interrupt(batch)
    make_old(exports, batch)
    found = in_store(exports)
    people = batch.fingerprints
    assert all(key.to_bytes(8, "little") in found for key in people.keys)
    assert bytes.fromhex(old_content(batch)) in found


def test_two_batches_that_say_the_same_do_not_look_the_same(exports):
    batch = say(ann="Ann")
    exports.interrupt(batch, batch)
    one, two = (row["said"] for row in exports.rows("fingerprints"))
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
    found = in_store(exports)
    assert [guess for batch in batches for guess in unkeyed(batch) if guess in found] == []


def test_without_its_key_a_run_is_not_recognised_which_is_said_once(exports, caplog):
    batches = say(ann="Ann"), say(bob="Bob")
    exports.interrupt(*batches)
    exports.execute("DELETE FROM secrets")
    ledger = exports.resume()
    assert [ledger.take_up(batch, "json") for batch in batches] == [None, None]
    (line,) = [record.message for record in caplog.records]
    assert line.startswith("The store's ledger key is not that of the interrupted run")
    assert line.endswith("it is sent again")
    send(ledger, batches[0])
    ledger.close()
    assert exports.resume("third").take_up(batches[0], "json")


def test_the_key_is_made_once_and_stays(exports):
    exports.start().finish()
    (secret,) = exports.rows("secrets")
    exports.start("another", "other export")
    assert exports.rows("secrets") == [secret]
    assert secret["name"] == "ledger key"


def test_what_one_has_hidden_another_one_of_the_same_key_shows():
    key = new_key()
    one, two = InstallationKey(lambda: key), InstallationKey(lambda: key)
    assert one.name == two.name
    assert two.hash(b"text") == one.hash(b"text")
    assert two.show(one.hide(b"text")) == b"text"


def test_it_is_read_when_it_is_needed_and_once():
    asked = []

    def read():
        asked.append(1)
        return new_key()

    key = InstallationKey(read)
    assert asked == []
    assert key.show(key.hide(b"text")) == b"text"
    assert key.name
    assert len(asked) == 1


def test_what_was_changed_is_not_shown():
    key = InstallationKey(new_key)
    hidden = bytearray(key.hide(b"text"))
    hidden[-1] ^= 1
    assert key.show(bytes(hidden)) is None


def test_what_another_key_has_hidden_is_not_shown():
    one, two = InstallationKey(new_key), InstallationKey(new_key)
    assert one.name != two.name
    assert two.show(one.hide(b"text")) is None
