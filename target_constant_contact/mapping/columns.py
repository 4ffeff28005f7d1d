"""Turning many records into contacts at once, column by column.

The result is the same as that of `FieldMapping` for each record, in about a tenth of the time: a
column that holds nothing unusual is checked as a whole. What cannot become a contact is left to
`FieldMapping`, which says why.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import compress
from typing import TYPE_CHECKING, Any, Final

from target_constant_contact.contacts.contact import Contact
from target_constant_contact.contacts.encoding import ContactsEncoder, sms_permission
from target_constant_contact.mapping.mapped_properties import roots
from target_constant_contact.mapping.property_columns import property_columns

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from target_constant_contact.contacts.contact import Rejection
    from target_constant_contact.contacts.encoding import SmsPermission
    from target_constant_contact.mapping.field_mapping import FieldMapping
    from target_constant_contact.mapping.property_columns import Column

_CONSENT: Final = ("sms_number", "sms_consent_date")


@dataclass(frozen=True, slots=True)
class Contacts:
    """What a chunk of records was mapped to, item by item.

    Attributes:
        keys: E-mail keys; meaningless where there is no contact.
        bodies: Encoded contacts.
        permissions: The SMS permission that each contact needs.
        unfit: Positions of the records that cannot become contacts.
        dropped: Values that are left out, by the position of their record.
        dates: The values of record fields with dates, unless all of them are ISO dates.
    """

    keys: Sequence[str]
    bodies: Sequence[bytes]
    permissions: Sequence[SmsPermission]
    unfit: set[int]
    dropped: Mapping[int, Sequence[Rejection]]
    dates: Mapping[str, Column]


class ColumnMapping:
    """Makes contacts of chunks of records of one stream.

    Args:
        mapping: The mapping of the stream.

    Attributes:
        fields: Names of the record fields that are read, each once.
    """

    def __init__(self, mapping: FieldMapping) -> None:
        self._mapping = mapping
        self.fields = tuple(dict.fromkeys(root for each in mapping.mapped for root in roots(each)))
        places = {name: place for place, name in enumerate(self.fields)}
        self._columns = list(property_columns(mapping, places))
        self._encode = ContactsEncoder(mapping.properties, mapping.columns)

    def __call__(self, columns: Sequence[Column]) -> Contacts:
        """Make contacts of the columns of ``fields``, all of one length."""
        unfit: set[int] = set()
        dates: dict[str, Column] = {}
        converted = [column for made in self._columns for column in made(columns, unfit, dates)]
        # E-mail is the first property of every mapping.
        emails = converted[0]
        if not all(emails):
            unfit.update(place for place, email in enumerate(emails) if not email)
        if unfit:
            for column in converted:
                for place in unfit:
                    # Anything that can be encoded; it is not sent.
                    column[place] = ""
        if self._mapping.rules:
            self._apply_rules(converted, unfit)
        dropped = self._drop(columns, converted, unfit) if self._mapping.drops else {}
        return Contacts(
            keys=list(map(str.lower, emails)),
            bodies=self._encode(converted),
            permissions=self._permissions(converted),
            unfit=unfit,
            dropped=dropped,
            dates=dates,
        )

    def _drop(
        self, columns: Sequence[Column], converted: Sequence[list[Any]], unfit: set[int]
    ) -> dict[int, Sequence[Rejection]]:
        """Make contacts of those that only have to be without some of their values."""
        dropped: dict[int, Sequence[Rejection]] = {}
        for place in unfit:
            # There may be more columns than fields.
            values = (column[place] for column in columns)
            record = dict(zip(self.fields, values, strict=False))
            contact = self._mapping(record)
            if isinstance(contact, Contact):
                dropped[place] = contact.dropped
                for name, column in zip(self._mapping.properties, converted, strict=True):
                    column[place] = contact.properties.get(name, "")
        unfit.difference_update(dropped)
        return dropped

    def _permissions(self, converted: Sequence[Column]) -> Sequence[SmsPermission]:
        names = self._mapping.properties
        if "sms_consent_date" not in names:
            return [None] * len(converted[0])
        numbers, dates = (converted[names.index(name)] for name in _CONSENT)
        return [sms_permission(*both) for both in zip(numbers, dates, strict=True)]

    def _apply_rules(self, converted: Sequence[Column], unfit: set[int]) -> None:
        """Apply the rules about several properties of one contact."""
        names = self._mapping.properties
        for place, values in enumerate(zip(*converted, strict=True)):
            if place not in unfit:
                properties = dict(compress(zip(names, values, strict=True), values))
                if any(rule(properties) for rule in self._mapping.rules):
                    unfit.add(place)
