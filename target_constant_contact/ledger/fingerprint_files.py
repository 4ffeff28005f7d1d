"""The files that tell, without naming anybody, what each batch has said of its people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_constant_contact.batches.fingerprints import Fingerprints
from target_constant_contact.files import write_private_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from target_constant_contact.ledger.entry import Entry


class FingerprintFiles:
    """One file for each entry of a ledger, beside its journal.

    Args:
        folder: Folder of the export.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def save(self, entry: Entry, said: Mapping[str, int]) -> None:
        """Keep what a batch says; a crash of the machine may lose it.

        Args:
            entry: Its entry.
            said: E-mail key to fingerprint.

        Raises:
            OSError: It cannot be written.
        """
        write_private_bytes(self._path(entry), Fingerprints.of(said).to_bytes())

    def load(self, entry: Entry) -> Fingerprints | None:
        """Read what :meth:`save` wrote; None when it is missing or not whole."""
        try:
            return Fingerprints.from_bytes(self._path(entry).read_bytes())
        except OSError:
            return None

    def delete(self) -> None:
        """Delete the files of all entries.

        Raises:
            OSError: They cannot be deleted.
        """
        for path in self._folder.glob("*.fingerprints"):
            path.unlink()

    def _path(self, entry: Entry) -> Path:
        return self._folder / f"{entry.number}.fingerprints"
