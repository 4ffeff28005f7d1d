"""What each batch has said of its people, which only the installation's key shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from target_constant_contact.batches.fingerprints import Fingerprints

if TYPE_CHECKING:
    from target_constant_contact.ledger.entry import Entry
    from target_constant_contact.ledger.installation_key import InstallationKey
    from target_constant_contact.store.ledger import LedgerRows

_HIDDEN: Final = b"fingerprints 2\n"
"""Begins what is encrypted. Those of version 0.5 are not, and serve until their run is ended."""


class HiddenFingerprints:
    """The fingerprints of each entry of a ledger.

    Args:
        rows: The ledger.
        key: Hides what they say.

    Attributes:
        key: As above.
    """

    def __init__(self, rows: LedgerRows, key: InstallationKey) -> None:
        self._rows = rows
        self.key = key

    def hide(self, said: Fingerprints) -> bytes:
        """What may be stored of them."""
        return _HIDDEN + self.key.hide(said.to_bytes())

    def load(self, entry: Entry) -> Fingerprints | None:
        """Those of an entry; None when they are missing, not whole, or of another key.

        Raises:
            TargetError: The store cannot be used.
        """
        text = self._rows.fingerprints(entry.number)
        if text is None:
            return None
        if text.startswith(_HIDDEN):
            text = self.key.show(text.removeprefix(_HIDDEN)) or b""
        return Fingerprints.from_bytes(text)
