"""Files and folders that only their owner may read."""

from __future__ import annotations

import os
import stat

import pytest

from target_constant_contact import files
from target_constant_contact.files import (
    make_private_folder,
    naming,
    open_private,
    prove_writable,
    replace_durably,
    write_private,
    write_private_bytes,
    write_whole,
)


@pytest.fixture(autouse=True)
def _generous_umask():
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_new_folders_are_for_their_owner_only(tmp_path):
    make_private_folder(tmp_path / "one" / "two")
    assert mode(tmp_path / "one") == mode(tmp_path / "one" / "two") == 0o700


def test_a_folder_that_exists_keeps_its_mode(tmp_path):
    (tmp_path / "one").mkdir(mode=0o755)
    make_private_folder(tmp_path / "one")
    assert mode(tmp_path / "one") == 0o755


def test_a_folder_below_a_file_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="Not a directory"):
        make_private_folder(tmp_path / "file" / "folder")


def test_a_folder_that_nothing_can_be_written_into_is_an_error(tmp_path, monkeypatch):
    """Asked of the system, because root may write where the mode forbids it."""
    monkeypatch.setattr(files.os, "access", lambda *_: False)
    with pytest.raises(PermissionError) as caught:
        make_private_folder(tmp_path)
    assert caught.value.filename == str(tmp_path)


def test_a_written_file_is_for_its_owner_only(tmp_path):
    write_private(tmp_path / "file", "é\n")
    assert mode(tmp_path / "file") == 0o600
    assert (tmp_path / "file").read_bytes() == "é\n".encode()


def test_a_file_that_others_could_read_is_closed_and_written_anew(tmp_path):
    path = tmp_path / "file"
    path.write_text("a long text that was here before")
    path.chmod(0o666)
    write_private(path, "new")
    assert mode(path) == 0o600
    assert path.read_text() == "new"


@pytest.mark.parametrize(("durable", "synced"), [(True, ["the text"]), (False, [])])
def test_a_durable_text_is_on_the_disk_before_the_function_returns(
    tmp_path, monkeypatch, durable, synced
):
    found = []
    real = os.fsync

    def fsync(descriptor):
        found.append((tmp_path / "file").read_text())
        real(descriptor)

    monkeypatch.setattr(files.os, "fsync", fsync)
    write_private(tmp_path / "file", "the text", durable=durable)
    assert found == synced


def test_a_folder_is_made_and_proved_without_a_trace(tmp_path, monkeypatch):
    """What is tried there is durable: a full disk shows in time."""
    synced = []
    monkeypatch.setattr(files.os, "fsync", synced.append)
    prove_writable(tmp_path / "one" / "two")
    assert mode(tmp_path / "one") == mode(tmp_path / "one" / "two") == 0o700
    assert list((tmp_path / "one" / "two").iterdir()) == []
    assert len(synced) == 1


def test_nothing_is_left_in_a_folder_that_could_not_be_written(tmp_path, monkeypatch):
    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        prove_writable(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_file_takes_the_place_of_another(tmp_path):
    new, path = tmp_path / "new", tmp_path / "path"
    new.write_text("new")
    path.write_text("old")
    replace_durably(new, path)
    assert path.read_text() == "new"
    assert not new.exists()


def test_what_cannot_be_replaced_is_as_it_was(tmp_path):
    path = tmp_path / "path"
    path.write_text("old")
    with pytest.raises(FileNotFoundError):
        replace_durably(tmp_path / "new", path)
    assert path.read_text() == "old"


@pytest.fixture
def link(tmp_path):
    """A link to a file of which nothing may be changed."""
    (tmp_path / "precious").write_text("precious")
    (tmp_path / "link").symlink_to("precious")
    yield tmp_path / "link"
    assert (tmp_path / "precious").read_text() == "precious"
    assert mode(tmp_path / "precious") != 0o600


@pytest.mark.parametrize(
    "write",
    [write_private, write_whole, lambda path, text: write_private_bytes(path, text.encode())],
)
def test_a_file_takes_the_place_of_a_link_and_leaves_alone_what_it_leads_to(link, write):
    write(link, "new")
    assert not link.is_symlink()
    assert (link.read_text(), mode(link)) == ("new", 0o600)


def test_a_file_is_not_opened_through_a_link(link):
    with pytest.raises(OSError, match="symbolic links"):
        open_private(link, os.O_RDWR | os.O_CREAT)


def test_a_folder_that_another_user_makes_in_between_is_not_taken(tmp_path, monkeypatch):
    real = files.Path.mkdir

    def mkdir(path, **options):
        real(path, **options)
        raise FileExistsError(17, "File exists", str(path))

    monkeypatch.setattr(files.Path, "mkdir", mkdir)
    make_private_folder(tmp_path / "ours")
    monkeypatch.setattr(files.os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(PermissionError, match="another user has just made it"):
        make_private_folder(tmp_path / "theirs")


def test_what_cannot_be_written_whole_is_as_it_was(tmp_path, monkeypatch):
    path = tmp_path / "file"
    write_whole(path, "old")

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(OSError, match=r"No space left on device: '.*file\.new'"):
        write_whole(path, "new")
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [("file", "old")]


def test_an_error_that_tells_its_file_keeps_it(tmp_path):
    with pytest.raises(OSError, match="here") as caught, naming(tmp_path):
        raise OSError(28, "No space left on device", "here")
    assert caught.value.filename == "here"
