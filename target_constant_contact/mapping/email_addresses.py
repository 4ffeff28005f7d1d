"""E-mail addresses: trimmed, and checked leniently.

People copy addresses from letters, spreadsheets and chats, and what is around them there comes
along. It is taken off where nothing of an address can be lost; elsewhere the reason says what is
there, also when nobody can see it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from target_constant_contact.contacts.contact import MAX_EMAIL
from target_constant_contact.mapping.values import EDGES, NO_UTF8, UnfitValueError

if TYPE_CHECKING:
    from collections.abc import Sequence

_QUOTES = "'\"`\u00b4\u00ab\u00bb\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f\u2039\u203a"
_CONTROLS = "".join(map(chr, (*range(0x20), *range(0x7F, 0xA0))))
_JOINERS = "\u200c\u200d"
_AROUND = EDGES + _CONTROLS + _JOINERS

_ATOM = r"[^\s@,;<>()\[\]\"\\]"
_LABEL = rf"[^\s@,;<>()\[\]\\.{_QUOTES}]{{1,63}}"
_EMAIL = re.compile(
    rf"(?![{_QUOTES}]|(?i:mailto:)){_ATOM}{{1,64}}@(?:{_LABEL}\.)+(?!\d+\Z)(?!.\Z){_LABEL}"
)


def email_address(value: Any) -> str | None:
    """Trim an e-mail address and check its form leniently; its case is kept.

    International addresses and domains are let through: the service decides on them. Quotation
    marks and apostrophes around an address are taken off. One that stands at the beginning alone
    may be the text mark of a spreadsheet or, in theory, a part of the address: it is refused.

    Raises:
        UnfitValueError: The value is not the bare address of one mailbox.
    """
    if not isinstance(value, str):
        raise UnfitValueError("is not text")
    address = value.strip() if value.isprintable() else value.strip(_AROUND)
    if address[:1] in _QUOTES and address[-1:] in _QUOTES:
        address = address.strip(_AROUND + _QUOTES)
    if len(address) <= MAX_EMAIL and _EMAIL.fullmatch(address) and address.isprintable():
        return address
    if not address:
        return None
    raise UnfitValueError(_fault(address))


# Nothing here is given back once it is matched, so no text takes long.
_PLAIN_LABEL = r"[A-Za-z0-9-]{1,63}+"
_PLAIN_EMAILS = re.compile(
    rf"(?:[A-Za-z0-9_.+-]{{1,64}}+@{_PLAIN_LABEL}(?:\.{_PLAIN_LABEL})++(?<=[A-Za-z]{{2}})\n)*+"
)


def email_column(values: Sequence[Any]) -> list[str] | None:
    """Check many e-mail addresses at once.

    Returns:
        The addresses when `email_address` would return every one as it is; ``None`` when they have
        to be looked at one by one.
    """
    try:
        joined = "\n".join(values) + "\n"
    except TypeError:
        return None
    # As many lines as addresses: none has a line break inside.
    if joined.count("\n") != len(values) or not _PLAIN_EMAILS.fullmatch(joined):
        return None
    return list(values) if len(max(values, key=len)) <= MAX_EMAIL else None


def _fault(address: str) -> str:
    if "<" in address or address[:7].lower() == "mailto:":
        return "has a name, brackets or mailto: around it; give the bare address"
    if len(address) > MAX_EMAIL:
        return f"is longer than {MAX_EMAIL} characters"
    if address.count("@") != 1:
        return "does not have exactly one @; give one address such as name@example.com"
    if address[0] in _QUOTES or address[-1] in _QUOTES:
        return "has an apostrophe or quotation mark at one end; give the bare address"
    unseen = next((char for char in address if not char.isprintable()), "")
    return _unseen_fault(unseen) or "is not well formed; give an address such as name@example.com"


def _unseen_fault(char: str) -> str:
    if not char:
        return ""
    is_half = "\ud800" <= char <= "\udfff"
    return NO_UTF8 if is_half else f"holds the invisible character U+{ord(char):04X}; take it out"
