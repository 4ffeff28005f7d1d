"""What can be said of an account that nobody is connected to: its lists as they are written."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from typing_extensions import override

from target_constant_contact.account.account import Account
from target_constant_contact.account.lists import ListDirectory
from target_constant_contact.api.models import ContactList, CustomField
from target_constant_contact.contacts.contact import CUSTOM_PREFIX, is_custom
from target_constant_contact.exceptions import ApiError, SignInError, TryLaterError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from target_constant_contact.settings.settings import Settings
    from target_constant_contact.settings.streams import StreamSettings

_MANY: Final = 1_000_000
"""Lists that may be named: none of them is made."""


@contextmanager
def connected_or_not(settings: Settings) -> Iterator[tuple[Account, str]]:
    """The account of the settings, or what stands in its place, closed at the end.

    Args:
        settings: The settings.

    Yields:
        The account, and a line that says what is not known without it; empty when it was asked.

    Raises:
        SettingsError: The sandbox or the store cannot be used.
    """
    # So that nothing that is looked up here can be created.
    settings = replace(settings, dry_run=True)
    account, note = Account(settings), ""
    try:
        try:
            _ask(account, settings)
        except (ApiError, SignInError, TryLaterError) as error:
            account.close()
            account = UnconnectedAccount(settings)
            note = (
                f"No account was asked ({str(error).rstrip('.')}). Lists are shown as they are "
                "written, and values of custom fields as texts: whether the account has them, "
                "and of which type, is not known."
            )
        yield account, note
    finally:
        account.close()


class UnconnectedAccount(Account):
    """An account that is never asked: every list exists, and every custom field holds text."""

    @property
    @override
    def lists(self) -> ListDirectory:
        if self._lists is None:
            self._lists = ListsAsWritten()
        return self._lists

    @override
    def custom_fields_for(self, segment: StreamSettings) -> list[CustomField]:
        names = filter(is_custom, segment.field_mapping or ())
        wanted = dict.fromkeys(name.removeprefix(CUSTOM_PREFIX).strip() for name in names)
        return [CustomField(name, name, name, "string") for name in wanted if name]


class ListsAsWritten(ListDirectory):
    """Lists of which only the names are known that somebody has written."""

    def __init__(self) -> None:
        super().__init__(_NoLists(), create_lists=True, dry_run=True, max_new=_MANY)

    @override
    def _why_unknown(self, reference: str) -> str:
        return ""


class _NoLists:
    """The lists of an account that nobody is connected to."""

    def contact_lists(self, *, counts: bool) -> list[ContactList]:
        """None."""
        del counts
        return []

    def create_contact_list(self, name: str) -> ContactList:
        """The list of that name, as every list is there; nothing is made anywhere."""
        return ContactList(name, name)


def _ask(account: Account, settings: Settings) -> None:
    """Ask for what a preview needs."""
    _ = account.lists
    for segment in settings.all_streams:
        account.custom_fields_for(segment)
