"""What does not fit into memory goes to a file that nobody else can open, and takes little room."""

from __future__ import annotations

import errno
import io
import os
import tempfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_constant_contact.exceptions import StorageError
from target_constant_contact.imports.spool import Spool

MEBIBYTE = 1 << 20


@pytest.fixture
def spool(tmp_path):
    made = Spool(tmp_path, in_memory=100)
    yield made
    made.close()


def size_of(spool: Spool) -> int:
    return os.fstat(spool._file.fileno()).st_size if spool._file else 0


def test_a_little_stays_in_memory(spool):
    place = spool.put(b"x" * 100)
    assert spool.fetch(place) == b"x" * 100
    assert size_of(spool) == 0


def test_more_goes_to_the_file_until_there_is_room_in_memory_again(spool):
    first = spool.put(b"x" * 60)
    second = spool.put(b"y" * 60)
    assert size_of(spool) == 60
    spool.forget(first)
    third = spool.put(b"z" * 60)
    assert size_of(spool) == 60
    assert (spool.fetch(second), spool.fetch(third)) == (b"y" * 60, b"z" * 60)


def test_the_room_of_what_is_forgotten_is_used_again(spool):
    for number in range(20):
        place = spool.put(bytes([number]) * MEBIBYTE)
        assert spool.fetch(place) == bytes([number]) * MEBIBYTE
        spool.forget(place)
    assert size_of(spool) == MEBIBYTE


def test_the_file_has_no_name_and_is_of_its_owner_only(spool, tmp_path):
    spool.put(b"x" * 101)
    assert list(tmp_path.iterdir()) == []
    found = os.fstat(spool._file.fileno())
    assert found.st_mode & 0o077 == 0
    assert found.st_nlink == 0


@given(st.lists(st.tuples(st.integers(0, 400_000), st.booleans()), max_size=12))
def test_what_is_put_in_comes_out_whatever_was_forgotten_in_between(tmp_path_factory, steps):
    spool = Spool(tmp_path_factory.mktemp("spool"), in_memory=150_000)
    kept = {}
    for number, (size, forgets) in enumerate(steps):
        content = bytes([number]) * size
        kept[number] = spool.put(content), content
        if forgets and len(kept) > 1:
            place, _ = kept.pop(min(kept))
            spool.forget(place)
    for place, content in kept.values():
        assert spool.fetch(place) == content
    spool.close()


def test_a_folder_that_cannot_be_written_is_told_in_one_line(tmp_path):
    spool = Spool(tmp_path / "missing", in_memory=0)
    with pytest.raises(StorageError, match=r"data_dir: .*missing.* cannot be used"):
        spool.put(b"x")


class FullDisk(io.BytesIO):
    def write(self, _part: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_is_told_in_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_options: FullDisk())
    spool = Spool(tmp_path, in_memory=0)
    with pytest.raises(StorageError, match=r"cannot be used \(No space left on device\)"):
        spool.put(b"x")
