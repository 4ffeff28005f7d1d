"""Redaction: what must not be shown is masked, and what would act on a terminal is escaped.

Every text that leaves the program passes here: errors when they are made, log records, what
commands print, and the files for people. Texts of servers pass twice, with a harder rule when they
come in, because what is in them nobody here has written.

The time that it takes grows with the length of a text, whatever is in it.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import unicodedata
from collections.abc import Mapping
from typing import Any, Final

from target_constant_contact.known_secrets import MASK, is_random, without_known

ADDRESS_MASK: Final = "<address>"
"""Stands for a word with an e-mail address in it."""

_MAX_WORDS: Final = 200
_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Categories of characters that move the cursor, end a line, turn the direction, or are none."""
_JOINERS: Final = "\N{ZERO WIDTH JOINER}\N{ZERO WIDTH NON-JOINER}"
"""Format characters that are parts of words and emoji."""

_WORD: Final = re.compile(r"\S+")
_AT: Final = re.compile(
    r"[@\uff20\ufe6b]|%(?:25)*40|\\u\{?0*40|\\x40|&#0*64\b|&#x0*40\b|&commat", re.IGNORECASE
)
_USER_OF_URL: Final = re.compile(r"://[^\s/@]*@")
_BLANKS: Final = r"(?:\s|[:=+\"']|%20|\\u0020)+"
_BEARER: Final = re.compile(rf"(?i)(\bbearer{_BLANKS})([^\s\"'<>,;&)}}\]]{{4,}})")
_BASIC: Final = re.compile(rf"(?i)(\bbasic{_BLANKS})([\w+/%-]{{8,}})")
_PROSE: Final = ("auth", "realm", "scheme", "token")
"""What follows the word Bearer where no token does."""
_JWT: Final = re.compile(r"eyJ[\w.~%+/=-]{8,}")
_NAMED: Final = re.compile(
    r"(?i)((?:token|secret|password|api[_-]?key|authorization|verifier|device_code|signature)"
    r"(?:[\"'\\]|%22|&quot;)*\s?(?:[=:]|%3d|%3a)\s?(?:[\"'\\]|%22|&quot;)*)([^\s\"'\\<>,;&)}\]]{8,})"
)
_RUN: Final = re.compile(r"[A-Za-z0-9_+/=~-]{20,}")
_ID: Final = re.compile(r"[\w-]{1,100}", re.ASCII)

_trusted: Final = {"name@example.com", "postgresql://user:password@host:5432/database"}
"""Texts of our own with an at sign in them."""


def trust(text: str) -> None:
    """Show a text of this machine or its user as it is, such as a path with an at sign in it."""
    if _AT.search(text):
        _trusted.add(text)


def escaped(text: str) -> str:
    """The text on one line, with control and format characters written out."""
    if text.isprintable():
        return text
    return "".join(ascii(char)[1:-1] if _is_hidden(char) else char for char in text)


def redacted(text: str) -> str:
    """A text that may quote others, as it may be shown: on one line, and without secrets.

    Names, ids and paths stay as they are; words with an e-mail address in them do not.
    """
    return escaped(masked(text))


def masked(text: str) -> str:
    """As :func:`redacted`, with line breaks and the like as they are."""
    return _without_addresses(without_secrets(text))


def without_secrets(text: str) -> str:
    """The text without what is known to be secret, or says of itself that it is."""
    text = _JWT.sub(MASK, without_known(text))
    return _BASIC.sub(_basic, _BEARER.sub(_bearer, text))


def said(text: str, limit: int = _MAX_WORDS) -> str:
    """What a server has said, as it may be shown: whatever looks like a token is masked too.

    Args:
        text: Its words.
        limit: Longer texts are cut, after the masking: half a token is not known for one.
    """
    line = masked(" ".join(text.split()))
    line = escaped(_RUN.sub(_random, _NAMED.sub(_named, line)))
    return line if len(line) <= limit else f"{line[: limit - 3]}..."


def is_id(value: object) -> bool:
    """Whether a value of an answer can be an id: nothing that would have to be masked."""
    return isinstance(value, str) and bool(_ID.fullmatch(value)) and said(value) == value


def json_text(value: Any) -> str:
    """JSON for people and programs, without secrets and with hidden characters escaped."""
    lines = json.dumps(_without(value), indent=2, ensure_ascii=False).split("\n")
    return "\n".join(map(json_escaped, lines))


def json_escaped(line: str) -> str:
    """A line of JSON with hidden characters escaped as JSON does it: read, it is the same."""
    if line.isprintable():
        return line
    return "".join(json.dumps(char)[1:-1] if _is_hidden(char) else char for char in line)


def shown(value: Any) -> Any:
    """A value for programs, with every text in it redacted; what is no value of JSON is a text."""
    if isinstance(value, Mapping):
        return {redacted(str(name)): shown(item) for name, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return list(map(shown, value))
    return value if isinstance(value, (bool, int, float, type(None))) else redacted(str(value))


def _is_hidden(char: str) -> bool:
    return not char.isprintable() and char not in _JOINERS and unicodedata.category(char) in _HIDDEN


def _random(match: re.Match[str]) -> str:
    return MASK if is_random(match[0]) else match[0]


def _named(match: re.Match[str]) -> str:
    """A value that is called a token; a word of a sentence after a colon is none."""
    return match[0] if match[2].rstrip(".:!?").isalpha() else f"{match[1]}{MASK}"


def _bearer(match: re.Match[str]) -> str:
    prose = match[2].lower().startswith(_PROSE)
    return match[0] if prose else f"{match[1]}{MASK}"


def _basic(match: re.Match[str]) -> str:
    word = match[2].replace("-", "+").replace("_", "/")
    try:
        pair = b":" in base64.b64decode(word[: len(word) // 4 * 4])
    except (binascii.Error, ValueError):
        pair = False
    return f"{match[1]}{MASK}" if pair else match[0]


def _without_addresses(text: str) -> str:
    if not _AT.search(text):
        return text
    ours = sorted(_trusted, key=len, reverse=True)
    # Not as the beginning or the end of another word: that one may be an address.
    parts = re.split(rf"(?<![\w.+@%-])({'|'.join(map(re.escape, ours))})(?![\w@%-]|\.\w)", text)
    return "".join(part if part in _trusted else _WORD.sub(_address, part) for part in parts)


def _address(match: re.Match[str]) -> str:
    # Whole words: a pattern of an address would leave the odd quoted or encoded part of one.
    word = match[0]
    if not _AT.search(word) or not any(char.isalnum() for char in word):
        return word
    if "://" in word:
        word = _USER_OF_URL.sub(f"://{MASK}\0", word)
        if not _AT.search(word):
            return word.replace("\0", "@")
    return ADDRESS_MASK


def _without(value: Any) -> Any:
    """A JSON value with every text in it masked."""
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, dict):
        return {masked(str(name)): _without(item) for name, item in value.items()}
    return list(map(_without, value)) if isinstance(value, (list, tuple)) else value
