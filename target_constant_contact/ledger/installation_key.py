"""The key of an installation: without it, a ledger tells nobody whom it is about.

A plain hash of an address is no secret: whoever has a list of addresses hashes them all and looks
which are there. So hashes are keyed, and where there is one for each address, which would take as
long as all else that is done for it, all of them are encrypted as a whole.
"""

from __future__ import annotations

import hashlib
import secrets
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

if TYPE_CHECKING:
    from collections.abc import Callable

_HALF: Final = 32
"""Bytes of the key for encryption, and of that for hashes."""
_NONCE: Final = 12


def new_key() -> str:
    """A key that nobody has."""
    return secrets.token_hex(2 * _HALF)


class InstallationKey:
    """A random key; what it has hidden, only it can show.

    Args:
        read: Reads it, as :func:`new_key` has made it. It is asked once, when the key is needed.
    """

    def __init__(self, read: Callable[[], str]) -> None:
        self._read = read

    @property
    def name(self) -> str:
        """Tells two keys apart, and nothing about them."""
        return hashlib.blake2b(key=self._hash_key, digest_size=8, person=b"name").hexdigest()

    def hash(self, *texts: bytes) -> str:
        """A hash of some texts that nobody can make without the key: 64 hexadecimal digits."""
        made = hashlib.blake2b(key=self._hash_key, digest_size=32, person=b"content")
        for text in texts:
            made.update(text)
        return made.hexdigest()

    def hide(self, text: bytes) -> bytes:
        """Encrypt a text; that of the same text is another each time."""
        nonce = secrets.token_bytes(_NONCE)
        return nonce + self._cipher.encrypt(nonce, text, None)

    def show(self, hidden: bytes) -> bytes | None:
        """Decrypt what :meth:`hide` made; None when it is not whole, or was made by another key."""
        with suppress(InvalidTag, ValueError):
            return self._cipher.decrypt(hidden[:_NONCE], hidden[_NONCE:], None)
        return None

    @property
    def _hash_key(self) -> bytes:
        return self._secret[_HALF:]

    @cached_property
    def _cipher(self) -> AESGCM:
        return AESGCM(self._secret[:_HALF])

    @cached_property
    def _secret(self) -> bytes:
        return bytes.fromhex(self._read())
