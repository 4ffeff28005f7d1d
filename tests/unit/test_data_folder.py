"""Where everything lies below the data folder."""

from __future__ import annotations

import errno
import os
import re
import stat
from datetime import datetime
from pathlib import Path

import pytest

from target_constant_contact.data_folder import DataFolder, usable
from target_constant_contact.exceptions import SettingsError, StorageError


def test_the_data_folder_is_the_platforms_unless_it_is_set(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    for unset in (None, ""):
        assert tmp_path in DataFolder.of_setting(unset).path.parents
    assert DataFolder.of_setting("~/cc").path == tmp_path / "cc"
    assert DataFolder.of_setting(f"{os.sep}srv").path == Path("/srv")


def test_a_data_folder_that_is_no_text_is_a_fault_also_where_nothing_else_is_checked():
    with pytest.raises(SettingsError, match=r"^data_dir: the value is not of type 'string'"):
        DataFolder.of_setting(5)


def test_everything_lies_where_earlier_versions_have_left_it(tmp_path):
    folder = DataFolder(tmp_path)
    assert {
        folder.connections,
        folder.runs,
        folder.store,
        folder.requests,
        folder.sandbox,
        folder.ledgers,
    } == {
        tmp_path / "connections",
        tmp_path / "runs",
        tmp_path / "store.sqlite",
        tmp_path / "requests.sqlite",
        tmp_path / "sandbox.sqlite",
        tmp_path / "ledger",
    }
    assert list(tmp_path.iterdir()) == []


def test_every_run_has_a_folder_of_its_own_for_its_owner_only(tmp_path):
    folder = DataFolder(tmp_path / "data")
    one, two = folder.make_run(), folder.make_run()
    assert one != two
    assert one.parent == two.parent == folder.runs
    assert re.fullmatch(r"\d{8}T\d{6}Z-[0-9a-f]{6}", one.name)
    for made in (folder.path, folder.runs, one):
        assert stat.S_IMODE(made.stat().st_mode) == 0o700


def test_a_data_folder_that_cannot_be_written_is_a_fault_of_the_settings(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(
        SettingsError, match=r"^data_dir: .*file/runs cannot be used \(Not a directory"
    ):
        DataFolder(tmp_path / "file").make_run()


def test_where_too_many_files_are_open_room_on_the_disk_is_no_way_out(tmp_path):
    error = r"a\.json cannot be used .*; let .* \(ulimit -n\)"
    with pytest.raises(StorageError, match=error), usable(tmp_path):
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE), "a.json")


def test_a_folder_that_others_can_change_is_refused_wherever_something_is_looked_for(tmp_path):
    tmp_path.chmod(0o777)
    folder = DataFolder(tmp_path)
    places = [
        lambda: folder.connections,
        lambda: folder.runs,
        lambda: folder.store,
        lambda: folder.requests,
        lambda: folder.sandbox,
        lambda: folder.ledgers,
        folder.make_run,
        folder.refuse_if_exposed,
    ]
    for place in places:
        with pytest.raises(SettingsError, match=rf"^data_dir: {tmp_path} can be changed by other"):
            place()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_looked_at_is_a_fault_of_the_settings(tmp_path):
    (tmp_path / "circle").symlink_to("circle")
    with pytest.raises(StorageError, match=r"^data_dir: .*circle cannot be used \(Too many levels"):
        DataFolder(tmp_path / "circle").refuse_if_exposed()


def test_the_folder_of_a_run_is_new(tmp_path, monkeypatch):
    """Nobody can have put a link there, in whose place a file would be written."""
    monkeypatch.setattr("target_constant_contact.data_folder.secrets.token_hex", lambda _: "000000")
    folder = DataFolder(tmp_path)
    taken = folder.make_run()
    monkeypatch.setattr("target_constant_contact.data_folder.datetime", Frozen(taken.name))
    with pytest.raises(StorageError, match="File exists"):
        folder.make_run()


class Frozen:
    """A clock that has stopped when a run was made."""

    def __init__(self, run: str) -> None:
        self._now = datetime.strptime(run.partition("-")[0], "%Y%m%dT%H%M%S%z")

    def now(self, _zone: object) -> datetime:
        return self._now
