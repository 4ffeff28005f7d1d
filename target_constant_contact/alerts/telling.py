"""Telling all receivers what has changed with a run, and keeping what could not be told."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from target_constant_contact.alerts.conditions import Rules, conditions, killed
from target_constant_contact.alerts.decision import About, decide
from target_constant_contact.alerts.delivery import deliver
from target_constant_contact.alerts.memory import latest_told
from target_constant_contact.reports.past_run import LOAD
from target_constant_contact.reports.told import Told

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from target_constant_contact.alerts.conditions import Conditions
    from target_constant_contact.alerts.delivery import Delivery
    from target_constant_contact.alerts.memory import Interrupted
    from target_constant_contact.alerts.receivers import Receiver
    from target_constant_contact.reports.past_run import PastRun
    from target_constant_contact.settings.settings import Settings

_TRY: Final = "target-constant-contact alerts --test"
_logger = logging.getLogger("target-constant-contact")


def rules_of(settings: Settings) -> Rules:
    """When something is to be told, by the settings of a run."""

    def is_whole(stream: str) -> bool:
        entry = settings.entry_for(stream)
        found = settings.default if entry is None else settings.segments[entry]
        return found is not None and found.overwrites

    alerts = settings.alerts
    return Rules(alerts.rejected_percent, alerts.shrunk_percent, is_whole)


def happened(
    now: PastRun, earlier: Sequence[PastRun], interrupted: Sequence[Interrupted], rules: Rules
) -> Iterator[tuple[About, Conditions]]:
    """What is to be told of a run, and before that, of those that were killed since the last one.

    Args:
        now: The run.
        earlier: Those of the same kind and export before it, the newest one first.
        interrupted: Loads that it has found without a report.
        rules: When something is to be told.
    """
    about = About(
        now.run,
        now.kind,
        now.export,
        now.connection,
        now.account,
        (now.ended_at or now.started_at).isoformat(),
    )
    before = latest_told(earlier)
    # While a run fails, it may be for one that is still under way.
    if now.kind == LOAD and now.status == "completed":
        for one in interrupted:
            if before is None or one.run > before.run:
                of_it = replace(about, run=one.run, time=one.started_at.isoformat())
                yield of_it, killed(one.run, now.run)
    yield about, conditions(now, earlier, rules)


def told_by(
    receivers: Sequence[Receiver],
    before: PastRun | None,
    news: Sequence[tuple[About, Conditions]],
    on: frozenset[str],
) -> list[Told]:
    """What each receiver knows when it gets all that it is owed.

    Args:
        receivers: The receivers.
        before: The latest run that knows what they were told.
        news: What is to be told since.
        on: Events that are told.
    """
    known = {told.receiver: told for told in (before.told or () if before else ())}
    turn = max((told.turn for told in known.values()), default=0) + 1
    found = []
    for receiver in receivers:
        told = known.get(receiver.name, Told(receiver.name))
        for about, now in news:
            told = decide(told, now, about, on)
        found.append(replace(told, turn=turn))
    return found


def send(receivers: Sequence[Receiver], told: Sequence[Told]) -> list[Told]:
    """Tell each receiver what it is owed; log whether that has worked.

    Args:
        receivers: The receivers.
        told: What they know, in the same order.

    Returns:
        The same without what they were told.
    """
    pairs = list(zip(receivers, told, strict=True))
    deliveries = deliver((receiver, knows.owed) for receiver, knows in pairs if knows.owed)
    for each in deliveries:
        _log(each)
    reached = {each.receiver.name: each.told for each in deliveries}
    return [_without(knows, reached.get(knows.receiver, frozenset())) for knows in told]


def _without(told: Told, reached: frozenset[str]) -> Told:
    return replace(told, owed=tuple(one for one in told.owed if one.id not in reached))


def _log(delivery: Delivery) -> None:
    events = ", ".join(dict.fromkeys(alert.event for alert in delivery.alerts))
    if not delivery.fault:
        _logger.info("Alerts: %s was told: %s", delivery.receiver.place, events)
        return
    _logger.warning(
        "Alerts: %s was not told: %s (%s). The next run of this export tries again; to try it now: "
        "%s",
        delivery.receiver.place,
        events,
        delivery.fault,
        _TRY,
    )
