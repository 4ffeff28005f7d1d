"""People as keyed hashes, which nobody can turn back without the store's key.

A plain hash of an address is no secret: whoever has a list of addresses hashes them all and looks
which are there.
"""

from __future__ import annotations

import hashlib
import secrets
from array import array
from functools import cached_property, partial
from itertools import islice
from typing import TYPE_CHECKING, Final

from target_constant_contact.contacts.addresses import key_of
from target_constant_contact.segments.hash_set import HashSet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from target_constant_contact.store.database import Database

_KEY_BYTES: Final = 32
_PERSON_BYTES: Final = 16
_AT_ONCE: Final = 1_000
"""Addresses that are hashed together."""


class PeopleKey:
    """A random key of the store.

    Args:
        read: Reads it, as hexadecimal digits. It is asked once, when the key is needed.
    """

    def __init__(self, read: Callable[[], str]) -> None:
        self._read = read

    @classmethod
    def of(cls, database: Database) -> PeopleKey:
        """The key of a store, made where there is none."""
        return cls(lambda: _key_of(database))

    def hashes(self, keys: Iterable[str]) -> array[int]:
        """64 bits for each address.

        Args:
            keys: E-mail keys, as `contacts.addresses.key_of` makes them.
        """
        hashed, secret_key = hashlib.blake2b, self._key
        made = array("Q")
        made.frombytes(
            b"".join([hashed(key.encode(), key=secret_key, digest_size=8).digest() for key in keys])
        )
        return made

    def hash(self, key: str) -> int:
        """What :meth:`hashes` makes of one."""
        return self.hashes((key,))[0]

    def exported(self, contacts: Iterable[Mapping[str, str]]) -> HashSet:
        """Everybody who was exported, as hashes.

        Args:
            contacts: As an export has them, with the address as ``email``.
        """
        found, rest = HashSet(), iter(contacts)
        while some := [key_of(contact["email"]) for contact in islice(rest, _AT_ONCE)]:
            found.update(self.hashes(some))
        return found

    def person(self, key: str) -> str:
        """What stands for a person who must never be taken for another one: 32 digits."""
        made = hashlib.blake2b(key.encode(), key=self._key, digest_size=_PERSON_BYTES)
        return made.hexdigest()

    @cached_property
    def _key(self) -> bytes:
        return bytes.fromhex(self._read())


def _key_of(database: Database) -> str:
    # Not before: what is imported for the help of a command need not load SQLAlchemy.
    from target_constant_contact.store.secrets import PEOPLE_KEY, secret  # noqa: PLC0415

    return secret(database, PEOPLE_KEY, partial(secrets.token_hex, _KEY_BYTES))
