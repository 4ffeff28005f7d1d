"""Takes nobody off a list, and tells who would be on it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from typing_extensions import override

from target_constant_contact.exceptions import TryLaterError
from target_constant_contact.segments.on_list import OnList
from target_constant_contact.segments.taking_off import TakingOff

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from target_constant_contact.planning.plan import Planning
    from target_constant_contact.segments.hash_set import HashSet
    from target_constant_contact.segments.reading import Means


class PretendedRemoval(TakingOff):
    """Lists as they would be after a load, for plans of what would be taken off them.

    Args:
        means: What lists are read with.
        planning: Knows who is on them, and who would be; None where nothing does.
    """

    def __init__(self, means: Means, planning: Planning | None) -> None:
        super().__init__(means)
        self._folder = means.folder
        self._key = means.people
        self._planning = planning

    @override
    @contextmanager
    def read(self, list_id: str, leavers: int) -> Iterator[OnList]:
        """Who would be on a list.

        Raises:
            TryLaterError: It cannot be known.
        """
        everybody = self._planning.afterwards(list_id) if self._planning else None
        if everybody is None:
            raise TryLaterError(
                f"list {list_id} could not be read, so it is not known who would be taken off it"
            )
        found = OnList(list_id, self._key, self._folder, has_ids=False)
        found.hashes, found.count = everybody, len(everybody)
        yield found

    def note(self, list_id: str, people: HashSet) -> None:
        """Note that people would be off a list from now on."""
        if self._planning:
            self._planning.take_off(list_id, people)

    @override
    @contextmanager
    def look_up(self, list_id: str, keys: Iterable[str]) -> Iterator[OnList]:
        """The same, whoever is asked for."""
        with self.read(list_id, 0) as found:
            yield found
