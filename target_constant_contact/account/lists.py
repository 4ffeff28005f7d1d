"""Finds lists by id, by name, or by the URL that a person has copied from the browser."""

from __future__ import annotations

import difflib
import logging
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final, Protocol

from target_constant_contact.account.list_names import (
    SEPARATORS,
    as_new_name,
    folded,
    ids_in,
    new_name_fault,
)
from target_constant_contact.exceptions import ApiError, DataError
from target_constant_contact.settings.list_texts import ListItem, array_of, looks_like_array
from target_constant_contact.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from target_constant_contact.api.models import ContactList

MAX_EXPLAINED: Final = 100
"""Unknown lists whose close matches are looked for: each takes milliseconds, and who misspells
more than these has taken the wrong field."""

_NAMES_SHOWN: Final = 5
_NAME_SHOWN: Final = 60
_logger = logging.getLogger("target-constant-contact")


class UnknownListError(LookupError):
    """No list of the account is meant; the message names close matches."""


class NewListsError(DataError):
    """More lists would be made than a run may make; none of them was."""


class ListsApi(Protocol):
    """What the directory asks of the API."""

    def contact_lists(self, *, counts: bool) -> list[ContactList]:
        """All lists of the account, with the number of their members if asked for."""

    def create_contact_list(self, name: str) -> ContactList:
        """Make a list."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Lists that somebody has named.

    Attributes:
        ids: Those that there are.
        new: Names of those that would have to be made, by the name as it is compared.
    """

    ids: frozenset[str]
    new: Mapping[str, str]

    def __len__(self) -> int:
        return len(self.ids) + len(self.new)


