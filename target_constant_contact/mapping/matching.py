"""Finding contact properties among a stream's fields by well-known names.

Text messages and custom fields are never matched: the first need a consent that no column name
proves, the others would be a surprise. Names that may mean something else are matched only with
evidence beside them.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from target_constant_contact.contacts.contact import (
    ADDRESS_PARTS,
    CSV_PROPERTIES,
    MAX_PHONES,
    wire_names,
)
from target_constant_contact.mapping.paths import properties_of, types_of
from target_constant_contact.mapping.well_known import (
    ADDRESSES,
    JOBS,
    NUMERIC,
    PARTS,
    PEOPLE,
    PHONES,
    VAGUE_JOBS,
    VAGUE_PARTS,
    VAGUE_WORDS,
    keys_of,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

_Named: TypeAlias = dict[str, list[str]]
"""Contact property to the fields that are called so, the best one first."""

_HOMES: Final = ("home", "homeaddress")


@dataclass(frozen=True, slots=True)
class Matching:
    """What was found among the fields of a stream.

    Attributes:
        fields: Contact property to record field.
        others: Record field to why it is not sent, though its name is well known.
    """

    fields: dict[str, str]
    others: dict[str, str]


def match_fields(schema: Mapping[str, Any], *, import_format: str = "json") -> Matching:
    """Contact properties that a stream has under a well-known name.

    Only fields of plain values are matched. Whole names are compared, so that what others add to
    a stream (``_sdc_...``, ``_reject_...``) never is.

    Args:
        schema: JSON schema of the stream.
        import_format: With ``csv``, only what file imports document is matched.

    Returns:
        Without ``email`` among its fields when no field looks like one.
    """
    return _Matcher(schema, import_format).matching()


class _Matcher:
    """Matches the fields of one stream."""

    def __init__(self, schema: Mapping[str, Any], import_format: str) -> None:
        self._present: dict[str, list[str]] = {}
        self._ids: set[str] = set()
        self._others: dict[str, str] = {}
        self._is_csv = import_format == "csv"
        properties = properties_of(schema)
        self._order = list(properties)
        for field, described in properties.items():
            types = types_of(described)
            # A boolean under the name "email" says whether somebody wants mail.
            if types & {"object", "array"} or types == {"boolean"}:
                continue
            # A sheet calls whatever is in digits a number; a whole number is the id of something.
            if types == {"integer"}:
                self._ids.add(field)
            for key in keys_of(field):
                self._present.setdefault(key, []).append(field)

    def matching(self) -> Matching:
        named = {
            **self._birthday(self._people()),
            **self._phones(self._named(PHONES)),
            **self._addresses(),
        }
        fields: dict[str, str] = {}
        for name, (field, *same) in named.items():
            if self._is_csv and not CSV_PROPERTIES.issuperset(wire_names(name)):
                self._pass_over([field, *same], "no column of a CSV import")
                continue
            fields[name] = field
            self._pass_over(same, f"means {name}, as {field} does")
        sent = set(fields.values())
        others = {field: why for field, why in self._others.items() if field not in sent}
        return Matching(fields, others)

    def _pass_over(self, fields: Iterable[str], why: str) -> None:
        for field in fields:
            self._others.setdefault(field, why)

    def _named(self, table: Mapping[str, str]) -> _Named:
        named: _Named = {}
        for name, known in table.items():
            found = [field for key in known.split() for field in self._present.get(key, ())]
            if name not in NUMERIC and table is not PHONES:
                ids = [field for field in found if field in self._ids]
                self._pass_over(ids, f"holds whole numbers, which are no {name}")
                found = [field for field in found if field not in self._ids]
            if found:
                named[name] = list(dict.fromkeys(found))
        return named

    def _people(self) -> _Named:
        named = self._named(PEOPLE)
        for key, why in VAGUE_JOBS.items():
            vague = set(self._present.get(key, ())) - self._ids
            if self._is_of_a_job(key, vague):
                continue
            self._pass_over(vague, why)
            for found in named.values():
                found[:] = [field for field in found if field not in vague]
        return {name: found for name, found in named.items() if found}

    def _is_of_a_job(self, key: str, fields: set[str]) -> bool:
        """Whether something beside them says that fields of a vague name tell of a job."""
        if not JOBS & self._present.keys():
            return False
        # "Title, First Name, Last Name, Company": the first of them is a salutation.
        following = {after for before, after in pairwise(self._order) if before in fields}
        return key != "title" or "firstname" not in {k for f in following for k in keys_of(f)}

    def _birthday(self, named: _Named) -> _Named:
        halves = {"birthday_month", "birthday_day"} & named.keys()
        if "birthday" not in named and len(halves) != 1:
            return named
        for half in sorted(halves):
            whole = named.get("birthday")
            why = f"means birthday, as {whole[0]} does" if whole else "is half a birthday"
            self._pass_over(named.pop(half), why)
        return named

    def _phones(self, named: _Named) -> _Named:
        if "phone" in named and "other_phone" in named:
            self._pass_over(named.pop("other_phone"), "is the same number as phone in a contact")
        for name in list(named)[MAX_PHONES:]:
            self._pass_over(named.pop(name), f"a contact takes {MAX_PHONES} numbers")
        return named

    def _addresses(self) -> _Named:
        named: _Named = {}
        for prefix, words in ADDRESSES.items():
            candidates = {word: self._address(word) for word in words}
            chosen = max(candidates.values(), key=len)
            if not prefix:
                chosen = _with_home(candidates) or chosen
            for part in ADDRESS_PARTS:
                # The chosen one's fields first; those of the others mean the same.
                fields = [f for each in (chosen, *candidates.values()) for f in each.get(part, ())]
                if part in chosen:
                    named[f"{prefix}{part}"] = list(dict.fromkeys(fields))
                else:
                    self._pass_over(fields, "is part of another address")
        return named

    def _address(self, word: str) -> _Named:
        """The parts of the address of one word; vague names only beside clear ones."""
        vague = VAGUE_PARTS if word in VAGUE_WORDS else {}
        clear = self._named(_address_names(word, leave_out=vague.keys()))
        alone = {name for name, beside in vague.items() if not beside & clear.keys()}
        for name in alone:
            fields = self._present.get(f"{word}{name}", ())
            self._pass_over(fields, "may not be of an address")
        return self._named(_address_names(word, leave_out=alone))


def _address_names(word: str, leave_out: Collection[str]) -> dict[str, str]:
    # "line1" alone may be the line of anything.
    return {
        part: " ".join(
            f"{word}{name}"
            for name in PARTS[part].split()
            if name not in leave_out and (word or not name.startswith("line"))
        )
        for part in ADDRESS_PARTS
    }


def _with_home(candidates: Mapping[str, _Named]) -> _Named | None:
    """The plain address completed by that of ``home``, when both can only be one.

    The service's own headings for files are ``Home Address Line 1`` and ``City``.
    """
    bare, home = candidates[""], max((candidates[word] for word in _HOMES), key=len)
    both = {field for fields in (*bare.values(), *home.values()) for field in fields}
    if not bare or not home or bare.keys() & home.keys():
        return None
    if any(not both.issuperset(f) for each in candidates.values() for f in each.values()):
        return None
    return bare | home
