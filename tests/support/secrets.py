"""Looking for secrets and addresses, in every form that they can be written in."""

from __future__ import annotations

import base64
import html
import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

from target_constant_contact.sandbox.data import tokens

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pytest

HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)
"""What acts on a terminal, but for tabs and ends of lines."""


def handed_out(monkeypatch: pytest.MonkeyPatch, *known: str) -> set[str]:
    """Every secret that a sandbox of this process hands out from now on, and the known ones."""
    found, real = set(known), tokens.keep

    def keep(db: Any, grant: Any) -> None:
        found.add(grant.value)
        real(db, grant)

    monkeypatch.setattr(tokens, "keep", keep)
    return found


def forms(secret: str) -> Iterator[str]:
    """How a secret may come back."""
    raw = secret.encode()
    yield from (secret, quote(secret, safe=""), quote(quote(secret, safe=""), safe=""))
    yield from (quote_plus(secret), json.dumps(secret)[1:-1], html.escape(secret), raw.hex())
    for before in (b"", b"a:", b"an:", b"app:", b"Bearer "):
        yield base64.b64encode(before + raw).decode()[len(before) * 2 :]


def given_away(text: str, secrets: Iterable[str]) -> list[str]:
    """The secrets that a text gives away, whole or in the middle."""
    low = text.lower()
    return [
        secret
        for secret in secrets
        for form in forms(secret)
        if form.lower()[6 : max(len(form) // 2, 12)] in low
    ]


def addresses_in(text: str, people: Iterable[str]) -> list[str]:
    """The names before the at sign of people that a text has."""
    low = text.lower()
    return [name for person in people if (name := person.partition("@")[0]) in low]
