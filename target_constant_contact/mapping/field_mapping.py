"""Turning records of a stream into contacts.

Everything that depends on the settings, the schema or the account is decided once, in
`FieldMapping.compile`. What is left for each record is a loop over prepared steps.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from target_constant_contact.contacts.contact import (
    CUSTOM_PREFIX,
    TEXT_LIMITS,
    WIRE_ORDER,
    Contact,
    Rejection,
    property_faults,
    wire_names,
)
from target_constant_contact.exceptions import SettingsError
from target_constant_contact.mapping import custom_fields as own_fields
from target_constant_contact.mapping import dates
from target_constant_contact.mapping.matching import match_fields
from target_constant_contact.mapping.paths import Read, nested, path_fault, placed, properties_of
from target_constant_contact.mapping.rules import Check, Properties, checks
from target_constant_contact.mapping.values import (
    Convert,
    Text,
    UnfitValueError,
    email_address,
    us_phone_number,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date

    from target_constant_contact.api.models import CustomField

_SMALL_NUMBER = re.compile(r"0*([0-9]{1,2})(?:\.0+)?")
_NAMED_FIELDS = 10
_EMAIL_LABEL = "e-mail address"


# How one property is made: what a rejection calls it, its name in an import, the record field, a
# reader unless the field is a plain key, and the converter. A plain tuple, because it is unpacked
# for each value of each record, which takes twice as long with a named one.
Step = tuple[str, str, str, Read | None, Convert]


@dataclass(frozen=True, slots=True)
class FieldMapping:
    """Makes contacts of the records of one stream.

    A consent date for text messages is only ever sent beside a number. Which permission a request
    claims is the packer's decision, by whether a contact has both.

    Attributes:
        fields: Contact property, as configured or matched, to record field.
        properties: Names in an import of all that these contacts can carry, in the order in
            which they are sent, ``email`` first and custom fields last.
        automatic: Whether the fields were matched by well-known names.
        steps: How each of ``properties`` is made, in the same order.
        checks: Rules about several properties of one contact.
    """

    fields: Mapping[str, str]
    properties: tuple[str, ...]
    automatic: bool
    steps: tuple[Step, ...]
    checks: tuple[Check, ...]

    @classmethod
    def compile(  # noqa: PLR0913 - one argument for each setting that has a say
        cls,
        stream: str,
        schema: Mapping[str, Any],
        field_mapping: Mapping[str, str] | None,
        *,
        custom_fields: Sequence[CustomField] = (),
        on_too_long: Literal["reject", "truncate"] = "reject",
        import_format: str = "json",
        today: date | None = None,
    ) -> FieldMapping:
        """Prepare the mapping of a stream.

        Args:
            stream: Name of the stream, for error lines.
            schema: JSON schema of its records.
            field_mapping: Contact property to record field. When it is ``None`` or empty, fields
                are matched by well-known names.
            custom_fields: The custom fields of the account.
            on_too_long: What happens to text that is longer than its property; e-mail addresses,
                numbers and dates are always rejected, never cut.
            import_format: ``json`` or ``csv``.
            today: The date that anniversaries are compared with; default today in UTC.

        Raises:
            SettingsError: The mapping does not fit the service, the account or the schema; all
                faults together, each naming the stream.
        """
        fields = dict(field_mapping or match_fields(schema, import_format=import_format))
        if not field_mapping and "email" not in fields:
            raise SettingsError([_no_email(stream, schema)])
        custom, faults = own_fields.resolve(filter(_is_custom, fields), custom_fields)
        faults = [*property_faults(fields, import_format=import_format), *faults]
        faults = [f"stream {stream!r}: {fault}" for fault in faults]
        faults += _absent(stream, schema, fields)
        if faults:
            raise SettingsError(faults)
        converters = _converters(
            custom.values(),
            truncate=on_too_long == "truncate",
            # Whether the service counts the lines of a CSV file inside quotes is not documented,
            # and what it counts as surplus lines is dropped in silence.
            lines=import_format == "json",
            today=today or dates.today_utc(),
        )
        steps = tuple(_steps(schema, fields, custom, converters))
        return cls(
            fields=fields,
            properties=tuple(step[1] for step in steps),
            automatic=not field_mapping,
            steps=steps,
            checks=tuple(checks(fields)),
        )

    def __call__(self, record: Mapping[str, Any]) -> Contact | Rejection:
        """Make a contact of a record, or say why that is impossible. Never raises."""
        get = record.get
        properties: Properties = {}
        try:
            for label, wire, field, read, convert in self.steps:  # noqa: B007 - label is used below
                value = get(field) if read is None else read(record)
                if value is not None and (converted := convert(value)) is not None:
                    properties[wire] = converted
                elif not properties:
                    # E-mail comes first.
                    return Rejection(f"{_EMAIL_LABEL} is blank", field)
        except UnfitValueError as unfit:
            return Rejection(f"{label} {unfit}", field)
        for check in self.checks:
            if rejection := check(properties):
                return rejection
        return Contact(str(properties["email"]).lower(), properties)

    @property
    def keeps_lines(self) -> bool:
        """Whether line breaks of a text are sent; as CSV they would become spaces."""
        return any(isinstance(convert, Text) and convert.lines for *_, convert in self.steps)

    def as_record(self, properties: Mapping[str, str | int]) -> dict[str, Any]:
        """A record of which this mapping makes these properties; unmapped fields are unknown.

        Args:
            properties: Properties of a contact that this mapping has made.
        """
        record: dict[str, Any] = {}
        for label, wire, field, read, _convert in self.steps:
            value: str | int | None = properties.get(wire)
            if label == "birthday" and value is not None:
                value = f"--{properties['birthday_month']:02}-{properties['birthday_day']:02}"
            if value is not None:
                record = placed(record, [field] if read is None else field.split("."), value)
        return record


def roots(step: Step) -> tuple[str, ...]:
    """Names of the record's own fields that a step reads."""
    _, _, field, read, _ = step
    return (field,) if read is None else read.roots


