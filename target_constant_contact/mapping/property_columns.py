"""The properties of many records, made column by column."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from types import NoneType
from typing import TYPE_CHECKING, Any, Final

from target_constant_contact.mapping.custom_fields import decimal_text
from target_constant_contact.mapping.dates import OfDay
from target_constant_contact.mapping.email_addresses import email_address, email_column
from target_constant_contact.mapping.mapped_properties import roots
from target_constant_contact.mapping.number_columns import decimal_column, number_column
from target_constant_contact.mapping.values import Text, UnfitValueError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from target_constant_contact.mapping.field_mapping import FieldMapping
    from target_constant_contact.mapping.mapped_properties import MappedProperty
    from target_constant_contact.mapping.values import Convert

Column = Sequence[Any]
"""The values that one field has in a chunk of records."""

_REMEMBERED: Final = 4_096
"""Values of one field that are not converted again, and the longest text of them: a few
megabytes at most."""
_LONGEST_REMEMBERED: Final = 255
_DAYS_REMEMBERED: Final = 40_000
"""Days of one field: a century has 36,525 of them."""


def property_columns(mapping: FieldMapping, places: Mapping[str, int]) -> Iterator[PropertyColumns]:
    """How the properties of a mapping are made, in their order.

    Args:
        mapping: The mapping.
        places: The place of each record field among the columns.
    """
    dates = [convert for *_, convert in mapping.dates]
    for _, each in groupby(mapping.mapped, key=lambda mapped: mapped[:1] + mapped[2:4]):
        mapped = list(each)
        yield PropertyColumns(mapped, places, is_date=mapped[0][4] in dates)


class PropertyColumns:
    """The properties that are made of one field: its column is read once, and converted.

    Args:
        mapped: The properties, such as month and day of a birthday.
        places: The place of each record field among the columns.
        is_date: Whether the field is one whose dates are looked at for their order.
    """

    def __init__(
        self, mapped: Sequence[MappedProperty], places: Mapping[str, int], *, is_date: bool
    ) -> None:
        _, _, self._field, self._read, self._convert = mapped[0]
        self._is_date = is_date
        self._names = roots(mapped[0])
        self._places = [places[name] for name in self._names]
        self._columns = [_ConvertedColumn(convert) for *_, convert in mapped]

    def __call__(
        self, columns: Sequence[Column], unfit: set[int], dates: dict[str, Column]
    ) -> list[list[Any]]:
        """The converted values of each property.

        Args:
            columns: The columns of all fields.
            unfit: Gets the places of those that cannot be sent.
            dates: Gets the values of a column of dates, unless all of them are ISO dates.
        """
        values = self._values(columns, unfit)
        if isinstance(self._convert, OfDay):
            days = self._convert.shortened(values)
            if self._is_date and not (days and days.is_iso):
                dates[self._field] = days.parts if days else values
            if days:
                return [column.of_days(days.parts, unfit) for column in self._columns]
        return [column(values, unfit) for column in self._columns]

    def _values(self, columns: Sequence[Column], unfit: set[int]) -> Column:
        """The values to convert; some lie deeper, or depend on another field."""
        if self._read is None:
            return columns[self._places[0]]
        parts = zip(*(columns[place] for place in self._places), strict=True)
        records = [dict(zip(self._names, values, strict=True)) for values in parts]
        return _each(self._read, records, unfit)


class _ConvertedColumn:
    """One property: its values converted."""

    def __init__(self, convert: Convert) -> None:
        self._convert = convert
        self._convert_all = _for_columns(convert)
        # Equal values of different types, such as 1 and 1.0, do not mean the same.
        kinds: tuple[type, ...] = (str, int) if convert is not email_address else ()
        self._known = {kind: _Known(convert) for kind in kinds}
        if isinstance(convert, OfDay):
            self._days = _Known(convert.of_shortened, _DAYS_REMEMBERED)

    def __call__(self, values: Column, unfit: set[int]) -> list[Any]:
        """What the values convert to, an empty text for a blank.

        Args:
            values: The values.
            unfit: Gets the places of those that cannot be sent.
        """
        done = self._convert_all(values)
        if done is not None:
            return done
        kinds = set(map(type, values)) - {NoneType}
        known = self._known.get(kinds.pop()) if len(kinds) == 1 else None
        convert = self._convert_one if known is None else known.__getitem__
        return _each(convert, values, unfit)

    def of_days(self, days: Column, unfit: set[int]) -> list[Any]:
        """The same for what `OfDay.shortened` has made of the values."""
        return _each(self._days.__getitem__, days, unfit)

    def _convert_one(self, value: Any) -> str | int:
        return "" if value is None else self._convert(value) or ""


class _TextColumn:
    """Converts columns of text; texts that come again and again are not looked at again."""

    def __init__(self, convert: Text) -> None:
        self._convert = convert
        self._fine: set[str | None] = {None}

    def __call__(self, values: Column) -> list[str] | None:
        """What the values convert to; None when they have to be looked at one by one."""
        if self._may_repeat() and _all_in(self._fine, values):
            return ["" if value is None else value for value in values]
        done = self._convert.column(values)
        if done is None:
            return number_column(values)
        if self._may_repeat():
            self._fine.update(done)
        return done

    def _may_repeat(self) -> bool:
        return len(self._fine) < _REMEMBERED


def _all_in(known: set[str | None], values: Column) -> bool:
    try:
        return known.issuperset(values)
    except TypeError:
        return False  # not all of them are text


class _Known(dict[Any, "str | int"]):
    """What values of one type convert to; columns of choices, numbers and dates repeat them."""

    def __init__(self, convert: Convert, remembered: int = _REMEMBERED) -> None:
        super().__init__({None: ""})
        self._convert = convert
        self._remembered = remembered

    def __missing__(self, value: Any) -> str | int:
        converted = self._convert(value) or ""
        is_short = not isinstance(value, str) or len(value) <= _LONGEST_REMEMBERED
        if is_short and len(self) < self._remembered:
            self[value] = converted
        return converted


def _for_columns(convert: Convert) -> Callable[[Column], list[Any] | None]:
    """Converts a column that holds nothing unusual, and returns None for another."""
    if convert is email_address:
        return email_column
    if isinstance(convert, Text):
        return _TextColumn(convert)
    return decimal_column if convert is decimal_text else lambda _values: None


def _each(function: Callable[[Any], Any], values: Column, unfit: set[int]) -> list[Any]:
    try:
        # Most chunks have nothing unfit, so they need not be looked at value by value.
        return list(map(function, values))
    except UnfitValueError:
        return [_or_unfit(function, value, place, unfit) for place, value in enumerate(values)]


def _or_unfit(function: Callable[[Any], Any], value: Any, place: int, unfit: set[int]) -> Any:
    try:
        return function(value)
    except UnfitValueError:
        unfit.add(place)
        return None
