"""Cleaning of single values: text, numbers, e-mail addresses, US phone numbers.

Everything here is called for each value of each record. A converter takes any value and returns
what is sent, or ``None`` for a blank; what cannot be sent raises `UnfitValueError`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from types import NoneType
from typing import Any

from target_constant_contact.contacts.contact import MAX_EMAIL

Convert = Callable[[Any], str | int | None]
"""A converter: any value in; what is sent, or ``None`` for a blank, out."""

ConvertText = Callable[[Any], str | None]
"""A converter whose result is text."""


class UnfitValueError(ValueError):
    """A value cannot be sent.

    The message continues a sentence about the property (``is longer than 50 characters``) and
    never holds the value.
    """


EDGES = "".join(filter(str.isspace, map(chr, range(0x3001)))) + "\u200b\u2060\ufeff"
"""What is trimmed: every white space (U+3000 is the last one), and zero-width characters."""

_BREAKS = "\t\n\v\f\r\x85\u2028\u2029"
# White space such as tab is left to _one_space; all other control characters go.
_CONTROLS = {code: None for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in _BREAKS}
_SPACES = re.compile(r"\s+")
_LINE_ENDS = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")

_NO_UTF8 = "holds half of a surrogate pair, which is no character; correct it at the source"
_LARGEST_EXPONENT = 300
_LARGEST_BITS = 1_000  # 301 digits


def clean(text: str, *, lines: bool = False) -> str:
    """Trim text and take out what no contact property should hold.

    Control characters are removed. Line breaks and tabs become one space, together with the white
    space around them, unless ``lines`` keeps them.

    Raises:
        UnfitValueError: The text cannot be encoded as UTF-8.
    """
    # Not printable: control, format and surrogate characters, and every space but U+0020.
    if text.isprintable():
        return text.strip()
    try:
        text.encode()
    except UnicodeEncodeError:
        raise UnfitValueError(_NO_UTF8) from None
    text = text.translate(_CONTROLS)
    text = _LINE_ENDS.sub("\n", text) if lines else _SPACES.sub(_one_space, text)
    return text.strip(EDGES)


def _one_space(match: re.Match[str]) -> str:
    spaces = match[0]
    return " " if any(char in _BREAKS for char in spaces) else spaces


@dataclass(frozen=True, slots=True)
class Text:
    """A converter for free text.

    Attributes:
        limit: The longest text, in characters.
        truncate: Cut longer text instead of rejecting it. Numbers are never cut, because that
            would make another number of them.
        lines: Keep line breaks and tabs.
    """

    limit: int
    truncate: bool = False
    lines: bool = False

    def __call__(self, value: Any) -> str | None:
        """Clean one value.

        Raises:
            UnfitValueError: It is too long, or no single value.
        """
        if not isinstance(value, str):
            plain = plain_text(value)
            if len(plain) > self.limit:
                raise UnfitValueError(self._too_long)
            return plain
        cleaned = value.strip() if value.isprintable() else clean(value, lines=self.lines)
        if len(cleaned) > self.limit:
            if not self.truncate:
                raise UnfitValueError(self._too_long)
            cleaned = cleaned[: self.limit].rstrip(EDGES)
        return cleaned or None

    def column(self, values: Sequence[Any]) -> list[str | None] | None:
        """Clean many values at once, in about a quarter of the time.

        Returns:
            What each value converts to, or ``None`` when they have to be looked at one by one.
        """
        texts = list(filter(None, values))
        if not texts:
            # Unlike a blank, zero and false are values.
            return [None] * len(values) if _only_text(values) else None
        try:
            joined = _SEPARATOR.join(texts)
        except TypeError:
            return None
        if (
            not _is_printable_list(joined, len(texts))
            or f" {_SEPARATOR}" in joined
            or f"{_SEPARATOR} " in joined
            or joined[0] == " "
            or joined[-1] == " "
            or len(max(texts, key=len)) > self.limit
        ):
            return None
        if len(texts) == len(values):
            return texts
        return [v or None for v in values] if _only_text(values) else None

    @property
    def _too_long(self) -> str:
        return f"is longer than {self.limit} characters"


def whole_number_column(values: Sequence[Any]) -> list[str | None] | None:
    """The texts of whole numbers; ``None`` when there is anything else among them."""
    if not set(map(type, values)) <= {int, NoneType}:
        return None
    texts = [None if value is None else str(value) for value in values]
    return texts if len(max(filter(None, texts), key=len, default="")) <= _SHORT else None


_SHORT = 15  # characters; below any limit of a property
_SEPARATOR = "|"  # printable, and rare in what people are called
_ASCII_CONTROLS_OR_SEPARATOR = bytes((*range(0x20), 0x7F)) + _SEPARATOR.encode()


def _is_printable_list(joined: str, length: int) -> bool:
    """Whether all of so many joined texts are printable, and none holds the separator."""
    if joined.isascii():
        # The same as below, in a quarter of the time.
        rest = joined.encode().translate(None, _ASCII_CONTROLS_OR_SEPARATOR)
        return len(rest) == len(joined) - (length - 1)
    return joined.isprintable() and joined.count(_SEPARATOR) == length - 1


def _only_text(values: Sequence[Any]) -> bool:
    return set(map(type, values)) <= {str, NoneType}


def plain_text(value: Any) -> str:
    """The text of a value that is no string: numbers without exponent, dates in ISO form.

    Raises:
        UnfitValueError: The value is a list, an object, or not a finite number.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float, Decimal)):
        return plain_number(value)
    if isinstance(value, (date, time)):
        return value.isoformat()
    raise not_a_scalar(value)


