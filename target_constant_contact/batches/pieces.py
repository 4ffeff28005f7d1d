"""Contacts of an open batch that are not in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol

import msgspec

from target_constant_contact.batches.merging import merge_encoded

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(tuple[list[str], list[bytes]]).decode


class Spill(Protocol):
    """Where contacts go when memory is short."""

    def put(self, content: bytes) -> Any:
        """Keep something; the way to it is returned."""

    def fetch(self, place: Any) -> bytes:
        """Read what was put in."""

    def forget(self, place: Any) -> None:
        """Let its room be used again."""


class Pieces:
    """What was put aside of one batch, piece by piece.

    Args:
        spill: Where it is kept.

    Attributes:
        rows: Contacts in all pieces.
        weight: Bytes that belong to them alone.
        largest: Bytes of the longest contact.
    """

    __slots__ = ("_places", "_spill", "largest", "rows", "weight")

    def __init__(self, spill: Spill) -> None:
        self._spill = spill
        self._places: list[Any] = []
        self.rows = self.weight = self.largest = 0

    def add(self, keys: Sequence[str], contacts: Sequence[bytes], weight: int) -> None:
        """Put contacts aside."""
        self._places.append(self._spill.put(_encode((keys, contacts))))
        self.rows += len(keys)
        self.weight += weight
        self.largest = max(self.largest, *map(len, contacts), 0)

    def __iter__(self) -> Iterator[tuple[list[str], list[bytes]]]:
        """Keys and contacts of each piece, in the order in which they came."""
        return (_decode(self._spill.fetch(place)) for place in self._places)

    def forget(self) -> None:
        """Give their room back."""
        for place in self._places:
            self._spill.forget(place)


def joined(
    pieces: Iterator[tuple[list[str], list[bytes]]],
) -> tuple[list[str], list[bytes]]:
    """All contacts of some pieces, each person once: later properties win."""
    keys: list[str] = []
    contacts: list[bytes] = []
    for more_keys, more in pieces:
        keys += more_keys
        contacts += more
    if len(set(keys)) == len(keys):
        return keys, contacts
    people: dict[str, bytes] = {}
    for key, contact in zip(keys, contacts, strict=True):
        held = people.get(key)
        people[key] = contact if held is None else merge_encoded(held, contact)
    return list(people), list(people.values())
