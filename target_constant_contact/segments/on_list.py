"""The people who are on a list, as the account tells: their hashes, and the way to each of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from target_constant_contact.contacts.addresses import key_of
from target_constant_contact.imports.spool import Spool
from target_constant_contact.segments.hash_set import HashSet

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from target_constant_contact.imports.spool import Place
    from target_constant_contact.segments.people import PeopleKey

_CHUNK: Final = 2_000
"""People that are hashed and put away together."""
_DIGITS: Final = 16
_BETWEEN: Final = "\x1e"
_END: Final = "\x1f"
"""Of a person in the file: what no address has in it."""


class OnList:
    """Who was on a list when it was read.

    Their addresses and contact ids are in a file that nobody else can open.

    Args:
        list_id: The list.
        people: Hashes them.
        folder: Where the file is made.
        has_ids: Whether their contact ids are known.

    Attributes:
        list_id: As above.
        has_ids: As above.
        hashes: All of them.
        count: How many are on the list; more than there are hashes when only some were looked up.
        whole: Whether all of them were read.
    """

    def __init__(self, list_id: str, people: PeopleKey, folder: Path, *, has_ids: bool) -> None:
        self.list_id = list_id
        self.has_ids = has_ids
        self.hashes = HashSet()
        self.count = 0
        self.whole = True
        self._people = people
        self._spool = Spool(folder)
        self._chunks: list[Place] = []

    def read(self, found: Iterable[tuple[str, str]]) -> None:
        """Take people.

        Args:
            found: Their addresses and contact ids.
        """
        chunk: list[tuple[str, str]] = []
        for one in found:
            chunk.append(one)
            if len(chunk) == _CHUNK:
                self._keep(chunk)
                chunk = []
        self._keep(chunk)
        self.count = len(self.hashes)

    def addresses(self, chosen: HashSet) -> Iterator[str]:
        """Addresses of the people with these hashes, each once."""
        return (address for address, _ in self._chosen(chosen))

    def ids(self, chosen: HashSet) -> Iterator[str]:
        """Contact ids of the people with these hashes, each once."""
        return (contact_id for _, contact_id in self._chosen(chosen))

    def close(self) -> None:
        """Delete the file."""
        self._spool.close()

    def _keep(self, chunk: list[tuple[str, str]]) -> None:
        if not chunk:
            return
        hashes = self._people.hashes(key_of(address) for address, _ in chunk)
        self.hashes.update(hashes)
        lines = (
            f"{one:016x}{contact_id}{_BETWEEN}{address}"
            for one, (address, contact_id) in zip(hashes, chunk, strict=True)
        )
        self._chunks.append(self._spool.put(_END.join(lines).encode()))

    def _chosen(self, chosen: HashSet) -> Iterator[tuple[str, str]]:
        seen = HashSet()
        for place in self._chunks:
            for line in self._spool.fetch(place).decode().split(_END):
                one = int(line[:_DIGITS], 16)
                if one in chosen and one not in seen:
                    seen.add(one)
                    contact_id, _, address = line[_DIGITS:].partition(_BETWEEN)
                    yield address, contact_id
