"""Finds lists by id, by name, or by the URL that a person has copied from the browser."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Final, Protocol

from target_constant_contact.exceptions import ApiError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from target_constant_contact.api.models import ContactList

MAX_NAME_LENGTH: Final = 255
"""Characters in the name of a list. Source: official description, ``ListInput``."""

MAX_REMEMBERED: Final = 10_000
"""Unknown lists that are kept, so that explaining them again costs nothing."""

_UUID: Final = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_URL: Final = re.compile(r"https?://", re.IGNORECASE)


class UnknownListError(LookupError):
    """No list of the account is meant; the message names close matches."""


class ListsApi(Protocol):
    """What the directory asks of the API."""

    def contact_lists(self, *, counts: bool) -> list[ContactList]:
        """All lists of the account, with the number of their members if asked for."""

    def create_contact_list(self, name: str) -> ContactList:
        """Make a list."""


class ListDirectory:
    """The lists of an account, read once.

    Args:
        client: The API.
        create_lists: Whether a name that does not exist is created.
        dry_run: Do not create; a list that would be created is given its name as id.
        counts: Ask for the number of members too.

    Attributes:
        existing: The lists by id, as they were when they were read.
        names: Names by id, of lists that were created since too.
    """

    def __init__(
        self, client: ListsApi, *, create_lists: bool, dry_run: bool, counts: bool = False
    ) -> None:
        self._client = client
        self._create_lists = create_lists
        self._dry_run = dry_run
        self.names: dict[str, str] = {}
        self._ids: dict[str, str] = {}
        self._unknown: dict[str, str] = {}
        found = (item for item in client.contact_lists(counts=counts) if not item.deleted)
        self.existing: Mapping[str, ContactList] = {item.list_id.lower(): item for item in found}
        for item in self.existing.values():
            self._add(item.list_id, item.name)

    def find(self, reference: str, *, create: bool = True) -> tuple[str, ...]:
        """Ids of the lists that a text means, sorted.

        The text is one list, or several with commas between them. A list whose own name has a
        comma is found first.

        Args:
            reference: The text.
            create: Create what does not exist, where the settings allow it; False only looks.

        Raises:
            UnknownListError: At least one of them is not known.
        """
        reference = reference.strip()
        # Before it is taken apart: a name may have commas of its own.
        whole = self._named(reference)
        parts = [reference] if whole else [part.strip() for part in reference.split(",")]
        return tuple(sorted({self._find(part, create=create) for part in parts if part}))

    def find_all(self, references: Iterable[str]) -> tuple[str, ...]:
        """Ids of all the lists that are meant, sorted."""
        return tuple(sorted({found for text in references for found in self.find(text)}))

    def _find(self, reference: str, *, create: bool) -> str:
        found = self._find_existing(reference)
        if found:
            return found
        if reference in self._unknown:
            raise UnknownListError(self._unknown[reference])
        if self._create_lists and self._may_be_name(reference):
            return self._create(reference) if create else reference
        fault = self._explain(reference)
        self._remember(reference, fault)
        raise UnknownListError(fault)

    def _remember(self, reference: str, fault: str) -> None:
        """Explain the list at no cost when the next record names it."""
        if len(self._unknown) < MAX_REMEMBERED:
            self._unknown[reference] = fault

    def _find_existing(self, reference: str) -> str | None:
        if _UUID.fullmatch(reference) or _URL.match(reference):
            # A URL may hold other ids before that of the list.
            ids = (match.group().lower() for match in _UUID.finditer(reference))
            return next((list_id for list_id in ids if list_id in self.names), None)
        return self._named(reference)

    def _named(self, name: str) -> str | None:
        return self._ids.get(name) or self._ids.get(name.casefold())

    def _create(self, name: str) -> str:
        try:
            list_id = name if self._dry_run else self._client.create_contact_list(name).list_id
        except ApiError as error:
            # Such as 409: the name belongs to a list that cannot be seen.
            fault = f"list {name!r} was not created: {error}"
            self._remember(name, fault)
            raise UnknownListError(fault) from None
        self._add(list_id, name)
        return list_id.lower()

    def _add(self, list_id: str, name: str) -> None:
        self.names[list_id.lower()] = name
        # Names may differ in case only, so another spelling never takes the place of a name.
        self._ids[name] = list_id.lower()
        self._ids.setdefault(name.casefold(), list_id.lower())

    @staticmethod
    def _may_be_name(reference: str) -> bool:
        looks_like_id = _UUID.fullmatch(reference) or _URL.match(reference)
        # A field of addresses that was taken for the lists field must not become lists.
        return not looks_like_id and "@" not in reference and len(reference) <= MAX_NAME_LENGTH

    def _explain(self, reference: str) -> str:
        close = difflib.get_close_matches(reference, self.names.values(), n=3, cutoff=0.5)
        if close:
            hint = f"did you mean {' or '.join(map(repr, close))}?"
        elif self._may_be_name(reference):
            hint = "set create_lists: true to create it"
        else:
            hint = "check the id in Constant Contact"
        return f"no list {reference!r} in the account; {hint}"
