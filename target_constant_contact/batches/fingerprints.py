"""What a batch says about each of its people, as hashes that can be kept.

Two batches contradict each other when they hold different values for one address; the later one
then has to be carried out later. The hashes are the same in every process, so a run can tell
whether what an interrupted one has sent may stand.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from itertools import repeat
from typing import TYPE_CHECKING, Final, Self
from zlib import crc32

from target_constant_contact.batches.places import without
from target_constant_contact.contacts.addresses import hashes

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

PARTS: Final = 16
"""The keys are compared in so many parts, one after the other, to bound the memory: a million of
them need 8 MB in a part's dictionary and 12 MB of arrays."""

_MANY: Final = -1


@dataclass(frozen=True, slots=True, eq=False)
class Fingerprints:
    """What a batch says about its people, without the people.

    Attributes:
        keys: 64-bit hash of each address, in the order of the contacts.
        values: 32 bits of what is said about it, which tell two values apart.
    """

    keys: array[int]
    values: array[int]

    @classmethod
    def of(cls, keys: Iterable[str], contacts: Iterable[bytes], permission: str | None) -> Self:
        """Take the fingerprints of contacts.

        Args:
            keys: E-mail keys.
            contacts: The encoded contact of each.
            permission: The SMS permission that goes with all of them.
        """
        start = repeat(len(permission or ""))
        return cls(hashes(keys), array("I", list(map(crc32, contacts, start))))

    def without(self, places: Collection[int]) -> Self:
        """Those that are not at some places."""
        return type(self)(without(self.keys, places), without(self.values, places))

    def to_bytes(self) -> bytes:
        """The hashes one after the other, with a checksum."""
        body = self.keys.tobytes() + self.values.tobytes()
        return body + crc32(body).to_bytes(4, "big")

    @classmethod
    def from_bytes(cls, text: bytes) -> Self | None:
        """Read what :meth:`to_bytes` made; None when it is not whole."""
        body, check = text[:-4], text[-4:]
        keys, values = array("Q"), array("I")
        rows, rest = divmod(len(body), keys.itemsize + values.itemsize)
        if rest or crc32(body).to_bytes(4, "big") != check:
            return None
        keys.frombytes(body[: rows * keys.itemsize])
        values.frombytes(body[rows * keys.itemsize :])
        return cls(keys, values)

    def contradict(self, other: Fingerprints) -> bool:
        """Whether they hold other values for an address than those of another batch."""
        get = dict(zip(other.keys, other.values, strict=True)).get
        return any(
            get(key, value) != value for key, value in zip(self.keys, self.values, strict=True)
        )


def contradicted(batches: Sequence[Fingerprints | None]) -> set[int]:
    """Positions of the batches that a later one contradicts.

    Args:
        batches: In the order of sending; None where it is not known what was said: it
            contradicts everything before it, and is contradicted by everything after it.
    """
    unknown = [place for place, batch in enumerate(batches) if batch is None]
    found = set(range(unknown[-1] + 1)) if unknown else set()
    later = [(place, batch) for place, batch in enumerate(batches) if batch and place not in found]
    for part in range(PARTS):
        newest: dict[int, int] = {}
        for place, batch in reversed(later):
            for key, value in zip(batch.keys, batch.values, strict=True):
                if key % PARTS == part:
                    held = newest.setdefault(key, value)
                    if held != value:
                        newest[key] = _MANY
                        found.add(place)
    return found
