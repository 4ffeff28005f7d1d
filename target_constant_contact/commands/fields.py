"""The command `fields`: what a `field_mapping` can name."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import click

from target_constant_contact.api.models import (
    CHOICE_TYPES,
    CUSTOM_FIELD_TYPES,
    MAX_ACCOUNT_FIELDS,
    MAX_CHOICE_LENGTH,
    MAX_CHOICES,
    MAX_LABEL_LENGTH,
)
from target_constant_contact.commands.common import (
    configured,
    json_option,
    open_account,
    parse_settings,
    print_json,
    print_table,
    say,
)
from target_constant_contact.contacts.contact import (
    CUSTOM_PREFIX,
    MAX_CUSTOM_FIELDS,
    MAX_CUSTOM_TEXT,
    MAX_EMAIL,
    MAX_PHONES,
    PHONES,
    PROPERTIES,
    TEXT_LIMITS,
    wire_names,
)
from target_constant_contact.exceptions import SettingsError
from target_constant_contact.redaction import escaped

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from target_constant_contact.api.models import CustomField

_DEFAULT_TYPE: Final = "string"
_TAKES: Final = {
    "email": "e-mail address",
    "birthday": "date",
    "birthday_month": "number from 1 to 12",
    "birthday_day": "number from 1 to 31",
    "anniversary": "date",
    "sms_number": "US telephone number",
    "sms_consent_date": "date",
}
"""What the properties take that are not free text."""


@click.command("fields")
@configured
@click.option("--create", metavar="LABEL", help="Make a custom field of this label.")
@click.option(
    "--type",
    "kind",
    type=click.Choice(CUSTOM_FIELD_TYPES),
    help=f"Type of the new field; without it {_DEFAULT_TYPE}.",
)
@click.option(
    "--choice", "choices", multiple=True, metavar="TEXT", help="A choice of the new field; repeat."
)
@json_option
def fields(
    config: dict[str, Any],
    create: str | None,
    kind: str | None,
    choices: tuple[str, ...],
    *,
    as_json: bool,
) -> None:
    """Show the contact properties and custom fields that a mapping can name, or make a field."""
    settings = parse_settings(config)
    new = _checked(create, kind, choices)
    with open_account(settings) as account:
        if settings.account:
            account.identify()
        found = account.custom_fields
        if new:
            _refuse_if_impossible(new[0], found)
            found = [account.client.create_custom_field(*new)]
    found = sorted(found, key=lambda field: field.label.casefold())
    properties = [] if new else list(map(_property, _in_order()))
    if as_json:
        custom = {"custom_fields": list(map(_custom_field, found))}
        print_json(custom if new else {"properties": properties} | custom)
        return
    if not new:
        _print_properties(properties)
    _print_custom_fields(found)


def _in_order() -> Iterator[str]:
    """The properties, with the whole birthday before its parts: it is what most people map."""
    for name in PROPERTIES:
        if name == "birthday_month":
            yield "birthday"
        if name != "birthday":
            yield name


def _property(name: str) -> dict[str, Any]:
    """What a property takes, and how many characters of it if that is limited."""
    wires = wire_names(name)
    takes = _TAKES.get(name) or ("telephone number" if name in PHONES else "text")
    if wires != (name,):
        takes = f"{takes}, sent as {' and '.join(wires)}"
    limit = MAX_EMAIL if name == "email" else TEXT_LIMITS.get(wires[0])
    return {"name": name, "takes": takes, "limit": limit}


def _custom_field(field: CustomField) -> dict[str, Any]:
    return {
        "mapping": f"{CUSTOM_PREFIX}{field.name}",
        "custom_field_id": field.custom_field_id,
        "label": field.label,
        "type": field.type,
        "choices": list(field.choices),
        "limit": MAX_CUSTOM_TEXT,
    }


def _print_properties(properties: Iterable[dict[str, Any]]) -> None:
    say("Contact properties (limit: characters)")
    print_table(("name", "takes", "limit"), [list(item.values()) for item in properties])
    say(
        f"A contact takes {MAX_PHONES} telephone numbers and {MAX_CUSTOM_FIELDS} custom fields.",
        "",
    )


def _print_custom_fields(found: Sequence[CustomField]) -> None:
    if not found:
        say("The account has no custom fields. Make one: fields --create LABEL")
        return
    say("Custom fields")
    rows = [
        (
            f"{CUSTOM_PREFIX}{field.name}",
            field.label,
            field.type,
            MAX_CUSTOM_TEXT,
            ", ".join(field.choices),
        )
        for field in found
    ]
    print_table(("name", "label", "type", "limit", "choices"), rows)


def _checked(
    label: str | None, kind: str | None, choices: tuple[str, ...]
) -> tuple[str, str, tuple[str, ...]] | None:
    """Label, type and choices of the field to make; None when none is to be made.

    Raises:
        SettingsError: With a line for each fault.
    """
    if label is None:
        if kind or choices:
            raise SettingsError(["--type and --choice describe a new field; add --create LABEL"])
        return None
    new = label.strip(), kind or _DEFAULT_TYPE, tuple(choice.strip() for choice in choices)
    faults = [*_label_faults(new[0]), *_choice_faults(*new[1:])]
    if faults:
        raise SettingsError(faults)
    return new


def _label_faults(label: str) -> Iterator[str]:
    if not label:
        yield "--create: the label of the field is blank; give it a label"
    if len(label) > MAX_LABEL_LENGTH:
        yield f"--create: the label has {len(label)} characters; it can have {MAX_LABEL_LENGTH}"
    if escaped(label) != label:
        yield "--create: the label holds control characters; take them out"


def _choice_faults(kind: str, choices: tuple[str, ...]) -> Iterator[str]:
    if kind in CHOICE_TYPES and not choices:
        yield f"--choice: a field of type {kind} needs at least one; repeat --choice for more"
    if kind not in CHOICE_TYPES and choices:
        yield (
            f"--choice: a field of type {kind} has no choices; those with choices are "
            f"{' and '.join(sorted(CHOICE_TYPES))}"
        )
    if len(choices) > MAX_CHOICES:
        yield f"--choice: {len(choices)} choices; a field takes {MAX_CHOICES}"
    yield from _choice_text_faults(choices)


def _choice_text_faults(choices: tuple[str, ...]) -> Iterator[str]:
    if not all(choices):
        yield "--choice: a choice is blank; give it a text or leave it out"
    if any(escaped(choice) != choice for choice in choices):
        yield "--choice: a choice holds control characters; take them out"
    for choice, times in Counter(choice.casefold() for choice in choices if choice).items():
        if times > 1:
            yield f"--choice: {choice!r} is given {times} times; give each choice once"
    if (longest := max(map(len, choices), default=0)) > MAX_CHOICE_LENGTH:
        yield f"--choice: one has {longest} characters; it can have {MAX_CHOICE_LENGTH}"


def _refuse_if_impossible(label: str, found: Sequence[CustomField]) -> None:
    for field in found:
        # Names are made from labels, in ways that differ, so a label may also meet a name.
        if label.casefold() in {field.label.strip().casefold(), field.name.casefold()}:
            fault = (
                f"custom field {field.label!r} exists already ({CUSTOM_PREFIX}{field.name}, type "
                f"{field.type}); nothing was made"
            )
            raise SettingsError([fault])
    if len(found) >= MAX_ACCOUNT_FIELDS:
        fault = (
            f"the account has {len(found)} custom fields, and {MAX_ACCOUNT_FIELDS} is the most; "
            "nothing was made. Delete one that is not used in Constant Contact"
        )
        raise SettingsError([fault])
