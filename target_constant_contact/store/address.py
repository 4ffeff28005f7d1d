"""The setting ``store_url``: what is wrong with one, and what may be shown of it."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import parse_qs, unquote

_PART: Final = r"[^\s:/?#@\[\]]"
_URL: Final = re.compile(
    rf"postgresql(?:\+psycopg)?://(?:{_PART}+(?::{_PART}*)?@)?"
    r"(?P<host>[\w.-]+|\[[0-9A-Fa-f:.]+\])?(?::(?P<port>[0-9]{1,5}))?"
    r"/(?P<database>[^\s/?#@]+)(?:\?(?P<query>[^\s#@]*))?",
    re.ASCII,
)
"""Stricter than what parsers take: each reads an unescaped character in a password in its own way,
and might take a part of the password for the host, which is shown."""
_SCHEMA: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")


def no_url() -> str:
    """The line about a URL that cannot be used; it does not quote it."""
    return (
        "store_url is not the URL of a PostgreSQL database; write "
        "postgresql://user:password@host:5432/database, with what is neither letter nor digit in "
        "user and password encoded, such as %2F for a slash"
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


def place_of(url: str) -> str:
    """Host, port and database of a URL without a fault: what may be shown of it."""
    found = _URL.fullmatch(url)
    if not found:
        return "its place"
    host = found["host"] or parse_qs(found["query"] or "").get("host", ["localhost"])[0]
    return f"{host}:{found['port'] or 5432}/{unquote(found['database'])}"