def custom_field_faults(
    field_mapping: Mapping[str, str], custom_fields: Sequence[CustomField]
) -> list[str]:
    """Faults of a ``field_mapping`` that show when it is compared with an account.

    Args:
        field_mapping: Contact property to record field.
        custom_fields: The custom fields of the account.

    Returns:
        One line for each ``cf:`` key that means no custom field, several, or one already mapped.
    """
    return own_fields.resolve(filter(_is_custom, field_mapping), custom_fields)[1]


def field_getter(path: str, schema: Mapping[str, Any]) -> Read:
    """A reader for any record field, by the rules that ``field_mapping`` has for its fields.

    Args:
        path: Name of a field, or a dotted path into objects and arrays.
        schema: JSON schema of the stream.

    Returns:
        Takes a record, returns the value, or ``None`` when there is none.
    """
    return nested(schema, path) or Read((path,), lambda record: record.get(path), whole=True)


def _is_custom(name: str) -> bool:
    return name.startswith(CUSTOM_PREFIX)


def _no_email(stream: str, schema: Mapping[str, Any]) -> str:
    names = list(properties_of(schema))
    shown = ", ".join(names[:_NAMED_FIELDS]) or "none"
    more = f" and {len(names) - _NAMED_FIELDS} more" if len(names) > _NAMED_FIELDS else ""
    return (
        f"stream {stream!r}: no field looks like an e-mail address (fields: {shown}{more});"
        " set field_mapping.email"
    )


def _absent(stream: str, schema: Mapping[str, Any], fields: Mapping[str, str]) -> Iterator[str]:
    for name, path in fields.items():
        hint = path_fault(schema, path) if path.strip() else None
        if hint is not None:
            yield f"stream {stream!r} has no field {path!r} (for {name}){hint}"


def _converters(
    custom: Iterable[CustomField], *, truncate: bool, lines: bool, today: date
) -> dict[str, Convert]:
    converters: dict[str, Convert] = {
        **{name: Text(limit, truncate=truncate) for name, limit in TEXT_LIMITS.items()},
        "email": email_address,
        "birthday_month": _whole(12, "month"),
        "birthday_day": _whole(31, "day of a month"),
        "anniversary": dates.anniversary(today),
        "sms_number": us_phone_number,
        "sms_consent_date": dates.day_text,
    }
    for field in custom:
        convert = own_fields.converter(field, truncate=truncate, lines=lines)
        converters[f"{CUSTOM_PREFIX}{field.name}"] = convert
    return converters


def _whole(highest: int, what: str) -> Convert:
    """A converter for whole numbers from 1 on, also written as text or as ``5.0``."""
    as_text = Text(50)
    fault = f"is not a {what} (1 to {highest})"

    def convert(value: Any) -> int | None:
        if isinstance(value, (bool, list, dict)):
            raise UnfitValueError(fault)
        written = as_text(value)
        if written is None:
            return None
        match = _SMALL_NUMBER.fullmatch(written)
        if match is None or not 1 <= int(match[1]) <= highest:
            raise UnfitValueError(fault)
        return int(match[1])

    return convert


def _steps(
    schema: Mapping[str, Any],
    fields: Mapping[str, str],
    custom: Mapping[str, CustomField],
    converters: Mapping[str, Convert],
) -> list[Step]:
    steps: list[Step] = []
    for name, field in fields.items():
        read = nested(schema, field)
        if name in custom:
            wire = f"{CUSTOM_PREFIX}{custom[name].name}"
            steps.append((name, wire, field, read, converters[wire]))
        elif name == "birthday":
            for index, wire in enumerate(wire_names(name)):
                steps.append((name, wire, field, read, dates.birthday_part(index)))
        else:
            (wire,) = wire_names(name)
            label = _EMAIL_LABEL if name == "email" else name
            if name == "sms_consent_date":
                read = _with_number(fields, schema, field)
            steps.append((label, wire, field, read, converters[wire]))
    order = {wire: place for place, wire in enumerate(WIRE_ORDER)}
    return sorted(steps, key=lambda step: order.get(step[1], len(order)))


def _with_number(fields: Mapping[str, str], schema: Mapping[str, Any], field: str) -> Read:
    """Read a consent only where there is a number: it means nothing without."""
    number, consent = (field_getter(path, schema) for path in (fields["sms_number"], field))

    def read_consent(record: Mapping[str, Any]) -> Any:
        value = number(record)
        return None if value is None or us_phone_number(value) is None else consent(record)

    return Read((*number.roots, *consent.roots), read_consent)
