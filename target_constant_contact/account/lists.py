"""Finds lists by id, by name, or by the URL that a person has copied from the browser."""

from __future__ import annotations

import difflib
import logging
import re
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final, Protocol

from target_constant_contact.exceptions import ApiError, DataError
from target_constant_contact.redaction import escaped

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from target_constant_contact.api.models import ContactList

MAX_NAME_LENGTH: Final = 255
"""Characters in the name of a list. Source: official description, ``ListInput``."""

MAX_EXPLAINED: Final = 100
"""Unknown lists whose close matches are looked for: each takes milliseconds, and who misspells
more than these has taken the wrong field."""

_NAMES_SHOWN: Final = 5
_NAME_SHOWN: Final = 60
_UUID: Final = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_URL: Final = re.compile(r"https?://", re.IGNORECASE)
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
        new: Names of those that would have to be made, by the name in lower case.
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
        self._ids: dict[str, str] = {}
        self._refused: dict[str, str] = {}
        self._explained: dict[str, str] = {}
        found = (item for item in client.contact_lists(counts=counts) if not item.deleted)
        self.existing: Mapping[str, ContactList] = {item.list_id.lower(): item for item in found}
        for item in self.existing.values():
            self._add(item.list_id, item.name)

    def look_up(self, references: Iterable[str]) -> Wanted:
        """What texts mean; nothing is created.

        A text is one list, or several with commas between them. A list whose own name has a
        comma is found first.

        Raises:
            UnknownListError: At least one list is not known, and cannot be created.
        """
        ids: set[str] = set()
        new: dict[str, str] = {}
        for reference in references:
            for part in self._parts(reference.strip()):
                if found := self._find(part):
                    ids.add(found)
                elif fault := self._why_unknown(part):
                    raise UnknownListError(fault)
                else:
                    new.setdefault(part.casefold(), part)
        return Wanted(frozenset(ids), new)

    def admit(self, names: Mapping[str, str]) -> None:
        """Refuse to create so many lists.

        Args:
            names: Names of new lists, by the name in lower case.

        Raises:
            NewListsError: There would be more than may be created.
        """
        total = self._made + len(self._refused) + len(names)
        if names and total > self._max_new:
            shown = ", ".join(
                repr(name[:_NAME_SHOWN]) for name in islice(names.values(), _NAMES_SHOWN)
            )
            raise NewListsError(
                f"{total:,} lists would be made in this run, among them {shown}, and "
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
        # Before it is taken apart: a name may have commas of its own.
        whole = self._named(reference)
        parts = [reference] if whole else [part.strip() for part in reference.split(",")]
        return filter(None, parts)

    def _find(self, reference: str) -> str | None:
        if _UUID.fullmatch(reference) or _URL.match(reference):
            # A URL may hold other ids before that of the list.
            ids = (match.group().lower() for match in _UUID.finditer(reference))
            return next((list_id for list_id in ids if list_id in self.names), None)
        return self._named(reference)

    def _named(self, name: str) -> str | None:
        return self._ids.get(name) or self._ids.get(name.casefold())

    def _why_unknown(self, reference: str) -> str:
        """Why a list that there is not cannot be created either; empty when it can."""
        if refused := self._refused.get(reference.casefold()):
            return refused
        if self.creates and not _impossible(reference):
            return ""
        return self._explain(reference)

    def _create(self, name: str) -> str:
        try:
            list_id = name if self._dry_run else self._client.create_contact_list(name).list_id
        except ApiError as error:
            # Such as 409: the name belongs to a list that cannot be seen.
            fault = self._refused[name.casefold()] = f"list {name!r} was not created: {error}"
            raise UnknownListError(fault) from None
        self._made += 1
        self._add(list_id, name)
        if not self._dry_run:
            _logger.info("Made list %r (%s)", name, list_id)
        return list_id.lower()

    def _add(self, list_id: str, name: str) -> None:
        self.names[list_id.lower()] = name
        # Names may differ in case only, so another spelling never takes the place of a name.
        self._ids[name] = list_id.lower()
        self._ids.setdefault(name.casefold(), list_id.lower())

    def _explain(self, reference: str) -> str:
        hint = list_name_fault(reference) or self._close_matches(reference)
        hint = hint or _impossible(reference) or "set create_lists: true to create it"
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


def list_name_fault(name: str) -> str:
    """What keeps a text from being the name of a list; empty when nothing does."""
    if len(name) > MAX_NAME_LENGTH:
        return f"the name has {len(name):,} characters; a list takes {MAX_NAME_LENGTH}"
    if escaped(name) != name:
        return "the name holds control characters; a list takes none"
    return ""


def _impossible(reference: str) -> str:
    """Why a text is not taken for the name of a new list; empty when it is."""
    # A field of addresses that was taken for the lists field must not become lists.
    if _UUID.fullmatch(reference) or _URL.match(reference) or "@" in reference:
        return "check the id in Constant Contact"
    return list_name_fault(reference)
