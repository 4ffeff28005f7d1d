"""Which messages a receiver gets: of what has changed since it was told last."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from target_constant_contact.redaction import redacted
from target_constant_contact.reports.told import Alert, Told
from target_constant_contact.settings.alerts import RECOVERED

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from collections.abc import Set as AbstractSet

    from target_constant_contact.alerts.conditions import Condition, Conditions

MOST_OWED: Final = 50
"""Messages that wait for one receiver; of more, the oldest are dropped."""


@dataclass(frozen=True, slots=True)
class About:
    """The run that messages are about: attributes as those of `Alert`."""

    run: str
    kind: str
    export: str
    connection: str
    account: str
    time: str


def decide(before: Told, now: Conditions, about: About, on: Collection[str]) -> Told:
    """What a receiver knows after a run, with the messages that it is owed for that.

    Args:
        before: What it knew.
        now: What is to be told of the run.
        about: The run.
        on: Events that are told.
    """
    active = {key for key in before.active if _event(key) in on}
    owed = []
    for one in now.lasting:
        if one.event in on:
            if not _is_known(one, active):
                owed.append(_alert(one.event, one, about))
            active |= _keys(one)
    for one in now.over:
        if ended := active & _ending(one):
            active -= ended
            if RECOVERED in on:
                owed.append(_alert(RECOVERED, one, about))
    owed += [_alert(one.event, one, about) for one in now.once if one.event in on]
    return Told(before.receiver, tuple(sorted(active)), (*before.owed, *owed)[-MOST_OWED:])


def _keys(one: Condition) -> set[str]:
    """Under which it is active."""
    return {f"{one.event} {stream}" for stream in one.streams} or {one.event}


def _ending(one: Condition) -> set[str]:
    # A run that ends well also ends what an earlier one has failed of before any stream came.
    return {one.event, *_keys(one)}


def _is_known(one: Condition, active: AbstractSet[str]) -> bool:
    """Whether it was told, of one of its streams at least."""
    keys, same = _keys(one), {key for key in active if _event(key) == one.event}
    # Of which streams it is need not be known: before they come, or of a run that was killed.
    return bool(keys & same) or one.event in same or (one.event in keys and bool(same))


def _event(key: str) -> str:
    return key.partition(" ")[0]


def _alert(event: str, one: Condition, about: About) -> Alert:
    segment = one.segment
    return Alert(
        id="-".join((about.run, event, *_digest(one))),
        event=event,
        run=about.run,
        kind=about.kind,
        export=about.export,
        connection=about.connection,
        account=about.account,
        time=about.time,
        # Names that others gave stand in it.
        text=redacted(one.text),
        stream=one.streams[0] if len(one.streams) == 1 else "",
        list_id=segment.list_id if segment else "",
        list_name=segment.list_name if segment else "",
        number=one.number,
        of=one.of,
    )


def _digest(one: Condition) -> Iterator[str]:
    """What tells messages of one run and event apart: it may have several."""
    parts = (one.event, *one.streams, one.segment.list_id if one.segment else "")
    yield hashlib.sha256("\0".join(parts).encode(errors="surrogatepass")).hexdigest()[:8]
