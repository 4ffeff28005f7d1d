"""Batches of contacts that fit one import request to the byte.

A request may carry at most 40,000 rows and less than 4 MB; whatever lies beyond is dropped by the
service without a word, so a batch counts the exact bytes of the body that will be sent.
Source: https://developer.constantcontact.com/api_guide/contacts_import_json.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from target_constant_contact.contacts.encoding import SmsPermission

if TYPE_CHECKING:
    from target_constant_contact.batches.fingerprints import Fingerprints

MAX_BODY_BYTES: Final = 4_000_000
"""The service's "4 MB", read as the smaller of its two meanings."""
MAX_ROWS: Final = 40_000
"""Contacts in one JSON import; in a CSV import the header line counts as one of them."""

ImportFormat: TypeAlias = Literal["json", "csv"]


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a row goes: one stream's members to one set of lists.

    Attributes:
        stream: Name of the stream, after stream maps.
        list_ids: UUIDs of the lists in a fixed order; empty for a row without a known list.
    """

    stream: str
    list_ids: tuple[str, ...] = ()


Route: TypeAlias = tuple[Destination, SmsPermission]
"""What all contacts of a batch have in common: where they go, and the permission of the request."""


@dataclass(frozen=True, slots=True)
class BatchLimits:
    """How much one batch may hold.

    Attributes:
        rows: Contacts in a batch.
        size: Bytes of the encoded body.
    """

    rows: int = MAX_ROWS
    size: int = 3_800_000


@dataclass(frozen=True, slots=True, eq=False)
class ImportBatch:
    """A sealed batch, ready to be sent.

    Attributes:
        number: Number of the batch in this run, in the order of opening.
        destination: Stream and lists of all its rows.
        sms_permission: ``explicit`` when its contacts come with a date of consent.
        rows: Number of contacts.
        first_row: Number of the earliest row of the run that it may hold.
        body: The encoded body (JSON) or file (CSV).
        fingerprints: What it says about its people.
        waits_for: Numbers of earlier batches that say something else about one of them: it must
            not be sent before they are settled.
        csv_size: About how many bytes its contacts would be as a CSV file; 0 in one.
    """

    number: int
    destination: Destination
    sms_permission: SmsPermission
    rows: int
    first_row: int
    body: bytes
    fingerprints: Fingerprints
    waits_for: frozenset[int] = frozenset()
    csv_size: int = 0
