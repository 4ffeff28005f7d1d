"""The token store, on real files."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import stat
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from target_constant_contact.api.oauth import tokens
from target_constant_contact.api.oauth.connection import (
    Agreement,
    Application,
    Connection,
    fingerprint,
    name_fault,
)
from target_constant_contact.api.oauth.tokens import TokenStore
from target_constant_contact.exceptions import SettingsError, SignInError, TryLaterError

APPLICATION = Application("an-app", "secret-of-app", "https://auth.example.com")
CONNECTION = Connection(
    name="default",
    application=APPLICATION,
    refresh_token="secret-refresh",
    access_token="secret-access",
    expires_at=2_000.5,
    lifetime=1_000.0,
    refreshed_at=1_000.0,
    scope="contact_data offline_access",
    rotating=True,
    account_id="a07",
    account_name="Example Ltd.",
    agreement=Agreement("Ann", "2026-08-01T12:00:00Z", "Members leave."),
    seed="one",
    sent="two",
)
NEXT = replace(CONNECTION, refresh_token="secret-next")


@pytest.fixture(autouse=True)
def _generous_umask():
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.fixture
def store(tmp_path):
    return TokenStore(tmp_path / "data" / "connections")


@pytest.fixture
def stored(store):
    store.write(CONNECTION)
    return store


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def unfinished(store):
    return store.path("default").with_suffix(".json.new")


def leave_unfinished(store, connection=NEXT, cut=None):
    """What a writer leaves that is killed before the last step."""
    text = json.dumps(tokens.asdict(connection)) + "\n"
    tokens.write_private(unfinished(store), text[:cut])


def change(store, **members):
    path = store.path("default")
    path.write_text(json.dumps(json.loads(path.read_text()) | members))


def test_a_connection_is_read_as_it_was_written(store):
    store.write(CONNECTION)
    assert store.read("default") == CONNECTION


def test_a_connection_without_agreement_is_read_too(store):
    seeded = replace(CONNECTION, agreement=None, rotating=None)
    store.write(seeded)
    assert store.read("default") == seeded


def test_there_is_none_before_the_first_one(store):
    assert store.read("default") is None
    assert store.names() == []


def test_below_a_file_there_is_none_either(tmp_path):
    """The writing tells what is wrong with such a folder."""
    (tmp_path / "file").write_text("")
    assert TokenStore(tmp_path / "file" / "connections").read("default") is None


def test_files_and_folder_are_for_their_owner_only(store):
    with store.lock("default"):
        store.write(CONNECTION)
    assert mode(store.folder) == 0o700
    assert {mode(path) for path in store.folder.iterdir()} == {0o600}
    assert len(list(store.folder.iterdir())) == 2


@pytest.mark.parametrize("opened", [0o640, 0o604, 0o620, 0o601, 0o666])
def test_a_file_that_is_open_to_others_is_refused_with_the_command_that_closes_it(stored, opened):
    path = stored.path("default")
    path.chmod(opened)
    with pytest.raises(SettingsError, match=rf"mode {opened:o}.*chmod 600 {path}") as caught:
        stored.read("default")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("opened", [0o750, 0o705, 0o710, 0o777])
def test_a_folder_that_is_open_to_others_is_refused_too(stored, opened):
    stored.folder.chmod(opened)
    with pytest.raises(SettingsError, match=rf"mode {opened:o}.*chmod 700 {stored.folder},"):
        stored.read("default")


def test_an_open_folder_is_refused_before_the_first_token_is_stored(store):
    store.folder.mkdir(parents=True, mode=0o755)
    with pytest.raises(SettingsError, match="chmod 700"), store.lock("default"):
        pytest.fail("nothing is to be stored there")
    assert list(store.folder.iterdir()) == []


def test_an_open_file_of_a_killed_writer_is_refused(stored):
    leave_unfinished(stored)
    unfinished(stored).chmod(0o644)
    with pytest.raises(SettingsError, match=r"chmod 600 .*json\.new"), stored.lock("default"):
        pytest.fail("it is not taken up")
    assert unfinished(stored).exists()


def test_a_file_that_cannot_be_read_is_a_fault_of_the_settings(stored, monkeypatch):
    def refuse(*_arguments, **_options):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Path, "read_text", refuse)
    with pytest.raises(SettingsError, match=r"cannot be read .Permission denied"):
        stored.read("default")


def steps(monkeypatch, folder):
    """What is done to the disk, in order; the calls are carried out."""
    found = []
    fsync, move = os.fsync, os.replace

    def name(descriptor):
        places = [folder, *folder.iterdir()]
        return next(p.name for p in places if os.path.samestat(p.stat(), os.fstat(descriptor)))

    def spy_fsync(descriptor):
        found.append(("fsync", name(descriptor)))
        fsync(descriptor)

    def spy_replace(old, new):
        held = json.loads((folder / "default.json.new").read_text())["refresh_token"]
        found.append(("replace", Path(old).name, Path(new).name, held))
        move(old, new)

    monkeypatch.setattr(os, "fsync", spy_fsync)
    monkeypatch.setattr(os, "replace", spy_replace)
    return found


def test_a_connection_is_on_the_disk_when_writing_returns(stored, monkeypatch):
    """The file, then its name, then the folder: a crash in between leaves the one before."""
    found = steps(monkeypatch, stored.folder)
    stored.write(NEXT)
    assert found == [
        ("fsync", "default.json.new"),
        ("replace", "default.json.new", "default.json", "secret-next"),
        ("fsync", "connections"),
    ]


@pytest.mark.parametrize("step", ["fdopen", "fsync", "replace"])
def test_a_write_that_fails_leaves_what_was_there(stored, monkeypatch, step):
    def fail(*_arguments, **_options):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(os, step, fail)
        with pytest.raises(OSError, match="No space left"):
            stored.write(NEXT)
    assert stored.read("default") == CONNECTION


def test_what_a_killed_writer_had_written_wholly_is_taken_up(stored):
    leave_unfinished(stored)
    assert stored.read("default") == CONNECTION
    with stored.lock("default"):
        assert stored.read("default") == NEXT
    assert not unfinished(stored).exists()


def test_what_a_killed_writer_had_begun_is_dropped_at_any_length(stored):
    length = len(json.dumps(tokens.asdict(NEXT)))
    for cut in range(0, length, 7):
        leave_unfinished(stored, cut=cut)
        with stored.lock("default"):
            assert stored.read("default") == CONNECTION
        assert not unfinished(stored).exists()


def test_the_first_connection_of_a_killed_writer_is_taken_up_too(store):
    tokens.make_private_folder(store.folder)
    leave_unfinished(store)
    with store.lock("default"):
        assert store.read("default") == NEXT


@pytest.mark.parametrize("cut", [None, 10])
def test_a_folder_in_which_nothing_can_be_taken_up_is_said(stored, monkeypatch, cut):
    leave_unfinished(stored, cut=cut)

    def fail(*_arguments, **_options):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(os, "replace", fail)
    monkeypatch.setattr(Path, "unlink", fail)
    with pytest.raises(SettingsError, match="Read-only file system"), stored.lock("default"):
        pytest.fail("nothing can be stored there")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\0" * 100,
        "[]",
        "{}",
        '"text"',
        "\udcff",
        '{"name": "default", "refresh_token": "r"}',
        '{"name": "default", "application": 5, "refresh_token": "r"}',
        '{"name": "default", "application": {"client_id": "c"}, "refresh_token": "r"}',
    ],
)
def test_a_damaged_file_asks_to_sign_in_again(stored, text):
    stored.path("default").write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(SignInError, match="login --connection default") as caught:
        stored.read("default")
    assert str(stored.path("default")) in str(caught.value)


@pytest.mark.parametrize(
    "members",
    [{"refresh_token": None}, {"expires_at": None}, {"lifetime": "long"}, {"agreement": [1]}],
)
def test_a_member_of_another_kind_is_damage_too(stored, members):
    change(stored, **members)
    with pytest.raises(SignInError, match="damaged"):
        stored.read("default")


def test_members_of_later_versions_are_passed_over(stored):
    document = json.loads(stored.path("default").read_text())
    for part in (document, document["application"], document["agreement"]):
        part["of_a_later_version"] = 5
    change(stored, **document)
    assert stored.read("default") == CONNECTION


def test_a_file_of_an_earlier_version_lacks_members(stored):
    document = json.loads(stored.path("default").read_text())
    kept = {name: document[name] for name in ("name", "application", "refresh_token")}
    stored.path("default").write_text(json.dumps(kept))
    assert stored.read("default") == Connection("default", APPLICATION, "secret-refresh")


def test_a_file_that_was_renamed_keeps_its_chain_under_the_new_name(stored):
    """Otherwise its next token would be stored under the old name."""
    stored.path("default").rename(stored.path("other"))
    found = stored.read("other")
    assert found == replace(CONNECTION, name="other")


def test_the_names_of_connections_are_listed_sorted(store):
    for name in ("b.2", "a-1", "C_3"):
        store.write(replace(CONNECTION, name=name))
        with store.lock(name):
            pass
    (store.folder / "not a name.json").write_text("")
    leave_unfinished(store)
    assert store.names() == ["C_3", "a-1", "b.2"]


@pytest.mark.parametrize("name", ["a", "A.b-c_1", "7", "x" * 64])
def test_such_names_will_do(store, name):
    assert name_fault(name) == ""
    store.write(replace(CONNECTION, name=name))
    assert store.path(name).parent == store.folder
    assert store.names() == [name]


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../x", "a/b", "a\\b", "a b", ".hidden", "-x", "x" * 65, "é", "a\n"]
)
def test_such_names_cannot_leave_the_folder(store, name):
    assert "connection:" in name_fault(name)
    for use in (store.path, store.read, store.delete):
        with pytest.raises(SettingsError, match="connection:"):
            use(name)
    with pytest.raises(SettingsError, match="connection:"), store.lock(name):
        pytest.fail("no such lock")


def test_a_removed_connection_leaves_no_token(stored):
    leave_unfinished(stored)
    with stored.lock("default"):
        pass
    leave_unfinished(stored)
    assert stored.delete("default")
    assert stored.read("default") is None
    assert [path.name for path in stored.folder.iterdir()] == ["default.lock"]
    assert not stored.delete("default")


def test_no_secret_is_shown():
    shown = f"{CONNECTION!r} {CONNECTION} {APPLICATION!r} {[CONNECTION]}"
    assert "secret" not in shown
    assert "an-app" in shown


def test_a_fingerprint_tells_secrets_apart_and_does_not_give_them_away():
    assert fingerprint("a", "b") == fingerprint("a", "b")
    assert len({fingerprint(*s) for s in [("a", "b"), ("ab",), ("a", "", "b"), ("b", "a")]}) == 4
    assert "secret" not in fingerprint("secret")


@pytest.mark.parametrize(
    ("lifetime", "left", "fresh"),
    [
        (86_400, 61, True),
        (86_400, 60, False),
        (100, 11, True),
        (100, 10, False),
        (86_400, -1, False),
    ],
)
def test_a_token_is_fresh_until_a_minute_or_a_tenth_of_its_life_is_left(lifetime, left, fresh):
    connection = replace(CONNECTION, expires_at=5_000.0, lifetime=lifetime)
    assert connection.is_fresh(5_000.0 - left) is fresh


def test_without_an_access_token_nothing_is_fresh():
    assert not replace(CONNECTION, access_token="").is_fresh(0)


def test_a_refresh_token_dies_180_days_after_its_last_use():
    assert CONNECTION.refresh_token_expires_at == 1_000 + 180 * 86_400


def test_scopes_are_a_set():
    assert CONNECTION.scopes == {"contact_data", "offline_access"}


def test_one_thread_after_the_other_holds_the_lock(store):
    inside, most = [], []

    def work():
        with store.lock("default"):
            inside.append(1)
            most.append(len(inside))
            inside.pop()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert most == [1] * 8


def test_connections_do_not_wait_for_each_other(store, monkeypatch):
    monkeypatch.setattr(tokens, "_LOCK_SECONDS", 0.0)
    with store.lock("one"), store.lock("two"):
        assert {path.name for path in store.folder.iterdir()} == {"one.lock", "two.lock"}


def test_a_lock_that_is_held_for_too_long_says_by_which_file(store, monkeypatch):
    monkeypatch.setattr(tokens, "_LOCK_SECONDS", 0.0)
    with (
        store.lock("default"),
        pytest.raises(TryLaterError, match=r"default\.lock"),
        store.lock("default"),
    ):
        pytest.fail("it is held")


def test_an_error_frees_the_lock(stored, monkeypatch):
    monkeypatch.setattr(tokens, "_LOCK_SECONDS", 0.0)
    with contextlib.suppress(ZeroDivisionError), stored.lock("default"):
        raise ZeroDivisionError
    unfinished(stored).write_text("torn")
    unfinished(stored).chmod(0o644)
    with contextlib.suppress(SettingsError), stored.lock("default"):
        pytest.fail("what is left there is open to others")
    unfinished(stored).unlink()
    with stored.lock("default"):
        assert stored.read("default") == CONNECTION


def test_a_store_is_proved_without_a_trace(stored):
    stored.prove()
    assert [path.name for path in stored.folder.iterdir()] == ["default.json"]
    assert stored.read("default") == CONNECTION


def test_a_store_that_is_open_to_others_is_not_proved(stored):
    stored.folder.chmod(0o755)
    with pytest.raises(SettingsError, match="chmod 700"):
        stored.prove()


def test_a_store_on_a_full_disk_is_not_proved(stored, monkeypatch):
    def fail(*_arguments, **_options):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space left"):
        stored.prove()
    assert [path.name for path in stored.folder.iterdir()] == ["default.json"]


@pytest.mark.parametrize("number", [errno.EROFS, errno.ENOSPC, errno.EACCES])
def test_a_folder_that_cannot_be_written_is_said_with_what_helps(stored, monkeypatch, number):
    def fail(*_arguments, **_options):
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patched:
        patched.setattr(os, "open", fail)
        with pytest.raises(SettingsError) as caught, stored.lock("default"):
            pytest.fail("no token may be used")
    text = str(caught.value)
    assert os.strerror(number) in text
    assert "refresh token was not used" in text
    assert "long-lived refresh tokens" in text
