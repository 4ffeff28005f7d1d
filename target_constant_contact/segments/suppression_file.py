"""The file of people who are never imported: addresses, or hashes of them.

What other systems hand out as their suppressions is often hashed, so that it holds no address. In
memory each line takes eight bytes, whatever it was.
"""

from __future__ import annotations

import hashlib
import re
from array import array
from bisect import bisect_left
from typing import TYPE_CHECKING, Final

from target_constant_contact.contacts.addresses import key_of
from target_constant_contact.exceptions import SettingsError
from target_constant_contact.segments.gate import Withheld

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from target_constant_contact.segments.gate import Rows

_HASHED: Final = re.compile(r"sha256:\s*([0-9a-f]{64})", re.IGNORECASE)
_ADDRESS: Final = re.compile(r"[^\s@,;:<>\"]+@[^\s@,;:<>\"]+")
_BOM: Final = "\ufeff"
_MOST_SHOWN: Final = 5
_LONGEST: Final = 1_000
"""Bytes of a line; an address has at most 254."""
_PARTS: Final = 256
"""Sorting one at a time takes a small part of the memory of sorting all."""
_BYTES: Final = 8
"""Bytes of a hash that are kept: of a million people, two are one in a hundred million files."""


class SuppressedPeople:
    """People who are never imported, as parts of the SHA-256 of their addresses.

    Args:
        digests: SHA-256 of the lower-case addresses.
    """

    def __init__(self, digests: Iterable[bytes]) -> None:
        parts = [array("Q") for _ in range(_PARTS)]
        for digest in digests:
            number = int.from_bytes(digest[:_BYTES], "little")
            parts[number % _PARTS].append(number)
        self._parts = [array("Q", sorted(set(part))) for part in parts]

    def __len__(self) -> int:
        return sum(map(len, self._parts))

    def places(self, keys: Iterable[str]) -> Iterator[int]:
        """Positions of those who are among them.

        Args:
            keys: E-mail keys.
        """
        for place, key in enumerate(keys):
            number = int.from_bytes(_digest(key)[:_BYTES], "little")
            part = self._parts[number % _PARTS]
            at = bisect_left(part, number)
            if at < len(part) and part[at] == number:
                yield place


class InSuppressionFile:
    """Withholds the rows of people in the file, as `segments.gate.Rule` says.

    Args:
        people: They.
    """

    says: Final = Withheld("suppressed", "in suppression_file")

    def __init__(self, people: SuppressedPeople) -> None:
        self._people = people

    def withheld(self, rows: Rows) -> Iterator[int]:
        """Positions of their rows."""
        return self._people.places(rows.keys)


def is_address(text: str) -> bool:
    """Whether a text is one e-mail address and nothing else, as far as its form tells."""
    return _ADDRESS.fullmatch(text) is not None


def read_suppressions(path: Path) -> SuppressedPeople:
    """Read the file: an address or ``sha256:`` and 64 hexadecimal digits on each line, in UTF-8.

    Blank lines and lines that begin with ``#`` say nothing.

    Raises:
        SettingsError: It cannot be read, or a line is something else; lines are named by their
            numbers, never by what is in them.
    """
    wrong: list[int] = []
    try:
        people = SuppressedPeople(_digests(path, wrong))
    except OSError as error:
        fault = (
            f"suppression_file: {path} cannot be read ({error.strerror}); nothing was sent. "
            "Correct the path, or let this user read it"
        )
        raise SettingsError([fault]) from None
    if wrong:
        fault = (
            f"suppression_file: {_named_lines(wrong)} of {path}: neither an e-mail address nor "
            "sha256: and 64 hexadecimal digits; nothing was sent. Correct that, or put # before it"
        )
        raise SettingsError([fault])
    return people


def _digests(path: Path, wrong: list[int]) -> Iterator[bytes]:
    """Hashes of the people of a file; numbers of lines that tell of none go into ``wrong``."""
    with path.open("rb") as file:
        number, is_inside = 0, False
        while line := file.readline(_LONGEST):
            number += not is_inside
            # The rest of a line that is too long is no line of its own.
            is_rest, is_inside = is_inside, not line.endswith(b"\n")
            if is_rest:
                if wrong[-1:] != [number]:
                    wrong.append(number)
                continue
            found = _digest_of(line, is_first=number == 1)
            if found:
                yield found
            elif found is None:
                wrong.append(number)


def _digest_of(line: bytes, *, is_first: bool) -> bytes | None:
    """The hash that a line stands for; nothing when it says nothing, None when it is wrong."""
    try:
        text = line.decode()
    except UnicodeDecodeError:
        return None
    text = (text.removeprefix(_BOM) if is_first else text).strip()
    if not text or text.startswith("#"):
        return b""
    if hashed := _HASHED.fullmatch(text):
        return bytes.fromhex(hashed[1])
    return _digest(key_of(text)) if is_address(text) else None


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()


def _named_lines(wrong: list[int]) -> str:
    """The lines in words."""
    shown = ", ".join(f"{number:,}" for number in wrong[:_MOST_SHOWN])
    others = f" and {len(wrong) - _MOST_SHOWN:,} more" if len(wrong) > _MOST_SHOWN else ""
    return f"line {shown}" if len(wrong) == 1 else f"lines {shown}{others}"
