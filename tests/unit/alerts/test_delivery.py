"""Messages are sent side by side, and nobody is waited for long."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

from target_constant_contact.alerts.delivery import SECONDS, deliver
from target_constant_contact.alerts.receivers import receivers
from target_constant_contact.settings.alerts import AlertSettings
from tests.support.alerts import ALERT, ALL, SECRET
from tests.support.receivers import inbox, silence


@dataclass
class Receiver:
    """Takes messages, unless it is to do something else first."""

    first: object = None
    name: str = "r"
    place: str = "r"
    got: list = field(default_factory=list)

    def send(self, alerts, note):
        for alert in alerts:
            self.got.append(alert)
            note(alert)
        return self.first() if self.first else ""


def test_all_receivers_are_told_though_one_of_them_fails():
    def fail():
        raise ValueError("https://example.com/with-a-t0k3n")

    bad, good = deliver([(Receiver(fail), [ALERT]), (Receiver(), [ALERT])])
    assert (bad.fault, good.fault) == ("ValueError", "")
    assert good.told == {ALERT.id}


def test_what_has_come_before_the_time_is_up_has_come():
    freed = threading.Event()
    try:
        (slow,) = deliver([(Receiver(freed.wait), [ALERT])], 0.05)
        assert slow.told == {ALERT.id}
        assert slow.fault == "no answer in 0.05 seconds"
    finally:
        freed.set()


def test_a_run_waits_ten_seconds_at_most():
    assert SECONDS == 10


def test_servers_that_never_answer_are_waited_for_together():
    """Three of them take no longer than one, and those that answer are told."""
    with inbox() as box, silence() as place:
        settings = AlertSettings(
            (f"json://{place}/", f"json://{box.place}/"),
            (f"http://{place}/", f"http://{place}/other", f"http://{box.place}/"),
            SECRET,
            ALL,
            1,
            20,
        )
        letters = [(each, [ALERT]) for each in receivers(settings)]
        began = time.monotonic()
        found = deliver(letters, 1.5)
        took = time.monotonic() - began
    assert took < 3 * 1.5
    late = "no answer in 1.5 seconds"
    assert [each.fault for each in found] == [late, "", late, late, ""]
    assert [bool(each.told) for each in found] == [False, True, False, False, True]


def test_no_thread_that_still_waits_keeps_the_process():
    freed = threading.Event()
    try:
        deliver([(Receiver(freed.wait, place="the slow one"), [ALERT])], 0)
        (thread,) = (each for each in threading.enumerate() if each.name == "the slow one")
        assert thread.daemon
    finally:
        freed.set()
