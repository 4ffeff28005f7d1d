"""Which values of the settings are secrets, so that nothing shows them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit

from target_constant_contact.known_secrets import is_random, keep_secret
from target_constant_contact.settings.alert_urls import NAMES, secret_parts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SECRET_NAME: Final = re.compile(r"secret|token|passw|key|credential|salt|seed", re.IGNORECASE)
_OPEN: Final = frozenset({"batch_config", "stream_map_config", "stream_maps"})
"""Settings in which people name members as they like."""


def learn_secrets(config: Mapping[str, Any], schema: Mapping[str, Any]) -> None:
    """Have every secret in the settings masked from now on.

    Args:
        config: The settings, unchecked: a value may be anything.
        schema: JSON schema of the settings, which says what is a secret.
    """
    for name, value in config.items():
        secret = schema["properties"].get(name, {}).get("secret", False)
        for member, text in _texts(name, value):
            keep_secret(_password(text), *(secret_parts(text) if name in NAMES else ()))
            open_secret = name in _OPEN and (_SECRET_NAME.search(member) or is_random(text))
            if (secret or open_secret) and not _is_place(text):
                keep_secret(text)


def open_settings(config: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that were given, without all that are a secret or may hold one.

    Args:
        config: The settings.
        schema: JSON schema of the settings; what it does not know is left out.
    """
    known = schema["properties"]
    return {
        name: value
        for name, value in config.items()
        if name in known and name not in _OPEN and not known[name].get("secret", False)
    }


def _texts(name: str, value: Any) -> Iterator[tuple[str, str]]:
    """Every text in a value, with the name of the member that it is in."""
    if isinstance(value, str):
        yield name, value.strip()
    elif isinstance(value, dict):
        for member, item in value.items():
            yield from _texts(str(member), item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _texts(name, item)


def _is_place(text: str) -> bool:
    """Whether a text is a URL in which nothing is secret but its password: faults name its host."""
    try:
        parts = urlsplit(text)
        is_whole = bool(parts.scheme and parts.hostname and parts.port != 0)
    except ValueError:
        return False
    # Else a part of an unescaped password may stand where the path is.
    signs = 0 if parts.username is None else 1
    return is_whole and "?" not in text and text.count("@") == signs


def _password(text: str) -> str | None:
    """The password in a URL; None when there is none."""
    try:
        password = urlsplit(text).password if "://" in text else None
    except ValueError:
        return None
    return unquote(password) if password else None
