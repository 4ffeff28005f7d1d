"""The file of people who are never imported."""

from __future__ import annotations

import hashlib
import tracemalloc
from typing import TYPE_CHECKING

import pytest

from target_constant_contact.exceptions import SettingsError
from target_constant_contact.segments.suppression_file import SuppressedPeople, read_suppressions

if TYPE_CHECKING:
    from pathlib import Path

KEYS = ("kay@example.com", "lou@example.com", "mia@example.com")


def sha256(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "suppressed.txt"


def places(file: Path, content: str | bytes) -> list[int]:
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return [*read_suppressions(file).places(KEYS)]


@pytest.mark.parametrize(
    "content",
    [
        "lou@example.com",
        "lou@example.com\n",
        "\ufefflou@example.com\r\n",
        "# who has asked us\n\n  Lou@Example.COM \t\r\n\n",
        f"sha256:{sha256(KEYS[1])}",
        f"SHA256: {sha256(KEYS[1]).upper()}\r\n",
        f"lou@example.com\nsha256:{sha256(KEYS[1])}\n",
        "\ufeff# a comment\nlou@example.com\n",
    ],
    ids=repr,
)
def test_a_line_is_an_address_or_its_hash(file, content):
    assert places(file, content) == [1]
    assert len(read_suppressions(file)) == 1


def test_a_file_without_people_suppresses_nobody(file):
    assert places(file, "") == []
    assert places(file, "# nobody yet\n\n") == []


def test_people_outside_ascii_are_found(tmp_path):
    path = tmp_path / "file"
    path.write_text("Jörg@Example.com\n", encoding="utf-8")
    assert [*read_suppressions(path).places(["jörg@example.com", "jorg@example.com"])] == [0]


@pytest.mark.parametrize(
    "line",
    [
        b"email",
        b"kay.example.com",
        b"sha256:abc",
        b"sha1:" + b"0" * 40,
        sha256(KEYS[0]).encode(),
        b"sha256:" + b"g" * 64,
        b"kay@example.com, lou@example.com",
        b"Kay <kay@example.com>",
        b"kay@example.com;1",
        b"kay@example.com # no comment",
        "j\u00f6rg@example.com".encode("latin-1"),
        b"k" * 2_000 + b"@example.com",
        b"kay@example.com" + b" " * 5_000 + b"x",
        "kay@example.com".encode("utf-16"),
    ],
    ids=lambda line: repr(line[:40]),
)
def test_another_line_is_named_by_its_number_and_not_by_what_is_in_it(file, line):
    file.write_bytes(b"lou@example.com\n# \n" + line + b"\nmia@example.com\n")
    with pytest.raises(SettingsError) as caught:
        read_suppressions(file)
    (fault,) = caught.value.faults
    assert f"line 3 of {file}: neither" in fault
    assert "example.com" not in fault.replace(str(file), "")


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (2, "lines 1, 2 of"),
        (5, "lines 1, 2, 3, 4, 5 of"),
        (12, "lines 1, 2, 3, 4, 5 and 7 more of"),
    ],
)
def test_of_many_wrong_lines_the_first_are_named_and_the_rest_counted(file, wrong, words):
    with pytest.raises(SettingsError, match=words):
        places(file, "nobody\n" * wrong)


def test_a_file_that_cannot_be_read_is_a_fault_of_the_settings(file, tmp_path):
    for path, why in ((file, "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(SettingsError, match=why) as caught:
            read_suppressions(path)
        assert caught.value.exit_code == 78


def test_a_person_takes_eight_bytes():
    tracemalloc.start()
    try:
        people = SuppressedPeople(
            hashlib.sha256(b"%d" % number).digest() for number in range(100_000)
        )
        held, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(people) == 100_000
    assert held < 1_200_000
    assert peak < 3_000_000
