"""The files that tell what each batch has said of its people; only with the installation's key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from target_constant_contact.batches.fingerprints import Fingerprints
from target_constant_contact.files import write_private_bytes

if TYPE_CHECKING:
    from pathlib import Path

    from target_constant_contact.ledger.entry import Entry
    from target_constant_contact.ledger.installation_key import InstallationKey

_HIDDEN: Final = b"fingerprints 2\n"
"""Begins a file that is encrypted. Those of version 0.5 are not, and serve until their run is
ended."""


class FingerprintFiles:
    """One file for each entry of a ledger, beside its journal.

    Args:
        folder: Folder of the export.
        key: Hides what they say.

    Attributes:
        key: As above.
    """

    def __init__(self, folder: Path, key: InstallationKey) -> None:
        self._folder = folder
        self.key = key

    def save(self, entry: Entry, said: Fingerprints) -> None:
        """Keep what a batch says; a crash of the machine may lose it.

        Args:
            entry: Its entry.
            said: Its fingerprints.

        Raises:
            OSError: It cannot be written.
        """
        hidden = self.key.hide(said.to_bytes())
        write_private_bytes(self._path(entry), _HIDDEN + hidden)

    def load(self, entry: Entry) -> Fingerprints | None:
        """Read what :meth:`save` wrote; None when it is missing, not whole, or of another key."""
        try:
            text = self._path(entry).read_bytes()
        except OSError:
            return None
        if text.startswith(_HIDDEN):
            text = self.key.show(text.removeprefix(_HIDDEN)) or b""
        return Fingerprints.from_bytes(text)

    def delete(self) -> None:
        """Delete the files of all entries.

        Raises:
            OSError: They cannot be deleted.
        """
        for path in self._folder.glob("*.fingerprints"):
            path.unlink()

    def _path(self, entry: Entry) -> Path:
        return self._folder / f"{entry.number}.fingerprints"
