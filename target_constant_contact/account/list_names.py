"""Names of lists: which are the same to people, and which a list can have."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

from target_constant_contact.mapping.values import EDGES
from target_constant_contact.redaction import escaped
from target_constant_contact.settings.list_texts import looks_like_array

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_NAME_LENGTH: Final = 255
"""Characters in the name of a list. Source: official description, ``ListInput``."""

SEPARATORS: Final = re.compile(r"\s*[;|]\s*")
"""What stands between lists where a comma should."""

_UUID: Final = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_URL: Final = re.compile(r"https?://", re.IGNORECASE)
# Not line ends: what holds them is no name.
_BLANKS: Final = re.compile(r"[^\S\n\v\f\r\x1c-\x1e\x85\u2028\u2029]+")
_INVISIBLE: Final = "Cf"


def folded(name: str) -> str:
    """A name as it is compared: without case, invisible characters and surplus blanks.

    An accent is the same as one character and as two.
    """
    if not name.isascii():
        name = unicodedata.normalize("NFC", name)
        name = "".join(char for char in name if unicodedata.category(char) != _INVISIBLE)
        # Case folding may take composed characters apart.
        name = unicodedata.normalize("NFC", name.casefold())
    return " ".join(name.casefold().split())


def as_new_name(text: str) -> str:
    """The name that a new list gets: accents composed, nothing around it, single blanks."""
    return _BLANKS.sub(" ", unicodedata.normalize("NFC", text.strip(EDGES)))


def ids_in(reference: str) -> list[str] | None:
    """The ids in a text that is an id or a URL; None for any other text."""
    if _UUID.fullmatch(reference) or _URL.match(reference):
        # A URL may hold other ids before that of the list.
        return [match.group().lower() for match in _UUID.finditer(reference)]
    return None


def list_name_fault(name: str) -> str:
    """What keeps a text from being the name of a list; empty when nothing does."""
    if len(name) > MAX_NAME_LENGTH:
        return f"the name has {len(name):,} characters; a list takes {MAX_NAME_LENGTH}"
    if escaped(name) != name:
        return "the name holds control characters; a list takes none"
    return ""


def new_name_fault(text: str) -> str:
    """Why no list of this name is made, and what to do; empty when one may be."""
    faults = (fault for is_it, fault in _NO_NAMES if is_it(text))
    return next(faults, None) or list_name_fault(text)


def _is_id(text: str) -> bool:
    return ids_in(text) is not None


def _is_no_value(text: str) -> bool:
    return folded(text) in {"null", "none", "nan", "undefined"}


_NO_NAMES: Final[tuple[tuple[Callable[[str], object], str], ...]] = (
    (_is_id, "check the id in Constant Contact"),
    (
        # A field of addresses that was taken for the lists field must not become lists.
        re.compile("@").search,
        "with an at sign it looks like an address; give the id of a list of that name",
    ),
    (
        # Of nine digits and more: 20260131 and 2026 may be names.
        re.compile(r"[1-9][0-9]{8,18}", re.ASCII).fullmatch,
        (
            "it looks like an id of the old API (V2). Give the name of the list, or its id as the "
            "command `lists` shows it"
        ),
    ),
    (
        looks_like_array,
        (
            "it looks like a broken array. Write a text with commas, or a whole array such as "
            '["A", "B"]'
        ),
    ),
    (
        # An apostrophe may begin a name, as in '90s; a quotation mark does not without another.
        re.compile(r"""(["']).*\1|"[^"]*""", re.DOTALL).fullmatch,
        "it has quotation marks around it. Write the name of the list without them",
    ),
    (_is_no_value, "it is what programs write for no value. Name a list, or leave it blank"),
    (re.compile(";").search, "write commas between lists, not semicolons"),
)
"""Texts of which no list is made, each with the reason."""
