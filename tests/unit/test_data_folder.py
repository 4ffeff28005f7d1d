"""Where everything lies below the data folder."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

import pytest

from target_constant_contact.data_folder import DataFolder
from target_constant_contact.exceptions import SettingsError


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
        folder.requests,
        folder.sandbox,
        folder.ledger("account", "export"),
    } == {
        tmp_path / "connections",
        tmp_path / "runs",
        tmp_path / "requests.sqlite",
        tmp_path / "sandbox.sqlite",
        tmp_path / "ledger" / "account" / "export",
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
    with pytest.raises(SettingsError, match=r"^data_dir: cannot write below .*Not a directory"):
        DataFolder(tmp_path / "file").make_run()
