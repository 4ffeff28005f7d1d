"""A folder that other users could change, or could put something else in the place of, is seen."""

from __future__ import annotations

import grp
import os
import pwd
import stat
from types import SimpleNamespace

import pytest

from target_constant_contact import files
from target_constant_contact.files import exposure

STRANGER = 54_321
GROUP = 65_432


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "parent" / "data"
    path.mkdir(parents=True, mode=0o755)
    return path


@pytest.fixture
def belongs(monkeypatch):
    """Have a place belong to somebody, which only root could arrange: `belongs(path, uid=1)`."""
    real, changed = files.os.lstat, {}

    def lstat(path, **options):
        found = real(path, **options)
        uid, gid = changed.get(str(path), (found.st_uid, found.st_gid))
        return SimpleNamespace(st_mode=found.st_mode, st_uid=uid, st_gid=gid)

    def change(path, *, uid=None, gid=GROUP):
        found = real(path)
        changed[str(path)] = found.st_uid if uid is None else uid, gid

    monkeypatch.setattr(files.os, "lstat", lstat)
    return change


@pytest.fixture
def members(monkeypatch):
    """Say who is in the group: `members("name")`; nobody knows it unless this is called."""

    def change(*names):
        group = SimpleNamespace(gr_mem=[*names])
        monkeypatch.setattr(grp, "getgrgid", lambda _gid: group)

    return change


@pytest.mark.parametrize("mode", [0o700, 0o750, 0o755])
def test_a_folder_that_only_its_owner_can_change_is_not_exposed(folder, mode):
    folder.chmod(mode)
    assert exposure(folder) is None


@pytest.mark.parametrize("mode", [0o702, 0o777, 0o1777])
def test_a_folder_that_everybody_can_change_is_exposed(folder, mode):
    folder.chmod(mode)
    assert exposure(folder) == f"{folder} can be changed by other users (mode {mode & 0o777:03o})"


def test_a_folder_that_is_to_be_made_in_one_that_everybody_can_change_is_exposed(folder):
    folder.chmod(0o777)
    assert exposure(folder / "one" / "two").startswith(f"{folder} can be changed")


def test_a_folder_of_somebody_else_is_exposed(folder, belongs):
    belongs(folder, uid=STRANGER)
    assert exposure(folder) == f"{folder} belongs to another user (number {STRANGER})"


def test_a_folder_that_root_owns_is_not_exposed(folder, belongs, monkeypatch):
    monkeypatch.setattr(files.os, "geteuid", lambda: STRANGER)
    for place in (folder, *folder.parents):
        belongs(place, uid=0)
    assert exposure(folder) is None


def test_a_folder_below_one_of_somebody_else_is_exposed(folder, belongs):
    belongs(folder.parent, uid=STRANGER)
    assert exposure(folder).startswith(f"{folder.parent} belongs to another user")


def test_a_folder_below_one_that_everybody_can_change_is_exposed(folder):
    folder.parent.chmod(0o777)
    assert exposure(folder).startswith(f"{folder.parent} can be changed by other users")


def test_a_folder_below_one_where_nobody_can_remove_what_is_others_is_not_exposed(folder):
    """As in /tmp."""
    folder.parent.chmod(0o1777)
    assert exposure(folder) is None
    assert exposure(folder.parent / "new") is None


def test_what_somebody_else_has_made_in_such_a_folder_is_exposed(folder, belongs):
    folder.parent.chmod(0o1777)
    belongs(folder, uid=STRANGER)
    assert exposure(folder).startswith(f"{folder} belongs to another user")


def test_a_link_of_somebody_else_is_exposed(folder, belongs):
    """It could lead anywhere tomorrow."""
    link = folder.parent.parent / "link"
    link.symlink_to(folder)
    assert exposure(link) is None
    belongs(link, uid=STRANGER)
    assert exposure(link) == f"{link} belongs to another user (number {STRANGER})"


@pytest.mark.parametrize("target", ["parent/data", "parent/../parent/data", "{tmp_path}/parent"])
def test_what_a_link_leads_to_is_looked_at(folder, tmp_path, target):
    link = tmp_path / "link"
    link.symlink_to(target.format(tmp_path=tmp_path))
    folder.parent.chmod(0o777)
    assert exposure(link).startswith(f"{folder.parent} can be changed")


def test_links_in_a_circle_are_an_error(tmp_path):
    (tmp_path / "one").symlink_to("two")
    (tmp_path / "two").symlink_to("one")
    with pytest.raises(OSError, match="symbolic links"):
        exposure(tmp_path / "one")


def test_a_group_with_other_members_exposes(folder, belongs, members):
    belongs(folder)
    folder.chmod(0o770)
    members("somebody", pwd.getpwuid(os.geteuid()).pw_name)
    assert exposure(folder).startswith(f"{folder} can be changed by other users (mode 770)")


@pytest.mark.parametrize("known", [True, False])
def test_a_group_without_other_members_does_not_expose(folder, belongs, members, known):
    """That of one's own, as many systems make it, or that of a volume, which has no name here."""
    belongs(folder)
    folder.chmod(0o2775)
    if known:
        members(pwd.getpwuid(os.geteuid()).pw_name, "root")
    assert exposure(folder) is None


def test_a_group_that_is_the_first_one_of_others_exposes(folder, belongs, members, monkeypatch):
    belongs(folder)
    folder.chmod(0o770)
    members()
    other = SimpleNamespace(pw_name="somebody", pw_uid=STRANGER, pw_gid=GROUP)
    monkeypatch.setattr(pwd, "getpwall", lambda: [other])
    assert exposure(folder).startswith(f"{folder} can be changed by other users")


def test_where_files_have_no_owners_nothing_is_exposed(folder, monkeypatch):
    folder.chmod(0o777)
    monkeypatch.delattr(files.os, "geteuid")
    assert exposure(folder) is None
    assert stat.S_IMODE(folder.stat().st_mode) == 0o777
