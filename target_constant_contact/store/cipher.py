"""Encryption of what nobody may read who can read a shared store."""

from __future__ import annotations

from contextlib import suppress

from cryptography.fernet import Fernet, InvalidToken

from target_constant_contact.exceptions import SettingsError
from target_constant_contact.store.address import key_fault, keys_in


def new_key() -> str:
    """A key that nobody has."""
    return Fernet.generate_key().decode()


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
        self._keys = [Fernet(key) for key in keys_in(keys)]

    def hide(self, text: str) -> str:
        """The text as it may be stored."""
        return self._keys[0].encrypt(text.encode()).decode()

    def show(self, hidden: str) -> str | None:
        """What was hidden; None when it was with another key, or was changed since."""
        return self._opened(hidden)[1]

    def key_of(self, hidden: str) -> int | None:
        """The place of the key that opens it, from 0; None when none does."""
        return self._opened(hidden)[0]

    def _opened(self, hidden: str) -> tuple[int, str] | tuple[None, None]:
        for number, key in enumerate(self._keys):
            with suppress(InvalidToken):
                return number, key.decrypt(hidden.encode()).decode()
        return None, None
