"""Encryption of what nobody may read who can read a shared store."""

from __future__ import annotations

import re
from typing import Final

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from target_constant_contact.exceptions import SettingsError

_BETWEEN: Final = re.compile(r"[\s,]+")


class Cipher:
    """Writes with the first key, and reads with any of them.

    Args:
        keys: One key, or several with commas between them: the new one first, and old ones until
            all is written anew.

    Raises:
        SettingsError: One of them is no key.
    """

    def __init__(self, keys: str) -> None:
        try:
            found = [Fernet(key) for key in _BETWEEN.split(keys.strip())]
        except ValueError:
            raise SettingsError([key_fault(keys)]) from None
        self._fernet = MultiFernet(found)

    def hide(self, text: str) -> str:
        """The text as it may be stored."""
        return self._fernet.encrypt(text.encode()).decode()

    def show(self, hidden: str) -> str | None:
        """What was hidden; None when it was with another key, or was changed since."""
        try:
            return self._fernet.decrypt(hidden.encode()).decode()
        except InvalidToken:
            return None


def key_fault(keys: str) -> str:
    """What is wrong with ``store_key``, in one line that does not quote it; empty when nothing."""
    try:
        for key in _BETWEEN.split(keys.strip()):
            Fernet(key)
    except ValueError:
        return (
            "store_key is no key: make one with python -c 'from cryptography.fernet import Fernet; "
            "print(Fernet.generate_key().decode())', and write several with commas between them"
        )
    return ""
