"""The setting ``store_url``: what is wrong with one, and what may be shown of it."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import parse_qs, unquote

_PART: Final = r"[^\s:/?#@\[\]]"
_URL: Final = re.compile(
    rf"postgres(?:ql(?:\+psycopg)?)?://(?:{_PART}+(?::{_PART}*)?@)?"
    r"(?P<host>[\w.-]+|\[[0-9A-Fa-f:.]+\])?(?::(?P<port>[0-9]{1,5}))?"
    r"/(?P<database>[^\s/?#@]+)(?:\?(?P<query>[^\s#@]*))?",
    re.ASCII,
)
"""Stricter than what parsers take: each reads an unescaped character in a password in its own way,
and might take a part of the password for the host, which is shown."""
_KEY: Final = re.compile(r"[A-Za-z0-9_-]{43}=")
_BETWEEN: Final = re.compile(r"[\s,]+")
_SCHEMA: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")


def no_url() -> str:
    """The line about a URL that cannot be used; it does not quote it."""
    return (
        "store_url is not the URL of a PostgreSQL database; write "
        "postgresql://user:password@host:5432/database without quotation marks, and with what is "
        "neither letter nor digit in user and password encoded, such as %2F for a slash"
    )


def bad_option(words: str = "") -> str:
    """The line about what stands behind the question mark of a URL."""
    what = f" ({words})" if words else ""
    return (
        f"store_url: an option behind the ? does not exist, or has a value that does not{what}; "
        "take options of libpq, such as sslmode=verify-full"
    )


def url_fault(url: str) -> str:
    """What is wrong with the URL of a database, in one line; empty when nothing is."""
    found = _URL.fullmatch(url)
    if not found or "password" in parse_qs(found["query"], keep_blank_values=True):
        return no_url()
    return "" if 0 < int(found["port"] or 1) < 1 << 16 else no_url()


def schema_fault(name: str, url: str | None) -> str:
    """What is wrong with ``store_schema``, in one line; empty when nothing is."""
    if not url:
        return (
            "store_schema is set without store_url: it names the schema of a PostgreSQL database. "
            "Set store_url, or leave store_schema out"
        )
    if not _SCHEMA.fullmatch(name):
        return (
            f"store_schema: {name!r} is no name of a schema; write letters, digits and "
            "underscores, at most 63, and no digit first"
        )
    return ""


def no_key() -> str:
    """The line about a missing key."""
    return (
        "store_key is missing: with store_url, connections are in a database, encrypted with it. "
        "Make one with target-constant-contact store key, and set the same on all machines"
    )


def key_fault(keys: str) -> str:
    """What is wrong with ``store_key``, in one line that does not quote it; empty when nothing."""
    if all(map(_KEY.fullmatch, keys_in(keys))):
        return ""
    return (
        "store_key is no key: make one with target-constant-contact store key, and write it "
        "without quotation marks, several with commas between them"
    )


def no_key_to_move() -> str:
    """The line about a missing key of what is on its way from one store to another."""
    return (
        "store_key is missing: what is exported from a store is encrypted with it. Make one with "
        "target-constant-contact store key, and set the same for export and import"
    )


def other_key(what: str, place: str) -> str:
    """The line about something that was encrypted with another key."""
    return (
        f"store_key does not open {what} in {place}, which was encrypted with another key; no "
        "token was used, and nothing was changed. Set that key, or several with commas between them"
    )


def keys_in(keys: str) -> list[str]:
    """The keys in a value of ``store_key``: the new one first, old ones after it."""
    return _BETWEEN.split(keys.strip())


def place_of(url: str) -> str:
    """Host, port and database of a URL without a fault: what may be shown of it."""
    found = _URL.fullmatch(url)
    if not found:
        return "its place"
    host = found["host"] or parse_qs(found["query"] or "").get("host", ["localhost"])[0]
    return f"{host}:{found['port'] or 5432}/{unquote(found['database'])}"
