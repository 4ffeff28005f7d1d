"""Which stream a list follows, as people change it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from target_constant_contact.account.members import read_back
from target_constant_contact.exceptions import DataError, SettingsError
from target_constant_contact.run.sweeping import alone
from target_constant_contact.segments.following import Following
from target_constant_contact.segments.memory import Memory
from target_constant_contact.segments.people import PeopleKey
from target_constant_contact.segments.stored import parts_of
from target_constant_contact.store.segments import SegmentRows
from target_constant_contact.waiting import Waiting

if TYPE_CHECKING:
    from target_constant_contact.run.hooks import Listen
    from target_constant_contact.settings.settings import Settings


@dataclass(frozen=True, slots=True)
class Owned:
    """A list and the stream that it follows.

    Attributes:
        list_name: Name of the list.
        stream: The stream; empty when there is none.
        people: People on the list who were taken over.
    """

    list_name: str
    stream: str
    people: int = 0


def adopt(settings: Settings, listen: Listen, reference: str, stream: str | None) -> Owned:
    """Take everybody who is on a list for put there by the stream that it follows.

    Args:
        settings: The settings.
        listen: Has those listen who show what goes on.
        reference: The list, as a person has named it.
        stream: Name of the stream; None where the settings and the store say which it is.

    Raises:
        SettingsError: There is no such list, or no such stream.
        DataError: The list follows another stream.
        TargetError: The store or the service cannot be used.
    """
    with alone(settings, listen) as account:
        account.check_identity()
        rows = SegmentRows(account.database, account.export[0])
        following = Following(settings, account.lists)
        list_id = following.list_of(reference)
        name = account.list_names[list_id]
        known = [row.stream for row in rows.all()]
        chosen = _chosen(following.streams_of(list_id, [*known, *filter(None, [stream])]), stream)
        if (owner := rows.own(list_id, chosen)) != chosen:
            raise DataError(
                f"list {name!r} follows stream {owner!r}, not {chosen!r}; nothing was changed. Let "
                f"go of it first with: target-constant-contact release {name!r}"
            )
        waiting = Waiting(settings.import_timeout_minutes * 60, events=account.events)
        found = read_back(account.client, [list_id], ["email_address"], waiting)
        on_list = PeopleKey.of(account.database).exported(found)
        with parts_of(rows.members(chosen, list_id, name)) as parts:
            Memory(parts).adopt(on_list)
        return Owned(name, chosen, len(on_list))


def release(settings: Settings, listen: Listen, reference: str) -> Owned:
    """Let a list follow no stream any more, and forget who is in its segment.

    Args:
        settings: The settings.
        listen: Has those listen who show what goes on.
        reference: The list, as a person has named it.

    Raises:
        SettingsError: There is no such list.
        TargetError: The store or the service cannot be used.
    """
    with alone(settings, listen) as account:
        account.check_identity()
        list_id = Following(settings, account.lists).list_of(reference)
        stream = SegmentRows(account.database, account.export[0]).release(list_id)
        return Owned(account.list_names[list_id], stream or "")


def _chosen(streams: list[str], wanted: str | None) -> str:
    """The stream that is meant.

    Raises:
        SettingsError: None is, or several may be.
    """
    if wanted is not None:
        if wanted in streams:
            return wanted
        fault = (
            f"no list follows stream {wanted!r} by these settings; name one with load_method "
            "overwrite and this list"
        )
        raise SettingsError([fault])
    if len(streams) == 1:
        return streams[0]
    if streams:
        shown = " or ".join(map(repr, streams))
        raise SettingsError([f"the list may follow {shown}; name the stream with --stream"])
    fault = (
        "no stream is known that this list follows by these settings; set load_method: overwrite "
        "for its stream, or name it with --stream"
    )
    raise SettingsError([fault])