class ListDirectory:
    """The lists of an account, read once.

    Args:
        client: The API.
        create_lists: Whether a name that does not exist is created.
        dry_run: Do not create; a list that would be created is given its name as id.
        max_new: Lists that may be created; one that the service refuses counts too.
        counts: Ask for the number of members too.

    Attributes:
        existing: The lists by id, as they were when they were read.
        names: Names by id, of lists that were created since too.
        creates: Whether a list can come to be.
    """

    def __init__(
        self,
        client: ListsApi,
        *,
        create_lists: bool,
        dry_run: bool,
        max_new: int,
        counts: bool = False,
    ) -> None:
        self._client = client
        self.creates = create_lists
        self._dry_run = dry_run
        self._max_new = max_new
        self._made = 0
        self.names: dict[str, str] = {}
        self._alike: dict[str, list[str]] = {}
        self._refused: dict[str, str] = {}
        self._explained: dict[str, str] = {}
        found = (item for item in client.contact_lists(counts=counts) if not item.deleted)
        self.existing: Mapping[str, ContactList] = {item.list_id.lower(): item for item in found}
        for item in self.existing.values():
            self._add(item.list_id, item.name)

    def look_up(self, references: Iterable[str]) -> Wanted:
        """What texts mean; nothing is created.

        A text is one list, or several with commas between them, or the text of an array. A list
        whose own name is such a text is found first. An item of an array is one list.

        Raises:
            UnknownListError: At least one list is not known, and cannot be created; or it may be
                one of several.
        """
        ids: set[str] = set()
        new: dict[str, str] = {}
        for reference in references:
            for part in self._parts(reference):
                if found := self._find(part):
                    ids.add(found)
                elif fault := self._why_unknown(part):
                    raise UnknownListError(fault)
                else:
                    new.setdefault(folded(part), as_new_name(part))
        return Wanted(frozenset(ids), new)

    def admit(self, names: Mapping[str, str]) -> None:
        """Refuse to create so many lists.

        Args:
            names: Names of new lists, by the name as it is compared.

        Raises:
            NewListsError: There would be more than may be created.
        """
        total = self._made + len(self._refused) + len(names)
        if names and total > self._max_new:
            shown = ", ".join(
                repr(name[:_NAME_SHOWN]) for name in islice(names.values(), _NAMES_SHOWN)
            )
            raise NewListsError(
                f"{counted(total, 'list')} would be made in this run, among them {shown}, and "
                f"max_new_lists is {self._max_new:,}. None of these was made; correct lists or "
                "lists_field, or raise max_new_lists, and run again"
            )

    def make(self, wanted: Wanted) -> tuple[str, ...]:
        """Ids of the lists, sorted; those that are new are created first.

        Raises:
            NewListsError: They are more than may be created; none of them was.
            UnknownListError: The service refuses one of them.
        """
        self.admit(wanted.new)
        made = [self._create(name) for name in wanted.new.values()]
        return tuple(sorted(wanted.ids.union(made)))

    def _parts(self, reference: str) -> Iterable[str]:
        # Before it is taken apart: a name may have commas and brackets of its own.
        if isinstance(reference, ListItem) or self._named(reference):
            return [reference]
        items = array_of(reference)
        if items is not None:
            return items
        if looks_like_array(reference):
            return [reference]
        return filter(None, (part.strip() for part in reference.split(",")))

    def _find(self, reference: str) -> str | None:
        ids = ids_in(reference)
        if ids is None:
            return self._named(reference)
        return next((list_id for list_id in ids if list_id in self.names), None)

    def _named(self, name: str) -> str | None:
        """The list of that very name, or the only one whose name looks the same.

        Raises:
            UnknownListError: Several look the same.
        """
        alike = self._alike.get(folded(name), [])
        alike = [each for each in alike if self.names[each] == name] or alike
        if len(alike) > 1:
            shown = " or ".join(f"{self.names[each]!r} ({each})" for each in alike[:_NAMES_SHOWN])
            raise UnknownListError(f"{name!r} may be {shown}; give the id of the one that is meant")
        return alike[0] if alike else None

    def _why_unknown(self, reference: str) -> str:
        """Why a list that there is not cannot be created either; empty when it can."""
        if refused := self._refused.get(folded(reference)):
            return refused
        if separated := self._separated(reference):
            return separated
        if self.creates and not new_name_fault(as_new_name(reference)):
            return ""
        return self._explain(reference)

    def _separated(self, reference: str) -> str:
        """What to write for a text of which parts are lists; empty when none is."""
        as_item = isinstance(reference, ListItem)
        parts = reference.split(",") if as_item else SEPARATORS.split(reference)
        parts = [part.strip() for part in parts]
        known = [part for part in parts if self._named(part)]
        if len(parts) == 1 or not known:
            return ""
        shown = ", ".join(f'"{part}"' for part in parts)
        how = f"write [{shown}]" if as_item else "write commas between lists"
        return (
            f"no list {reference!r} in the account, but {', '.join(map(repr, known))}; {how}, or "
            "make a list of that name in Constant Contact"
        )

    def _create(self, name: str) -> str:
        try:
            list_id = name if self._dry_run else self._client.create_contact_list(name).list_id
        except ApiError as error:
            # Such as 409: the name belongs to a list that cannot be seen.
            fault = self._refused[folded(name)] = f"list {name!r} was not created: {error}"
            raise UnknownListError(fault) from None
        self._made += 1
        self._add(list_id, name)
        if not self._dry_run:
            _logger.info("Made list %r (%s)", name, list_id)
        return list_id.lower()

    def _add(self, list_id: str, name: str) -> None:
        list_id = list_id.lower()
        self.names[list_id] = name
        self._alike.setdefault(folded(name), []).append(list_id)

    def _explain(self, reference: str) -> str:
        hint = new_name_fault(reference) or self._close_matches(reference)
        hint = hint or "set create_lists: true to create it"
        return f"no list {reference!r} in the account; {hint}"

    def _close_matches(self, reference: str) -> str:
        """What else may be meant; at no cost when the next record names it too."""
        hint = self._explained.get(reference, "")
        if reference not in self._explained and len(self._explained) < MAX_EXPLAINED:
            close = difflib.get_close_matches(reference, self.names.values(), n=3, cutoff=0.5)
            hint = f"did you mean {' or '.join(map(repr, close))}?" if close else ""
            self._explained[reference] = hint
        return hint


def new_list_faults(directory: ListDirectory, references: Iterable[str]) -> Iterator[str]:
    """A line when the settings themselves name more new lists than a run may create.

    Args:
        directory: The lists of the account.
        references: All texts of the settings; one of an unknown list does not count.
    """
    new: dict[str, str] = {}
    for reference in references:
        with suppress(UnknownListError):
            new |= directory.look_up([reference]).new
    try:
        directory.admit(new)
    except NewListsError as error:
        yield str(error)
