"""Checks of what the settings name in the account: lists and custom fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from target_constant_contact.account.lists import UnknownListError, new_list_faults
from target_constant_contact.api.models import MAX_ACCOUNT_FIELDS
from target_constant_contact.checks.results import Check
from target_constant_contact.contacts.contact import CUSTOM_PREFIX
from target_constant_contact.exceptions import SettingsError
from target_constant_contact.mapping.field_mapping import custom_field_faults
from target_constant_contact.settings.streams import within_entry
from target_constant_contact.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from target_constant_contact.account.account import Account
    from target_constant_contact.account.lists import ListDirectory
    from target_constant_contact.api.models import ContactList
    from target_constant_contact.settings.settings import Settings

MAX_ACCOUNT_LISTS: Final = 1_000
"""Lists of an account. Source: https://developer.constantcontact.com/api_guide/lists_overview.html"""


def check_lists(account: Account, settings: Settings) -> Iterator[Check]:
    """Which lists the settings mean, and how many members they have.

    Raises:
        TargetError: The lists cannot be read.
    """
    directory = account.lists
    if (lists := len(directory.existing)) > MAX_ACCOUNT_LISTS:
        detail = (
            f"the account has {lists:,} lists, and is meant for {MAX_ACCOUNT_LISTS:,}; "
            "delete some in Constant Contact"
        )
        yield Check("lists", "warning", detail)
    found: list[Check] = []
    references = [reference for segment in settings.all_streams for reference in segment.lists]
    for segment in settings.all_streams:
        for reference in segment.lists:
            found += _check_list(directory, reference, segment.lists_place)
    yield from dict.fromkeys(found)
    for fault in new_list_faults(directory, references):
        yield Check("lists", "failed", fault, SettingsError.exit_code)
    fields = [segment.lists_field for segment in settings.all_streams if segment.lists_field]
    for field in dict.fromkeys(fields):
        yield Check("lists", "ok", f"looked up row by row, by the field {field!r}")
    if not references and not fields:
        yield Check("lists", "skipped", "the settings name none")


def check_custom_fields(account: Account, settings: Settings) -> Iterator[Check]:
    """Whether the custom fields that are mapped exist.

    Raises:
        TargetError: The custom fields cannot be read.
    """
    fields = account.custom_fields
    mappings = [segment.field_mapping or {} for segment in settings.all_streams]
    mapped = dict.fromkeys(n for names in mappings for n in names if n.startswith(CUSTOM_PREFIX))
    shown = f"; mapped: {', '.join(mapped)}" if mapped else ""
    detail = f"{len(fields)} of {MAX_ACCOUNT_FIELDS} in the account{shown}"
    faults = [
        within_entry(segment.mapping_place, fault)
        for segment, mapping in zip(settings.all_streams, mappings, strict=True)
        for fault in custom_field_faults(mapping, fields)
    ]
    for fault in dict.fromkeys(faults):
        yield Check("custom fields", "failed", fault, SettingsError.exit_code)
    if not faults:
        yield Check("custom fields", "ok", detail)


def _check_list(directory: ListDirectory, reference: str, place: str) -> Iterator[Check]:
    """Which lists one text means, which is written at this place."""
    try:
        wanted = directory.look_up([reference])
    except UnknownListError as error:
        yield Check("lists", "failed", within_entry(place, str(error)), SettingsError.exit_code)
        return
    for list_id in sorted(wanted.ids):
        yield Check("lists", "ok", _found(directory.existing[list_id]))
    for name in wanted.new.values():
        detail = f"{name!r} does not exist yet and will be created (create_lists)"
        yield Check("lists", "ok", detail)


def _found(found: ContactList) -> str:
    if found.membership_count is None:
        return f"{found.name} ({found.list_id})"
    return f"{found.name} ({found.list_id}): {counted(found.membership_count, 'member')}"
