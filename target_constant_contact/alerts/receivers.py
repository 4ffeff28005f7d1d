"""Who is told: services that Apprise knows, and webhooks."""

from __future__ import annotations

import logging
from collections import Counter
from typing import TYPE_CHECKING, Final, Protocol

import urllib3
from urllib3.exceptions import InsecureRequestWarning

from target_constant_contact.alerts.webhook import Webhook
from target_constant_contact.redaction import redacted
from target_constant_contact.settings.alert_urls import key_of, scheme_of, service_of
from target_constant_contact.settings.alerts import FAILED, RECOVERED, REJECTED, SHRUNK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from apprise import Apprise

    from target_constant_contact.reports.told import Alert
    from target_constant_contact.settings.alerts import AlertSettings

_TITLES: Final = {FAILED: "failure", REJECTED: "warning", SHRUNK: "warning", RECOVERED: "success"}
"""Kinds of messages as Apprise calls them, the most serious first."""
_OTHERWISE: Final = "info"


class Receiver(Protocol):
    """Somebody who is told."""

    @property
    def name(self) -> str:
        """Under which the store knows it; the same as long as the setting is."""

    @property
    def place(self) -> str:
        """What people call it: the place in the settings, and nothing that is secret."""

    def send(self, alerts: Sequence[Alert], note: Callable[[Alert], object]) -> str:
        """Tell it.

        Args:
            alerts: The messages.
            note: Called with each that has surely come.

        Returns:
            Why not all have; empty when they have.
        """


class AppriseService:
    """A service that Apprise knows: all messages come as one.

    Args:
        name: As `Receiver` says.
        place: As `Receiver` says.
        service: It, as Apprise has it; None when that knows no such URL.
    """

    def __init__(self, name: str, place: str, service: Apprise | None) -> None:
        self.name = name
        self.place = place
        self._service = service

    def send(self, alerts: Sequence[Alert], note: Callable[[Alert], object]) -> str:
        """Tell it, as `Receiver` says."""
        if self._service is None:
            return "Apprise knows no such URL"
        events = list(dict.fromkeys(alert.event for alert in alerts))
        kind = next((_TITLES[event] for event in _TITLES if event in events), _OTHERWISE)
        title = f"Constant Contact: {', '.join(events)}"
        body = "\n\n".join((*(alert.text for alert in alerts), *_whose(alerts)))
        if not self._service.notify(body=body, title=title, notify_type=kind, body_format="text"):
            return "it was not taken"
        for alert in alerts:
            note(alert)
        return ""


def receivers(settings: AlertSettings) -> list[Receiver]:
    """All who are to be told, in the order of the settings."""
    # What they log holds whole URLs; their warning about `verify=no`, which is in one, the host.
    logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)
    urllib3.disable_warnings(InsecureRequestWarning)
    key = key_of(settings.secret)
    services = _named("alert_urls", settings.urls)
    webhooks = _named("alert_webhooks", settings.webhooks)
    return [
        *(AppriseService(*names, service_of(url)) for names, url in services),
        *(Webhook(*names, url, key) for names, url in webhooks),
    ]


def _named(setting: str, urls: Sequence[str]) -> Iterator[tuple[tuple[str, str], str]]:
    """Each URL with its name and its place."""
    seen: Counter[str] = Counter()
    for number, url in enumerate(urls):
        scheme = scheme_of(url)
        seen[scheme] += 1
        yield (f"{setting} {scheme} {seen[scheme]}", f"{setting}.{number} ({scheme}://***)"), url


def _whose(alerts: Sequence[Alert]) -> Iterator[str]:
    """To which account the runs went."""
    found = dict.fromkeys((alert.account, alert.connection) for alert in alerts)
    for account, connection in found:
        if account or connection:
            words = (("Account", account), ("connection", connection))
            yield redacted(", ".join(f"{word} {name}" for word, name in words if name))
