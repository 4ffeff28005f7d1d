"""Encryption of what nobody may read who can read a shared store."""

from __future__ import annotations

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from target_constant_contact.exceptions import SettingsError
from target_constant_contact.store.address import key_fault, keys_in


class Cipher:
    """Writes with the first key, and reads with any of them.

    Args:
        keys: One key, or several with commas between them: the new one first, and old ones until
            all is written anew.

    Raises:
        SettingsError: One of them is no key.
    """

    def __init__(self, keys: str) -> None:
        if fault := key_fault(keys):
            raise SettingsError([fault])
        self._fernet = MultiFernet([Fernet(key) for key in keys_in(keys)])

    def hide(self, text: str) -> str:
        """The text as it may be stored."""
        return self._fernet.encrypt(text.encode()).decode()

    def show(self, hidden: str) -> str | None:
        """What was hidden; None when it was with another key, or was changed since."""
        try:
            return self._fernet.decrypt(hidden.encode()).decode()
        except InvalidToken:
            return None
