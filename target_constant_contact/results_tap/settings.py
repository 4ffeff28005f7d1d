"""The settings of the tap."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from singer_sdk import typing as th

from target_constant_contact.exceptions import SettingsError
from target_constant_contact.results_tap.bookmark import moment
from target_constant_contact.settings.faults import misspelt, schema_faults
from target_constant_contact.settings.secrets import learn_secrets
from target_constant_contact.settings.sources import Given
from target_constant_contact.settings.storing import DATA_DIR, STORE_SCHEMA, store_url
from target_constant_contact.settings.texts import without_texts
from target_constant_contact.store.address import schema_fault, url_fault
from target_constant_contact.store.place import StorePlace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

ENV_PREFIX: Final = "TAP_CONSTANT_CONTACT_RESULTS_"

PROPERTIES: Final = th.PropertiesList(
    DATA_DIR,
    store_url("; no key is needed, and a user who may read the table `runs`"),
    STORE_SCHEMA,
    th.Property(
        "start_date",
        th.DateTimeType,
        title="Start date",
        description="Runs that had ended before are left out. Default: all runs that the store "
        "still has.",
    ),
    th.Property(
        "include_addresses",
        th.BooleanType,
        default=False,
        title="Include addresses",
        description="Have the stream `rejected_addresses`: the e-mail addresses of rejected rows, "
        "from the files of this machine. Personal data then goes to wherever the loader puts it.",
    ),
)


@dataclass(frozen=True, slots=True)
class TapSettings:
    """The settings, checked.

    Attributes:
        store: Where the runs are.
        start_date: Runs that had ended before are left out; None: none are.
        include_addresses: Whether there are addresses in the streams.
    """

    store: StorePlace
    start_date: datetime | None
    include_addresses: bool

    @classmethod
    def parse(cls, config: Mapping[str, Any], schema: Mapping[str, Any]) -> TapSettings:
        """Check settings.

        Args:
            config: The settings as they were given.
            schema: JSON schema of all settings.

        Raises:
            SettingsError: They are wrong; it has a line for each fault.
        """
        given = without_texts(config, schema)
        learn_secrets(given, schema)
        variables = config.variables if isinstance(config, Given) else {}
        faults, broken = schema_faults(given, schema, variables)
        values = {name: value for name, value in given.items() if name not in broken}
        faults += misspelt(given, schema)
        faults += _place_and_date_faults(values)
        if faults:
            raise SettingsError(faults)
        start = values.get("start_date")
        return cls(
            StorePlace.of_settings(values),
            moment(start) if start else None,
            values.get("include_addresses", False),
        )


def _place_and_date_faults(values: Mapping[str, Any]) -> Iterator[str]:
    url, schema = values.get("store_url"), values.get("store_schema")
    if url and (fault := url_fault(url.strip())):
        yield fault
    if schema and (fault := schema_fault(schema, url)):
        yield fault
    if not _is_moment(values.get("start_date")):
        yield "start_date is no date: write one such as 2026-11-29, or 2026-11-29T06:00:00Z"


def _is_moment(value: str | None) -> bool:
    try:
        return not value or bool(moment(value))
    except (OverflowError, ValueError):
        return False
