"""Delivering messages, without waiting long for anybody."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from target_constant_contact.alerts.receivers import Receiver
    from target_constant_contact.reports.told import Alert

SECONDS: Final = 10.0
"""The longest that a run waits for all who are told together."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What has become of the messages to one receiver.

    Attributes:
        receiver: The receiver.
        alerts: The messages.
        told: Names of those that have surely come.
        fault: Why not all have; empty when they have.
    """

    receiver: Receiver
    alerts: Sequence[Alert]
    told: frozenset[str]
    fault: str


def deliver(
    letters: Iterable[tuple[Receiver, Sequence[Alert]]], seconds: float = SECONDS
) -> list[Delivery]:
    """Send messages to receivers, side by side.

    Args:
        letters: Receivers with their messages.
        seconds: The longest that this waits for all of them. One that takes longer may still get
            its messages, and gets them again when they are sent again.
    """
    end = time.monotonic() + seconds
    sendings = [_Sending(receiver, alerts) for receiver, alerts in letters]
    for each in sendings:
        each.start()
    for each in sendings:
        each.join(max(0.0, end - time.monotonic()))
    return [each.so_far(f"no answer in {seconds:g} seconds") for each in sendings]


class _Sending(threading.Thread):
    """Sends to one receiver, however long that takes.

    Args:
        receiver: The receiver.
        alerts: The messages.
    """

    def __init__(self, receiver: Receiver, alerts: Sequence[Alert]) -> None:
        # Nothing waits for a thread of that kind at the end of the process.
        super().__init__(name=receiver.place, daemon=True)
        self._receiver = receiver
        self._alerts = alerts
        self._told: list[str] = []
        self._fault: str | None = None

    def run(self) -> None:
        """Send them."""
        try:
            self._fault = self._receiver.send(self._alerts, lambda one: self._told.append(one.id))
        except Exception as error:  # noqa: BLE001 - other people's code, and their servers
            # Its text may quote the URL.
            self._fault = type(error).__name__

    def so_far(self, not_yet: str) -> Delivery:
        """What has become of them by now.

        Args:
            not_yet: What is wrong when that is not known.
        """
        # First: what is told later than that is told again.
        fault = not_yet if self._fault is None else self._fault
        return Delivery(self._receiver, self._alerts, frozenset(self._told), fault)
