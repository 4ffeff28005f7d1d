"""The contacts of a batch that still takes some."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

_NEAR: Final = 1_536
"""The newest contacts."""


class OpenContacts:
    """Encoded contacts and their e-mail keys, in the order in which they came.

    Nearly all of them are only added and sent. Two lists take less time and memory for that than
    a dictionary; where a key stands is found out when it is asked for.

    Attributes:
        keys: E-mail keys, each once. To add contacts, add to both lists.
        encoded: The contact of each.
    """

    __slots__ = ("_looked", "_places", "encoded", "keys")

    def __init__(self) -> None:
        self.keys: list[str] = []
        self.encoded: list[bytes] = []
        # Places of those up to the newest ones, and how many of these were looked at since.
        self._places: dict[str, int] = {}
        self._looked = 0

    def __len__(self) -> int:
        return len(self.keys)

    def __getitem__(self, key: str) -> bytes:
        return self.encoded[self._place(key)]

    def replace(self, key: str, contact: bytes) -> bytes:
        """Put a contact in the place of another, and return that one."""
        place = self._place(key)
        held, self.encoded[place] = self.encoded[place], contact
        return held

    def pop(self, key: str) -> bytes:
        """Take a contact out, and return it; the last one moves to its place."""
        self._know_all()
        place = self._places[key]
        held = self.encoded[place]
        last_key, last = self.keys.pop(), self.encoded.pop()
        if key != last_key:
            self.keys[place], self.encoded[place] = last_key, last
            self._places[last_key] = place
        del self._places[key]
        return held

    def _place(self, key: str) -> int:
        place = self._places.get(key)
        if place is not None:
            return place
        known, rows = len(self._places), len(self.keys)
        # Who comes again mostly does so soon. Looking at a key takes a quarter of noting it.
        if self._looked < rows - known:
            self._looked += _NEAR // 4
            with suppress(ValueError):
                return self.keys.index(key, max(known, rows - _NEAR))
        self._know_all()
        return self._places[key]

    def _know_all(self) -> None:
        known = len(self._places)
        places = range(known, len(self.keys))
        self._places.update(zip(self.keys[known:], places, strict=True))
        self._looked = 0
