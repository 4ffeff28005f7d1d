"""A journal survives being cut off anywhere."""

from __future__ import annotations

import os

import pytest

from target_constant_contact.ledger.journal import ClosedJournalError, DamagedJournalError, Journal


@pytest.fixture
def journal(tmp_path):
    made = Journal(tmp_path / "journal.jsonl")
    yield made
    made.close()


def test_lines_are_read_in_their_order(journal):
    journal.begin({"line": "run"})
    journal.append({"number": 1}, durable=True)
    journal.append({"number": 2}, durable=False)
    assert journal.read() == [{"line": "run"}, {"number": 1}, {"number": 2}]
    assert journal.path.stat().st_mode & 0o777 == 0o600


def test_without_a_file_there_are_no_lines(journal):
    assert journal.read() == []


def test_a_new_beginning_replaces_what_was_there(journal):
    journal.begin({"line": "run"})
    journal.append({"number": 1}, durable=True)
    journal.begin({"line": "next"})
    journal.append({"number": 2}, durable=True)
    assert journal.read() == [{"line": "next"}, {"number": 2}]
    assert [path.name for path in journal.path.parent.iterdir()] == ["journal.jsonl"]


@pytest.mark.parametrize("cut", range(1, 13))
def test_a_line_that_was_cut_off_is_none_and_nothing_is_glued_to_it(journal, cut):
    journal.begin({"line": "run"})
    journal.append({"number": 1}, durable=True)
    journal.close()
    whole = journal.path.read_bytes()
    journal.path.write_bytes(whole[:-cut])
    assert journal.read() == [{"line": "run"}]
    next_one = Journal(journal.path)
    next_one.append({"number": 2}, durable=True)
    next_one.close()
    assert journal.read() == [{"line": "run"}, {"number": 2}]


def test_a_closed_one_takes_no_line_any_more(journal):
    """The file belongs to the next run."""
    journal.begin({"line": "run"})
    journal.close()
    with pytest.raises(ClosedJournalError):
        journal.append({"number": 1}, durable=False)
    with pytest.raises(ClosedJournalError):
        journal.begin({"line": "late"})
    assert journal.read() == [{"line": "run"}]


@pytest.mark.parametrize("text", ["{\n{}\n", "[]\n", "1\n", "\n\n"])
def test_a_damaged_line_before_the_end_is_an_error(journal, text):
    journal.path.write_text(text)
    with pytest.raises(DamagedJournalError):
        journal.read()


def test_half_a_line_on_a_full_disk_is_taken_back(journal, monkeypatch):
    journal.begin({"line": "run"})
    journal.append({"number": 1}, durable=True)
    real = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, text: real(descriptor, text[:4]))
    with pytest.raises(OSError, match="No space left"):
        journal.append({"number": 2}, durable=True)
    monkeypatch.undo()
    journal.append({"number": 3}, durable=True)
    assert journal.read() == [{"line": "run"}, {"number": 1}, {"number": 3}]
