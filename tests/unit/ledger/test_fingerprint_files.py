"""What a batch has said of its people is kept without the people, for the owner of the run only."""

from __future__ import annotations

from datetime import UTC, datetime

from target_constant_contact.ledger.entry import Entry
from target_constant_contact.ledger.fingerprint_files import FingerprintFiles
from target_constant_contact.ledger.installation_key import InstallationKey
from tests.support.saying import saying

ENTRY = Entry(7, "", "members", 1, datetime(2026, 11, 24, tzinfo=UTC))
SAID = saying({"ann@example.com": 1})


def test_what_was_saved_is_loaded(tmp_path):
    files = FingerprintFiles(tmp_path, InstallationKey(tmp_path / "key"))
    files.save(ENTRY, SAID)
    loaded = files.load(ENTRY)
    assert loaded is not None
    assert loaded.to_bytes() == SAID.to_bytes()
    assert (tmp_path / "7.fingerprints").stat().st_mode & 0o777 == 0o600


def test_what_is_missing_or_damaged_is_not_known(tmp_path):
    files = FingerprintFiles(tmp_path, InstallationKey(tmp_path / "key"))
    assert files.load(ENTRY) is None
    (tmp_path / "7.fingerprints").write_bytes(b"half")
    assert files.load(ENTRY) is None


def test_nothing_else_is_deleted(tmp_path):
    files = FingerprintFiles(tmp_path, InstallationKey(tmp_path / "key"))
    files.save(ENTRY, SAID)
    (tmp_path / "journal.jsonl").write_text("")
    files.delete()
    assert [path.name for path in tmp_path.iterdir()] == ["key", "journal.jsonl"]
