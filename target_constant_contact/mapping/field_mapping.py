"""Turning records of a stream into contacts.

Everything that depends on the settings, the schema or the account is decided once, in
`FieldMapping.compile`. What is left for each record is a loop over prepared properties.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from target_constant_contact.contacts.contact import Contact, Rejection
from target_constant_contact.exceptions import SettingsError
from target_constant_contact.mapping.converters import converters_for
from target_constant_contact.mapping.custom_fields import find_custom_fields
from target_constant_contact.mapping.dates import OfDay
from target_constant_contact.mapping.mapped_properties import (
    EMAIL_LABEL,
    mapped_properties,
    roots,
)
from target_constant_contact.mapping.mapping_faults import mapping_faults
from target_constant_contact.mapping.matching import Matching, match_fields
from target_constant_contact.mapping.paths import as_spelled, path_fault, placed
from target_constant_contact.mapping.rules import rules_for
from target_constant_contact.mapping.unsent import email_in_parts, no_email, unsent
from target_constant_contact.mapping.values import Text, UnfitValueError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date

    from target_constant_contact.api.models import CustomField
    from target_constant_contact.contacts.contact import Properties
    from target_constant_contact.mapping.calendar_days import DateOrder
    from target_constant_contact.mapping.mapped_properties import MappedProperty
    from target_constant_contact.mapping.paths import Read
    from target_constant_contact.mapping.rules import Rule
    from target_constant_contact.mapping.values import Convert


@dataclass(frozen=True, slots=True)
class MappingOptions:
    """What decides about values beside the mapping itself.

    Attributes:
        today: The date that anniversaries and days of consent are compared with.
        custom_fields: The custom fields of the account.
        on_too_long: What happens to text that is longer than its property; e-mail addresses,
            numbers and dates are always rejected, never cut.
        on_bad_value: Whether a value that cannot be sent rejects the record or, except for the
            e-mail address, is left out.
        import_format: ``json`` or ``csv``.
        date_order: What comes first in dates with slashes or dashes.
    """

    today: date
    custom_fields: Sequence[CustomField] = ()
    on_too_long: Literal["reject", "truncate"] = "reject"
    on_bad_value: Literal["reject", "drop"] = "reject"
    import_format: str = "json"
    date_order: DateOrder = "mdy"

    @property
    def drops(self) -> bool:
        """Whether a bad value is left out."""
        return self.on_bad_value == "drop"


@dataclass(frozen=True, slots=True)
class FieldMapping:
    """Makes contacts of the records of one stream.

    A consent date for text messages is only ever sent beside a number. Which permission a request
    claims is the packer's decision, by whether a contact has both.

    Attributes:
        stream: Name of the stream.
        fields: Contact property, as configured or matched, to record field.
        properties: Names in an import of all that these contacts can carry, in the order in
            which they are sent, ``email`` first and custom fields last.
        automatic: Whether the fields were matched by well-known names.
        unsent: Record fields that are not sent, each with why, or an empty text.
        mapped: How each of ``properties`` is made, in the same order.
        rules: Rules about several properties of one contact.
        drops: Whether what cannot be sent is left out, except for the e-mail address.
        dates: The record fields that dates are read from, each once, with the way from a record
            to the value and its converter.
        columns: Names of the columns of a CSV file, the same as ``properties``; none in JSON.
    """

    stream: str
    fields: Mapping[str, str]
    properties: tuple[str, ...]
    automatic: bool
    unsent: Mapping[str, str]
    mapped: tuple[MappedProperty, ...]
    rules: tuple[Rule, ...]
    dates: tuple[tuple[str, Read | None, OfDay[Any]], ...]
    drops: bool = False
    columns: tuple[str, ...] = ()

    @classmethod
    def compile(
        cls,
        stream: str,
        schema: Mapping[str, Any],
        field_mapping: Mapping[str, str] | None,
        options: MappingOptions,
    ) -> FieldMapping:
        """Prepare the mapping of a stream.

        Args:
            stream: Name of the stream, for error lines.
            schema: JSON schema of its records.
            field_mapping: Contact property to record field; without any, well-known names count.
            options: What else decides.

        Raises:
            SettingsError: The mapping does not fit the service, the account or the schema; all
                faults together, each naming the stream.
        """
        matching = _matching(stream, schema, field_mapping, options.import_format)
        fields = matching.fields
        if faults := _faults(stream, schema, fields, options):
            raise SettingsError(faults)
        custom, _ = find_custom_fields(fields, options.custom_fields)
        converters = _converters(custom.values(), options)
        mapped = mapped_properties(schema, fields, custom, converters, options.date_order)
        properties, rules = tuple(wire for _, wire, *_ in mapped), tuple(rules_for(fields))
        used = {root for each in mapped for root in roots(each)}
        return cls(
            stream=stream,
            fields=fields,
            properties=properties,
            automatic=not field_mapping,
            unsent=unsent(schema, used, matching.others),
            mapped=mapped,
            rules=rules,
            dates=tuple(_dates(mapped)),
            drops=options.drops,
            columns=properties if options.import_format == "csv" else (),
        )

    def __call__(self, record: Mapping[str, Any]) -> Contact | Rejection:
        """Make a contact of a record, or say why that is impossible. Never raises."""
        get = record.get
        properties: dict[str, str | int] = {}
        dropped: list[Rejection] = []
        for label, wire, field, read, convert in self.mapped:
            try:
                value = get(field) if read is None else read(record)
                converted = None if value is None else convert(value)
            except UnfitValueError as unfit:
                dropped.append(Rejection(f"{label} {unfit}", field))
                # E-mail comes first.
                if not self.drops or not properties:
                    return dropped[0]
                continue
            if converted is not None:
                properties[wire] = converted
            elif not properties:
                return Rejection(f"{EMAIL_LABEL} is blank", field)
        dropped += self._take_out(properties)
        if dropped and not self.drops:
            return dropped[0]
        # A birthday is one value, and two properties.
        left_out = tuple(dict.fromkeys(dropped))
        return Contact(str(properties["email"]).lower(), properties, left_out, self.columns)

    def key(self, record: Mapping[str, Any]) -> str | None:
        """E-mail key of a record, whatever else is in it; None without a usable address."""
        _, _, field, read, convert = self.mapped[0]
        try:
            value = record.get(field) if read is None else read(record)
            address = None if value is None else convert(value)
        except UnfitValueError:
            return None
        return None if address is None else str(address).lower()

    def _take_out(self, properties: dict[str, str | int]) -> Iterator[Rejection]:
        """Take out properties until they break no rule, and say why."""
        for rule in self.rules:
            while broken := rule(properties):
                yield broken.rejection
                for name in broken.names:
                    del properties[name]

    def written_dates(self, record: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        """The record fields that hold dates, with their values as far as they can be read."""
        for field, read, _ in self.dates:
            with suppress(UnfitValueError):
                yield field, record.get(field) if read is None else read(record)

    @property
    def keeps_lines(self) -> bool:
        """Whether line breaks of a text are sent; as CSV they would become spaces."""
        return any(isinstance(convert, Text) and convert.lines for *_, convert in self.mapped)

    def as_record(self, properties: Properties) -> dict[str, Any]:
        """A record of which this mapping makes these properties; unmapped fields are unknown.

        Args:
            properties: Properties of a contact that this mapping has made.
        """
        record: dict[str, Any] = {}
        for label, wire, field, read, _convert in self.mapped:
            value: str | int | None = properties.get(wire)
            if label == "birthday" and value is not None:
                value = f"--{properties['birthday_month']:02}-{properties['birthday_day']:02}"
            if value is not None:
                record = placed(record, [field] if read is None else field.split("."), value)
        return record


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
    return find_custom_fields(field_mapping, custom_fields)[1]


def _converters(custom: Iterable[CustomField], options: MappingOptions) -> dict[str, Convert]:
    return converters_for(
        custom,
        truncate=options.on_too_long == "truncate",
        # Whether the service counts the lines of a CSV file inside quotes is not documented,
        # and what it counts as surplus lines is dropped in silence.
        lines=options.import_format == "json",
        today=options.today,
        date_order=options.date_order,
    )


def _matching(
    stream: str,
    schema: Mapping[str, Any],
    field_mapping: Mapping[str, str] | None,
    import_format: str,
) -> Matching:
    """The fields of a mapping as the schema spells them, or those with well-known names."""
    if field_mapping:
        return Matching({to: as_spelled(schema, path) for to, path in field_mapping.items()}, {})
    matching = match_fields(schema, import_format=import_format)
    if "email" not in matching.fields:
        raise SettingsError([no_email(stream, schema)])
    return matching


def _faults(
    stream: str, schema: Mapping[str, Any], fields: Mapping[str, str], options: MappingOptions
) -> list[str]:
    """Why a mapping does not fit the service, the account or the schema."""
    faults = mapping_faults(fields, import_format=options.import_format)
    faults += custom_field_faults(fields, options.custom_fields)
    named = [f"stream {stream!r}: {fault}" for fault in faults]
    return [*named, *_absent(stream, schema, fields)]


def _dates(
    mapped: Sequence[MappedProperty],
) -> Iterator[tuple[str, Read | None, OfDay[Any]]]:
    """The fields with dates; a birthday is made of the same one twice."""
    seen = set()
    for _, _, field, read, convert in mapped:
        if isinstance(convert, OfDay) and field not in seen:
            seen.add(field)
            yield field, read, convert


def _absent(stream: str, schema: Mapping[str, Any], fields: Mapping[str, str]) -> Iterator[str]:
    for name, path in fields.items():
        hint = path_fault(schema, path) if path.strip() else None
        if hint is not None:
            yield f"stream {stream!r} has no field {path!r} (for {name}){hint}"
    email = fields.get("email", "")
    if parts := email_in_parts(schema, email):
        yield (
            f"stream {stream!r}: field {email!r} (for email) has parts; "
            f"set field_mapping.email to {parts}"
        )
