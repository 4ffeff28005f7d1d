"""Lists that follow segments, as the settings name them."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from target_constant_contact.account.lists import UnknownListError
from target_constant_contact.settings.streams import within_entry

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from target_constant_contact.account.lists import ListDirectory
    from target_constant_contact.settings.streams import StreamSettings


def overwriting_faults(
    segments: Iterable[StreamSettings], directory: ListDirectory
) -> Iterator[str]:
    """Entries that would have one list follow two segments.

    Args:
        segments: The entries of ``segments``.
        directory: The lists of the account.
    """
    first: dict[str, str] = {}
    for segment in segments:
        if not segment.overwrites:
            continue
        with suppress(UnknownListError):
            wanted = directory.look_up(segment.lists)
            names = {list_id: directory.names[list_id] for list_id in wanted.ids}
            for key, name in (names | dict(wanted.new)).items():
                other = first.setdefault(key, segment.place)
                if other != segment.place:
                    fault = (
                        f"lists: {other} has {name!r} follow its segment too, and no list follows "
                        "two. Give each a list of its own, or set load_method: upsert for one"
                    )
                    yield within_entry(segment.place, fault)
