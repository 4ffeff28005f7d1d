"""Addresses of servers: encrypted, or on this machine."""

from __future__ import annotations

import ipaddress
import re
import socket
from typing import Final
from urllib.parse import urlsplit

from target_constant_contact.exceptions import SettingsError

_LOCALHOST: Final = "localhost"
_PLAIN: Final = re.compile(r"https?://[\w.\[\]:-]+(/[\w./~-]*)?", re.ASCII)
"""Without what parsers read differently, such as a user, a backslash or a blank."""


def is_this_machine(url: str) -> bool:
    """Whether a request to the URL stays on this machine, whatever its host is written like."""
    host = (urlsplit(url).hostname or "").rstrip(".")
    if host == _LOCALHOST or host.endswith(f".{_LOCALHOST}"):
        return True
    try:
        # Connections take short forms of an address too, such as 127.1.
        found = ipaddress.ip_address(host if ":" in host else socket.inet_aton(host))
    except (OSError, ValueError):  # a name
        return False
    mapped = getattr(found, "ipv4_mapped", None) or found
    # To the unspecified address means to this machine.
    return bool(mapped.is_loopback or mapped.is_unspecified)


def address_fault(name: str, url: str) -> str:
    """What is wrong with the base address of a server; empty when nothing is.

    Args:
        name: The setting that it comes from.
        url: The address. It is not quoted: it may hold a password.
    """
    try:
        fits = bool(_PLAIN.fullmatch(url) and urlsplit(url).hostname)
    except ValueError:  # such as an unclosed bracket
        fits = False
    if not fits:
        return (
            f"{name} is no address of a server: give one such as https://host/path, without user, "
            "password, query and blanks"
        )
    if url.startswith("https:") or is_this_machine(url):
        return ""
    return (
        f"{name} begins with http://, and is not on this machine: anybody on the way could read "
        "tokens and addresses of members. Set one that begins with https://"
    )


def refuse_unsafe(name: str, url: str) -> None:
    """Refuse an address to which no token may go.

    Raises:
        SettingsError: It is neither encrypted nor on this machine.
    """
    if fault := address_fault(name, url):
        raise SettingsError([fault])
