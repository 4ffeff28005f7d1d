"""The token files of version 0.8 are taken over once, whatever they were left by."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from filelock import FileLock

from target_constant_contact.data_folder import DataFolder
from target_constant_contact.exceptions import SettingsError, StorageError, TryLaterError
from target_constant_contact.store.connections import ConnectionRows
from target_constant_contact.store.older import connections as room
from target_constant_contact.store.opening import open_store
from target_constant_contact.store.place import StorePlace

KEY = Fernet.generate_key().decode()
APPLICATION = {"client_id": "an-app", "client_secret": None, "auth_url": "https://auth.example.com"}


def document(token="first-token", name="shop", **members):
    return {"name": name, "application": APPLICATION, "refresh_token": token} | members


@pytest.fixture
def folder(tmp_path):
    """A data folder in which version 0.8 has kept connections."""
    made = DataFolder(tmp_path)
    made.connections.mkdir(mode=0o700)
    return made


@pytest.fixture(params=["file", "server"])
def place(request, folder):
    """Where the store is: on each database."""
    url = request.getfixturevalue("postgres").new_url() if request.param == "server" else None
    return StorePlace(folder, url, key=KEY)


@pytest.fixture
def store(place, opened):
    """Open the store as a command does."""

    def start():
        database = opened(open_store(place))
        return ConnectionRows(database, database.cipher)

    return start


def leave(folder, content=None, name="shop.json"):
    """Leave a file as version 0.8 does, with its lock."""
    path = folder.connections / name
    path.parent.mkdir(mode=0o700, exist_ok=True)
    text = content if isinstance(content, str) else json.dumps(content or document(), indent=2)
    path.write_text(text + "\n")
    path.chmod(0o600)
    (folder.connections / f"{name.partition('.json')[0]}.lock").touch(0o600)
    return path


def left(folder):
    return sorted(path.name for path in folder.path.rglob("*") if "store.sqlite" not in path.name)


def test_connections_go_on_and_nothing_of_their_files_is_left(store, folder, caplog):
    """A copy of a token that lies around serves nobody but a thief."""
    leave(folder)
    leave(folder, document("other-token", "b.2"), "b.2.json")
    rows = store()
    assert rows.names() == ["b.2", "shop"]
    assert rows.read("shop") == document()
    assert rows.read("b.2") == document("other-token", "b.2")
    assert left(folder) == []
    (line,) = caplog.messages
    assert line.startswith("Taken over from an earlier version into the store at ")
    gone = f"(nothing of that is left in {folder.connections})"
    assert line.endswith(f": 2 connections: b.2, shop {gone}")


def test_what_is_taken_over_is_taken_over_once(store, folder, caplog):
    leave(folder)
    rows = store()
    with rows.lock("shop", 5):
        rows.write("shop", document("second-token"))
    assert store().read("shop") == document("second-token")
    assert len(caplog.messages) == 1


def test_several_processes_may_find_it_at_once(store, folder, caplog):
    for number in range(3):
        leave(folder, document(name=f"c{number}"), f"c{number}.json")
    names = []
    threads = [threading.Thread(target=lambda: names.append(store().names())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert names == [["c0", "c1", "c2"]] * 4
    assert left(folder) == []
    assert {record.levelname for record in caplog.records} == {"INFO"}


@pytest.mark.parametrize("step", ["rmdir", "unlink"])
def test_a_crash_after_the_store_has_it_is_made_good(store, folder, monkeypatch, caplog, step):
    leave(folder)
    leave(folder, document("newest-token"), "shop.json.new")
    with monkeypatch.context() as broken:
        broken.setattr(Path, step, lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            store()
    assert store().read("shop") == document("newest-token")
    assert left(folder) == []
    assert {record.levelname for record in caplog.records} <= {"INFO"}


def test_a_lock_that_a_crash_has_left_alone_is_removed(store, folder, caplog):
    """Otherwise each command would look for what is left, one after the other, for ever."""
    leave(folder).unlink()
    store()
    assert left(folder) == []
    assert caplog.messages == []


def test_what_a_killed_writer_had_written_wholly_is_the_newest(store, folder):
    leave(folder)
    leave(folder, document("second-token"), "shop.json.new")
    assert store().read("shop") == document("second-token")
    assert left(folder) == []


def test_what_a_killed_writer_had_begun_is_dropped(store, folder):
    leave(folder)
    leave(folder, json.dumps(document("second-token"))[:-9], "shop.json.new")
    assert store().read("shop") == document()
    assert left(folder) == []


def test_the_first_connection_of_a_killed_writer_is_taken_over_too(store, folder):
    leave(folder, name="shop.json.new")
    assert store().read("shop") == document()
    assert left(folder) == []


def test_a_file_that_was_renamed_keeps_its_chain_under_the_new_name(store, folder):
    leave(folder, name="other.json")
    assert store().read("other") == document(name="other")


@pytest.mark.parametrize(
    "text", ["", "\0" * 100, "[]", "{}", '{"refresh_token": "t", "application": 5}', "[" * 100_000]
)
def test_a_damaged_file_is_put_aside_and_the_others_taken_over(store, folder, caplog, text):
    leave(folder, text, "bad.json")
    leave(folder)
    assert store().names() == ["shop"]
    assert left(folder) == ["bad.json.old", "connections"]
    warning, line = caplog.messages
    aside = folder.connections / "bad.json.old"
    assert warning == (
        f"Connection 'bad' of an earlier version in {aside} is damaged; sign in again, and delete "
        "it"
    )
    assert ": 1 connection: shop (" in line
    assert store().names() == ["shop"]


@pytest.mark.parametrize("mode", [0o700, 0o755])
def test_a_folder_with_the_name_of_a_connection_is_left_alone(store, folder, caplog, mode):
    leave(folder)
    (folder.connections / "x.json").mkdir(mode)
    assert store().names() == ["shop"]
    assert left(folder) == ["connections", "x.json"]
    (line,) = caplog.messages
    assert line.startswith("Taken over from an earlier version")


def test_the_connection_of_the_store_wins_and_the_file_is_put_aside(store, folder, caplog):
    rows = store()
    with rows.lock("shop", 5):
        rows.write("shop", document("newer-token"))
    path = leave(folder)
    assert store().read("shop") == document("newer-token")
    assert left(folder) == ["connections", "shop.json.old"]
    (line,) = caplog.messages
    assert line == (
        f"Connection 'shop' of an earlier version in {path}.old was not taken over, as the store "
        "has one of that name; delete it"
    )


def test_a_file_that_is_open_to_others_is_refused_with_the_command_that_closes_it(store, folder):
    path = leave(folder)
    path.chmod(0o640)
    with pytest.raises(SettingsError, match=rf"mode 640.*chmod 600 {path},") as caught:
        store()
    assert "first-token" not in str(caught.value)
    path.chmod(0o600)
    folder.connections.chmod(0o755)
    with pytest.raises(SettingsError, match=rf"mode 755.*chmod 700 {folder.connections},"):
        store()
    assert path.exists()
    folder.connections.chmod(0o700)
    assert store().names() == ["shop"]


def test_a_renewal_of_an_earlier_version_is_waited_for(store, folder, monkeypatch):
    path = leave(folder)
    lock = FileLock(folder.connections / "shop.lock")
    lock.acquire()
    monkeypatch.setattr(room, "_LOCK_SECONDS", 0.2)
    held = rf"process of an earlier version .*'shop'.*holds {folder.connections}/shop\.lock"
    with pytest.raises(TryLaterError, match=held):
        store()
    monkeypatch.setattr(room, "_LOCK_SECONDS", 60.0)
    found = []
    thread = threading.Thread(target=lambda: found.append(store().read("shop")))
    thread.start()
    path.write_text(json.dumps(document("next-token")))
    lock.release()
    thread.join(60)
    assert found == [document("next-token")]


def test_other_files_are_left_alone(store, folder, caplog):
    for name in ("not a name.json", "._shop.json", "notes.txt"):
        (folder.connections / name).write_text("{}")
    assert store().names() == []
    assert left(folder) == ["._shop.json", "connections", "not a name.json", "notes.txt"]
    assert caplog.messages == []


def test_a_folder_that_cannot_be_changed_is_said(store, folder):
    leave(folder)
    lock = folder.connections / "shop.lock"
    lock.unlink()
    lock.mkdir()
    with pytest.raises(StorageError, match=r"^data_dir: .*shop\.lock cannot be used \(Is a dir"):
        store()


def test_the_store_of_the_sandbox_takes_nothing_that_belongs_elsewhere(folder, opened, postgres):
    """A run in the sandbox, where store_url is set, leaves the connections for the database."""
    leave(folder)
    place = StorePlace(folder, postgres.new_url(), key=KEY)
    local = opened(open_store(place.on_this_machine))
    assert ConnectionRows(local, None).names() == []
    shared = opened(open_store(place))
    assert ConnectionRows(shared, shared.cipher).names() == ["shop"]
