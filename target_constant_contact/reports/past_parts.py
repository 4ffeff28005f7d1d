"""Parts of a past run, as its report tells them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from target_constant_contact.api.models import ContactList
    from target_constant_contact.reports.counts import Counts
    from target_constant_contact.reports.imported import PackedByList


@dataclass(frozen=True, slots=True)
class PastDestination:
    """What became of the rows of one stream and set of lists in a past run.

    Attributes:
        stream: Name of the stream.
        lists: The lists; none when rows were rejected before their lists were known.
        counts: Where the rows ended up.
    """

    stream: str
    lists: tuple[ContactList, ...]
    counts: Counts


@dataclass(frozen=True, slots=True)
class PastRejections:
    """Rows of a stream that were rejected for the same reason.

    Attributes:
        rows: How many.
        stream: Name of the stream.
        reason: What was wrong.
        field: The record field it was about, or an empty string.
    """

    rows: int
    stream: str
    reason: str
    field: str


@dataclass(frozen=True, slots=True)
class PastPlannedList:  # a plain record
    """What a dry run would have changed on one list, as `reports.planned.PlannedList` has it.

    Attributes:
        streams: Streams whose rows go there.
        list_id: The list.
        list_name: Its name.
        is_new: It would have been made.
        people: People who would have been sent.
        added: Those of them who were not on it.
        updated: Those who were on it with another value.
        unchanged: Those who were on it with all these values.
        fault: Why the list could not be compared.
    """

    streams: tuple[str, ...]
    list_id: str
    list_name: str
    is_new: bool
    people: int
    added: int
    updated: int
    unchanged: int
    fault: str


@dataclass(frozen=True, slots=True)
class PastExamples:
    """What values looked like that rows of a stream were rejected for.

    Attributes:
        stream: Name of the stream.
        reason: What was wrong.
        field: The record field that they stood in.
        looks_like: Their outlines.
    """

    stream: str
    reason: str
    field: str
    looks_like: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PastWithheld:
    """Rows of a stream that were not sent, though nothing was wrong with them.

    Attributes:
        rows: How many.
        stream: Name of the stream.
        reason: Why.
    """

    rows: int
    stream: str
    reason: str


@dataclass(frozen=True, slots=True)
class PastDropped:
    """Values of a stream that were left out of rows that were sent, for the same reason.

    Attributes:
        values: How many.
        stream: Name of the stream.
        reason: What was wrong.
        field: The record field that they stood in.
    """

    values: int
    stream: str
    reason: str
    field: str


@dataclass(frozen=True, slots=True)
class PastFindings:
    """Rows of a stream that were sent and did not land, for the same reason.

    Attributes:
        rows: How many.
        stream: Name of the stream.
        reason: Why.
        evidence: How it is known.
    """

    rows: int
    stream: str
    reason: str
    evidence: str


@dataclass(frozen=True, slots=True)
class PastPackedByList:
    """Rows of a stream that were packed by list.

    Attributes:
        stream: Name of the stream.
        counts: How many, and what it saved.
    """

    stream: str
    counts: PackedByList
