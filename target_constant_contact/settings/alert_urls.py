"""URLs to which alerts go: what is wrong with one, and what in it is a secret. None is quoted."""

from __future__ import annotations

import base64
import binascii
import logging
import re
import warnings
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from target_constant_contact.known_secrets import is_random
from target_constant_contact.settings.alerts import FAILED, RECOVERED, REJECTED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from apprise import Apprise

NAMES: Final = ("alert_urls", "alert_webhooks")
"""The settings that hold such URLs."""

_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,19})://", re.ASCII)
_SENDER: Final = "target-constant-contact"
_MARK: Final = "whsec_"
_SHORTEST_KEY: Final = 16


def scheme_of(url: str) -> str:
    """What may be shown of a URL: all else in it may be a token, the host too."""
    match = _SCHEME.match(url)
    return match[1].lower() if match else ""


def secret_parts(url: str) -> Iterator[str]:
    """What of a URL must not be shown, in the forms in which it may come back."""
    text = url.strip()
    yield text
    place, _, query = text.partition("://")[2].partition("?")
    host, slash, path = place.partition("/")
    if slash:
        yield from (place, f"/{path}", f"/{path}?{query}")
    user, _, server = host.rpartition("@")
    name, *passwords = user.split(":")
    yield from (user, *passwords)
    hosts = (name, server.partition(":")[0])
    words = [*path.split("/"), *hosts, *(pair[1] for pair in parse_qsl(query))]
    # Others are words that stand in lines about something else, too.
    yield from (word for word in (*words, *map(unquote, words)) if is_random(word))


def alert_faults(values: Mapping[str, Any]) -> Iterator[str]:
    """Faults of the settings of alerts."""
    urls = values.get("alert_urls") or ()
    if urls and find_spec("apprise") is None:
        yield "alert_urls: apprise is not installed; install target-constant-contact[alerts]"
    webhooks = values.get("alert_webhooks") or ()
    yield from (_webhook_fault(number) for number, url in enumerate(webhooks) if not _is_web(url))
    if webhooks or values.get("alert_secret"):
        yield from _key_faults((values.get("alert_secret") or "").strip())
    if set(values["alert_on"]) == {RECOVERED}:
        yield (
            f"alert_on: {RECOVERED} alone tells nothing, as it tells the end of what was told. Add "
            f"{FAILED} or {REJECTED}"
        )


def apprise_faults(urls: Sequence[str]) -> Iterator[str]:
    """URLs that Apprise does not know. To find them out takes most of a second.

    Args:
        urls: The setting `alert_urls`.
    """
    if not urls or find_spec("apprise") is None:
        return
    for number, url in enumerate(urls):
        if service_of(url) is None:
            yield (
                f"alert_urls.{number}: Apprise knows no such URL, or something is missing in it. "
                "Write it as the page of its service says: https://appriseit.com/services/"
            )


def service_of(url: str) -> Apprise | None:
    """Apprise with the service of one URL; None when it knows none such.

    Raises:
        ImportError: It is not installed.
    """
    # It quotes whole URLs.
    logging.getLogger("apprise").addFilter(_says_nothing)
    with warnings.catch_warnings():
        # Of code that is not ours: what it loads is deprecated here and there.
        warnings.simplefilter("ignore")
        apprise = import_module("apprise")
        asset = apprise.AppriseAsset(
            app_id=_SENDER,
            app_desc=_SENDER,
            async_mode=False,
            # A message is lost on its way to another place, and a token in a header goes there.
            http_redirects=False,
            # With one of its own, it sends in threads that the process waits for at its end.
            service_timeout=0,
        )
        service = apprise.Apprise.instantiate(url.strip(), asset=asset, suppress_exceptions=True)
    if service is None:
        return None
    made: Apprise = apprise.Apprise(asset=asset)
    made.add(service)
    return made


def _says_nothing(_record: logging.LogRecord) -> bool:
    return False


def key_of(secret: str) -> bytes:
    """The key that a secret without faults stands for."""
    if secret.startswith(_MARK):
        return base64.b64decode(secret.removeprefix(_MARK), validate=True)
    return secret.encode()


def _key_faults(secret: str) -> Iterator[str]:
    if not secret:
        yield (
            "alert_webhooks needs alert_secret: a receiver has to know who has sent an event. Make "
            "one with: openssl rand -base64 32"
        )
        return
    try:
        key = key_of(secret)
    except (binascii.Error, ValueError):
        yield (
            "alert_secret begins with whsec_, and what follows is no base64. Take it over whole, "
            "or make one with: openssl rand -base64 32"
        )
        return
    if len(key) < _SHORTEST_KEY:
        yield (
            f"alert_secret is shorter than {_SHORTEST_KEY} characters, and could be guessed. Make "
            "one with: openssl rand -base64 32"
        )


def _webhook_fault(number: int) -> str:
    return (
        f"alert_webhooks.{number} is no address of a server: give one such as https://host/path, "
        "without blanks. URLs of Apprise stand in alert_urls"
    )


def _is_web(url: str) -> bool:
    try:
        parts = urlsplit(url.strip())
        return (
            parts.scheme in {"http", "https"}
            and bool(parts.hostname)
            and parts.port != 0
            and not any(map(str.isspace, url.strip()))
        )
    except ValueError:
        return False
