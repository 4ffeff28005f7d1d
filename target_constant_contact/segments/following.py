"""Which streams and lists of the store are meant by settings whose lists follow segments."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING, Final

from target_constant_contact.account.lists import UnknownListError
from target_constant_contact.exceptions import SettingsError
from target_constant_contact.segments.leavers import Leave

if TYPE_CHECKING:
    from collections.abc import Iterable

    from target_constant_contact.account.lists import ListDirectory
    from target_constant_contact.segments.hash_set import HashSet
    from target_constant_contact.segments.leavers import Leavers
    from target_constant_contact.settings.settings import Settings
    from target_constant_contact.settings.streams import StreamSettings

_GLOB: Final = frozenset("*?[")


class Following:
    """The exports of the settings that lists follow.

    Args:
        settings: The settings.
        lists: The lists of the account.
    """

    def __init__(self, settings: Settings, lists: ListDirectory) -> None:
        self._settings = settings
        self._lists = lists

    @property
    def entries(self) -> list[StreamSettings]:
        """The settings of streams whose lists follow segments."""
        return [one for one in self._settings.all_streams if one.overwrites]

    def entry_for(self, stream: str, list_id: str) -> StreamSettings | None:
        """The settings by which a list follows a stream; None where it does not."""
        entry = self._entry_of(stream, list_id)
        return entry if entry and entry.overwrites else None

    def leaves(self, leavers: Leavers) -> list[Leave]:
        """Who leaves which list of these settings, of those whom taps have named as leavers.

        Args:
            leavers: All of the account.
        """
        found: defaultdict[str, dict[str, HashSet]] = defaultdict(dict)
        shares: defaultdict[str, float] = defaultdict(lambda: math.inf)
        for stream in leavers.streams():
            for list_id, people in leavers.of(stream).items():
                if entry := self._entry_of(stream, list_id):
                    found[list_id][stream] = people
                    shares[list_id] = min(shares[list_id], entry.max_removed_percent)
        return [
            Leave(list_id, self.name_of(list_id) or "", streams, shares[list_id])
            for list_id, streams in found.items()
        ]

    def name_of(self, list_id: str) -> str | None:
        """Name of a list; None when there is no such list any more."""
        return self._lists.names.get(list_id)

    def count_of(self, list_id: str) -> int:
        """How many people were on a list when all lists were read, as far as it was asked for."""
        found = self._lists.existing.get(list_id)
        return (found.membership_count or 0) if found else 0

    def streams_of(self, list_id: str, known: Iterable[str]) -> list[str]:
        """Streams that a list may follow.

        Args:
            list_id: The list.
            known: Streams that the store knows; a glob of the settings names none.
        """
        named = [one.stream for one in self.entries if not _GLOB & {*one.stream}]
        found = dict.fromkeys([*known, *named])
        return [stream for stream in found if self.entry_for(stream, list_id)]

    def list_of(self, reference: str) -> str:
        """The id of a list that a person has named.

        Raises:
            SettingsError: There is no such list, or it may be one of several.
        """
        try:
            ids = self._lists.look_up([reference]).ids
        except UnknownListError as error:
            raise SettingsError([str(error)]) from None
        if len(ids) != 1:
            raise SettingsError([f"{reference!r} is not one list of the account; name one list"])
        return next(iter(ids))

    def _entry_of(self, stream: str, list_id: str) -> StreamSettings | None:
        """The settings of a stream; None where they do not send it to a list."""
        try:
            entry = self._settings.for_stream(stream)
        except SettingsError:
            return None
        return entry if self._goes_to(entry, list_id) else None

    def _goes_to(self, entry: StreamSettings, list_id: str) -> bool:
        # Which lists records name is not known before they come.
        return bool(entry.lists_field) or list_id in self._ids_of(entry)

    def _ids_of(self, entry: StreamSettings) -> set[str]:
        found: set[str] = set()
        for reference in entry.lists:
            try:
                found |= self._lists.look_up([reference]).ids
            except UnknownListError:
                # The load says so; nobody is taken off a list that is not there.
                continue
        return found
