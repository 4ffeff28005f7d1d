"""The command `lists`: the lists of the account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from target_constant_contact.account.list_names import as_new_name, folded, list_name_fault
from target_constant_contact.commands.common import (
    configured,
    json_option,
    open_account,
    parse_settings,
    print_json,
    print_table,
    say,
)
from target_constant_contact.exceptions import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from target_constant_contact.api.models import ContactList


@click.command("lists")
@configured
@click.option("--create", metavar="NAME", help="Make a list of this name.")
@json_option
def lists(config: dict[str, Any], create: str | None, *, as_json: bool) -> None:
    """Show the lists of the account, or make one."""
    settings = parse_settings(config)
    # Before anything is asked, so that a name that cannot be costs no request.
    name = None if create is None else _checked(create)
    with open_account(settings) as account:
        if settings.account:
            account.identify()
        found = account.client.contact_lists(counts=True)
        if name is not None:
            _refuse_if_taken(name, found)
            found = [account.client.create_contact_list(name)]
    found.sort(key=lambda item: (item.name.casefold(), item.name))
    if as_json:
        print_json([_row(item) for item in found])
    elif found:
        rows = ((item.list_id, item.name, item.membership_count) for item in found)
        print_table(("id", "name", "members"), rows)
    else:
        say("The account has no lists. Make one: lists --create NAME")


def _row(item: ContactList) -> dict[str, Any]:
    return {"list_id": item.list_id, "name": item.name, "members": item.membership_count}


def _checked(name: str) -> str:
    name = as_new_name(name)
    if not name:
        raise SettingsError(["--create: the name of the list is blank; give it a name"])
    if fault := list_name_fault(name):
        raise SettingsError([f"--create: no list can have that name: {fault}"])
    return name


def _refuse_if_taken(name: str, found: Iterable[ContactList]) -> None:
    for item in found:
        # People would take one list for the other if their names looked the same.
        if folded(item.name) == folded(name):
            fault = f"list {item.name!r} exists already ({item.list_id}); nothing was made"
            raise SettingsError([fault])