def not_a_scalar(value: Any) -> UnfitValueError:
    """The error for a value that has parts, or that no Singer message can hold."""
    if isinstance(value, (list, tuple)):
        return UnfitValueError("is a list, not one value; map one item of it, such as 'field.0'")
    if isinstance(value, dict):
        return UnfitValueError("is an object, not one value; map a field of it, as 'field.name'")
    return UnfitValueError("is neither text, number, date nor boolean")


def plain_number(value: float | Decimal) -> str:
    """Decimal text without exponent; a ``Decimal`` keeps its trailing zeros.

    Raises:
        UnfitValueError: The number is not finite, or has more than about 300 digits.
    """
    if isinstance(value, int):
        # Python refuses to write very long integers (more than 4,300 digits).
        if value.bit_length() > _LARGEST_BITS:
            raise UnfitValueError("is too long a number")
        return str(value)
    number = value if isinstance(value, Decimal) else Decimal(repr(value))
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int):
        raise UnfitValueError("is not a finite number")
    # Written out, Decimal("1E+999999") would be a megabyte.
    if exponent < -_LARGEST_EXPONENT or number.adjusted() > _LARGEST_EXPONENT:
        raise UnfitValueError("is too long a number")
    return format(number, "f")


_ATOM = r"[^\s@,;<>()\[\]\"\\]"
_LABEL = r"[^\s@,;<>()\[\]\"\\.]{1,63}"
_EMAIL = re.compile(rf"(?!(?i:mailto:)){_ATOM}{{1,64}}@(?:{_LABEL}\.)+(?!\d+\Z)(?!.\Z){_LABEL}")


def email_address(value: Any) -> str | None:
    """Trim an e-mail address and check its form leniently; its case is kept.

    International addresses and domains are let through: the service decides on them.

    Raises:
        UnfitValueError: The value is not the bare address of one mailbox.
    """
    if not isinstance(value, str):
        raise UnfitValueError("is not text")
    address = value.strip() if value.isprintable() else value.strip(EDGES)
    if len(address) <= MAX_EMAIL and _EMAIL.fullmatch(address) and address.isprintable():
        return address
    if not address:
        return None
    raise UnfitValueError(_email_fault(address))


# Nothing here is given back once it is matched, so no text takes long.
_PLAIN_LABEL = r"[A-Za-z0-9-]{1,63}+"
_PLAIN_EMAILS = re.compile(
    rf"(?:[A-Za-z0-9_.+-]{{1,64}}+@{_PLAIN_LABEL}(?:\.{_PLAIN_LABEL})++(?<=[A-Za-z]{{2}})\n)*+"
)


def email_column(values: Sequence[Any]) -> list[str | None] | None:
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


def _email_fault(address: str) -> str:
    if "<" in address or address[:7].lower() == "mailto:":
        return "has a name, brackets or mailto: around it; give the bare address"
    if len(address) > MAX_EMAIL:
        return f"is longer than {MAX_EMAIL} characters"
    if address.count("@") != 1:
        return "does not have exactly one @; give one address such as name@example.com"
    return "is not well formed; give an address such as name@example.com"


_SMS_PUNCTUATION = str.maketrans("", "", " \t\u00a0().-/\u2010\u2011\u2013")
_US_NUMBER = re.compile(r"(?:\+?1)?([2-9][0-9]{2}[2-9][0-9]{6})")


def us_phone_number(value: Any) -> str | None:
    """The ten digits of a US telephone number, the only kind that text messages go to.

    Raises:
        UnfitValueError: It is no such number.
    """
    if isinstance(value, str):
        written = value.strip(EDGES)
    elif isinstance(value, (float, Decimal)):
        # Spreadsheets and data frames make 2125550123.0 of a whole number.
        written = plain_number(value).removesuffix(".0")
    else:
        written = plain_text(value)
    if not written:
        return None
    match = _US_NUMBER.fullmatch(written.translate(_SMS_PUNCTUATION))
    if match is None:
        raise UnfitValueError("is not a US telephone number of ten digits")
    return match[1]
