"""Delivering messages, without waiting long for anybody."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from target_constant_contact.alerts.receivers import Receiver
    from target_constant_contact.reports.told import Alert

SECONDS: Final = 10.0
"""The longest that a run waits for all who are told together."""

_NO_ANSWER: Final = "no answer in {:g} seconds"


@dataclass(slots=True)
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
    told: set[str] = field(default_factory=set)
    fault: str = ""

    def send(self) -> None:
        """Send them, however long that takes."""
        try:
            self.fault = self.receiver.send(self.alerts, lambda alert: self.told.add(alert.id))
        except Exception as error:  # noqa: BLE001 - other people's code, and their servers
            # Its text may quote the URL.
            self.fault = f"{type(error).__name__}"


def deliver(deliveries: Sequence[Delivery], seconds: float = SECONDS) -> None:
    """Send to all receivers side by side.

    Args:
        deliveries: What to send; what has become of it by then stands there afterwards. A receiver
            that takes longer may still get its messages, and then gets them again.
        seconds: The longest that this waits.
    """
    end = time.monotonic() + seconds
    threads = []
    for each in deliveries:
        each.fault = _NO_ANSWER.format(seconds)
        # Nothing waits for a thread of that kind at the end of the process.
        thread = threading.Thread(target=each.send, name=each.receiver.place, daemon=True)
        thread.start()
        threads.append(thread)
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))
