"""Cleaning of single values: text, numbers, US phone numbers.

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

Convert = Callable[[Any], str | int | None]
"""A converter: any value in; what is sent, or ``None`` for a blank, out."""

ConvertText = Callable[[Any], str | None]
"""A converter whose result is text."""


class UnfitValueError(ValueError):
    """A value cannot be sent.

    The message continues a sentence about the property (``is longer than 50 characters``) and
    never holds the value.
    """


_SPACE = "".join(filter(str.isspace, map(chr, range(0x3001))))  # U+3000 is the last one
_ZERO_WIDTH = "\xad\u061c\u180e\u200b\u200e\u200f\u2060\u2061\u2062\u2063\u2064\ufeff"
_SPANS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
EDGES = _SPACE + _ZERO_WIDTH + _SPANS
"""What is trimmed: white space, and what is not seen: zero-width characters, soft hyphens,
direction marks. Joiners stay, which are parts of letters and emoji."""

_BREAKS = "\t\n\v\f\r\x85\u2028\u2029"
# White space such as tab is left to _one_space; all other control characters go.
_CONTROLS = {code: None for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in _BREAKS}
_SPACES = re.compile(r"\s+")
_LINE_ENDS = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
_HAS_SPAN = re.compile(f"[{_SPANS}]")

NO_UTF8 = "holds half of a surrogate pair, which is no character; correct it at the source"
"""What is wrong with a text that no encoding can hold."""
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
        raise UnfitValueError(NO_UTF8) from None
    text = text.translate(_CONTROLS)
    text = _LINE_ENDS.sub("\n", text) if lines else _SPACES.sub(_one_space, text)
    trimmed = text.strip(EDGES)
    # Half of a span would turn what comes behind the text.
    return text.strip(_SPACE + _ZERO_WIDTH) if _HAS_SPAN.search(trimmed) else trimmed


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

    def column(self, values: Sequence[Any]) -> list[str] | None:
        """Clean many values at once, in about a quarter of the time.

        Returns:
            What each value converts to, an empty text for a blank; ``None`` when they have to be
            looked at one by one.
        """
        # Unlike a blank, zero and false are values.
        texts = ["" if value is None else value for value in values]
        try:
            joined = _SEPARATOR.join(texts)
        except TypeError:
            return None
        if (
            not _is_printable_list(joined, len(texts))
            or f" {_SEPARATOR}" in joined
            or f"{_SEPARATOR} " in joined
            or joined.startswith(" ")
            or joined.endswith(" ")
            or len(max(texts, key=len)) > self.limit
        ):
            return None
        return texts

    @property
    def _too_long(self) -> str:
        return f"is longer than {self.limit} characters"


_SEPARATOR = "|"  # printable, and rare in what people are called
_ASCII_CONTROLS_OR_SEPARATOR = bytes((*range(0x20), 0x7F)) + _SEPARATOR.encode()


def _is_printable_list(joined: str, length: int) -> bool:
    """Whether all of so many joined texts are printable, and none holds the separator."""
    if joined.isascii():
        # The same as below, in a quarter of the time.
        rest = joined.encode().translate(None, _ASCII_CONTROLS_OR_SEPARATOR)
        return len(rest) == len(joined) - (length - 1)
    return joined.isprintable() and joined.count(_SEPARATOR) == length - 1


def only_text(values: Sequence[Any]) -> bool:
    """Whether all values are texts or missing."""
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
    """Decimal text without exponent.

    A whole number has no decimal point: spreadsheets and data frames know no integers, and make
    78701.0 of one. A fraction keeps the zeros at its end, if it is a ``Decimal``.

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
    whole, _, fraction = format(number, "f").partition(".")
    if fraction.strip("0"):
        return f"{whole}.{fraction}"
    return "0" if whole == "-0" else whole


_SMS_PUNCTUATION = str.maketrans("", "", " \t\u00a0().-/\u2010\u2011\u2013")
_US_NUMBER = re.compile(r"(?:\+?1)?([2-9][0-9]{2}[2-9][0-9]{6})")


def us_phone_number(value: Any) -> str | None:
    """The ten digits of a US telephone number, the only kind that text messages go to.

    Raises:
        UnfitValueError: It is no such number.
    """
    written = value.strip(EDGES) if isinstance(value, str) else plain_text(value)
    # A text may have been made of a spreadsheet's number.
    written = written.removesuffix(".0")
    if not written:
        return None
    match = _US_NUMBER.fullmatch(written.translate(_SMS_PUNCTUATION))
    if match is None:
        raise UnfitValueError("is not a US telephone number of ten digits")
    return match[1]
