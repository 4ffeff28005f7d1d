"""The secrets that this process has learnt, known again in whatever form they come back."""

from __future__ import annotations

import base64
import html
import json
import re
import threading
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterator

MASK: Final = "***"
"""Stands for a secret."""

_SHORTEST_SECRET: Final = 8
"""Shorter ones are parts of ordinary words, which would be masked everywhere."""
_PIECE: Final = 16
"""Length of the pieces by which a part of a long secret is known."""
_UUID: Final = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_KINDS: Final = re.compile(r"[a-z]+|[A-Z]+|[0-9]+")
_TOKEN_CHARACTERS: Final = frozenset(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.~+/%\\"
)
_LOWER: Final = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")


class _Known:
    """The secrets of this process, in every form in which one may come back."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._secrets: set[str] = set()
        # Replaced and never changed, so that they can be read without the lock.
        self._whole: frozenset[str] = frozenset()
        self._pieces: frozenset[str] = frozenset()

    def add(self, secret: str) -> None:
        """Know a secret from now on."""
        if len(secret) < _SHORTEST_SECRET or secret in self._secrets:
            return
        whole: set[str] = set()
        pieces: set[str] = set()
        for text in set(_forms(secret)):
            form = text.translate(_LOWER)
            if len(form) >= 2 * _PIECE and is_random(text):
                starts = range(0, len(form) - _PIECE + 1, _PIECE)
                pieces.update(form[start : start + _PIECE] for start in starts)
            else:
                whole.add(form)
        with self._lock:
            self._secrets.add(secret)
            self._whole |= whole
            self._pieces |= pieces

    def masked(self, text: str) -> str:
        """The text without them."""
        spans = sorted(self._spans(text.translate(_LOWER)))
        parts, end = [], 0
        for start, stop in spans:
            if start >= end:
                parts += [text[end:start], MASK]
            end = max(end, stop)
        return "".join((*parts, text[end:])) if spans else text

    def _spans(self, text: str) -> Iterator[tuple[int, int]]:
        for form in self._whole:
            start = text.find(form)
            while start >= 0:
                yield start, start + len(form)
                start = text.find(form, start + len(form))
        start, last = 0, len(text) - _PIECE
        while self._pieces and start <= last:
            stop = start + 1
            if text[start : start + _PIECE] in self._pieces:
                first, stop = _around(text, start)
                yield first, stop
            start = stop


_known: Final = _Known()


def keep_secret(*secrets: str | None) -> None:
    """Mask a token or another secret from now on, wherever and in whatever form it is shown."""
    for secret in secrets:
        if secret:
            _known.add(secret)


def without_known(text: str) -> str:
    """The text without the secrets of this process, and without longer parts of them."""
    return _known.masked(text)


def is_random(word: str) -> bool:
    """Whether letters and digits change as often as in no name, number, id or path."""
    rest = _UUID.sub("-", word)
    kinds = len(_KINDS.findall(rest))
    # Most random words have a digit; in others capitals have to make up for it.
    often = 4.0 if any(char.isdigit() for char in rest) else 2.5
    return kinds >= 6 and kinds * often >= len(rest)  # noqa: PLR2004 - fewer is a date


def _forms(secret: str) -> Iterator[str]:
    """What a secret looks like as it is, in a URL, in JSON, in HTML, in base64 and in hex."""
    raw = secret.encode(errors="surrogatepass")
    in_url = quote(raw, safe="")
    yield from (secret, in_url, quote(in_url, safe=""), html.escape(secret), raw.hex())
    in_json = json.dumps(secret)[1:-1]
    yield from (in_json, in_json.replace("/", "\\/"))
    for before in range(3):
        # What stands before it, such as a client id and a colon, shifts all that follows; the
        # characters at both ends depend on it too.
        encoded = base64.b64encode(bytes(before) + raw)
        core = encoded[(0, 2, 3)[before] : -4].decode()
        if len(core) >= _SHORTEST_SECRET:
            yield from (core, core.replace("+", "-").replace("/", "_"), quote(core, safe=""))


def _around(text: str, place: int) -> tuple[int, int]:
    """Start and end of the run of a token's characters that a place is in."""
    start, stop = place, place + _PIECE
    while start > 0 and text[start - 1] in _TOKEN_CHARACTERS:
        start -= 1
    # On the left, an equals sign stands between a name and its value.
    while stop < len(text) and (text[stop] in _TOKEN_CHARACTERS or text[stop] == "="):
        stop += 1
    return start, stop
