"""Explains an import whose rows have not all landed: which they are, and why; pure.

The service's counters say how many rows did not land, and never which. What is known besides, from
the lines in its errors, from the lists read back and from looking people up, names rows. Counters
and names are brought together here so that nothing is hidden: what is counted and not named stays
counted, and what is missing and not counted is unexplained.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from target_constant_contact.ledger.settlement import Settlement

if TYPE_CHECKING:
    from collections.abc import Sequence

    from target_constant_contact.api.models import ContactStatus
    from target_constant_contact.batches.batch import Destination
    from target_constant_contact.contacts.contact import Properties

Place: TypeAlias = Literal["landed", "suppressed", "refused"]

LINE: Final = "line number in the activity's errors"
READ_BACK: Final = "not on the list after the import"
LOOK_UP: Final = "look-up of the address"
OTHER_VALUES: Final = "the list read back"
_CHANGED: Final = "unexplained: on the list with other values"

_REASONS: Final = {
    "unsubscribed": "unsubscribed",
    "temp_hold": "on hold",
    "pending_confirmation": "confirmation pending",
}
_LINE: Final = re.compile(r"\bline\s+(\d+)\b\W*(.*)", re.IGNORECASE | re.DOTALL)
_FIRST_LINE: Final = 2
"""Line of the first row in an activity's errors: the header is line 1, also where there is none.
Known from third-party programs only, so lines that do not fit the counters are not used."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A row that was sent and has not landed.

    Attributes:
        properties: What was sent.
        reason: Stable wording that begins with the place that the sums have the row in:
            ``refused:``, ``suppressed:`` or ``unexplained:``.
        evidence: How it is known.
        words: The service's own words, which may quote the row.
    """

    properties: Properties
    reason: str
    evidence: str
    words: str = ""


@dataclass(frozen=True, slots=True)
class Explanation:
    """What is known of the rows of one import in the end.

    Attributes:
        number: Number of the batch.
        destination: Stream and lists of its rows.
        counted: What its counters say.
        settlement: What became of its rows; the numbers add up to them.
        findings: The rows that could be named.
    """

    number: int
    destination: Destination
    counted: Settlement
    settlement: Settlement
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Missing:
    """A row that is not on the list, and what a look-up has said of the person.

    Attributes:
        properties: What was sent.
        place: Where the look-up puts the row; None without a look-up.
        why: Why, in a word or two.
    """

    properties: Properties
    place: Place | None = None
    why: str = ""


def looked_up(
    properties: Properties, status: ContactStatus | None, list_ids: Sequence[str]
) -> Missing:
    """Judge a row by what a look-up of its address has found."""
    if status is None:
        return Missing(properties, "refused", "not in the account")
    if status.permission == "unsubscribed":
        return Missing(properties, "suppressed", "unsubscribed")
    if status.deleted:
        return Missing(properties, "refused", "deleted")
    if status.list_ids.issuperset(list_ids):
        return Missing(properties, "landed")
    return Missing(properties, "refused", _REASONS.get(status.permission, "not on the list"))


def lines_of(errors: Sequence[str], rows: int, counted: int) -> dict[int, str]:
    """Places of the rows that an activity's errors name, with the service's words.

    Returns:
        Index of the row to words; empty unless there are as many lines as counted errors, and a
        row for each.
    """
    matches = [match for error in errors if (match := _LINE.search(error))]
    found = {int(match[1]) - _FIRST_LINE: match[2].strip() for match in matches}
    if len(found) != counted or not all(0 <= place < rows for place in found):
        return {}
    return found


def explain(
    counted: Settlement,
    missing: Sequence[Missing],
    named: Sequence[Finding] = (),
    changed: Sequence[Properties] | None = None,
) -> tuple[Settlement, tuple[Finding, ...]]:
    """Bring the counters and what is known of single rows together.

    Args:
        counted: What the counters say.
        missing: Rows that are not on the list, without those that are named already.
        named: Rows that the service itself has named as refused.
        changed: Rows that are on the list with other values than were sent; None when that is
            not known of every row.

    Returns:
        What became of the rows, and the rows that could be named.
    """
    rows = counted.landed + counted.not_landed
    balance = _balance(counted, missing, len(named))
    findings = [
        *named,
        *(_finding("suppressed", item) for item in balance.suppressed),
        *(_finding("refused", item) for item in balance.refused),
        *(_finding("unexplained", item) for item in balance.unexplained),
    ]
    # What is counted and could not be named stays counted.
    left = max(rows - counted.landed - len(findings), 0)
    suppressed_rest = min(balance.suppressed_left, left)
    refused_rest = min(balance.refused_left, left - suppressed_rest)
    left -= suppressed_rest + refused_rest
    # More rows with other values than are unexplained prove nothing: the service may write
    # names in its own way.
    if changed is not None and len(changed) <= left:
        left = len(changed)
        findings += [Finding(properties, _CHANGED, OTHER_VALUES) for properties in changed]
    refused = len(named) + len(balance.refused) + refused_rest
    suppressed = len(balance.suppressed) + suppressed_rest
    places = refused, suppressed, len(balance.unexplained) + left
    return Settlement(rows - sum(places), *places), tuple(findings)


@dataclass(frozen=True, slots=True)
class _Balance:
    """Missing rows against the counters.

    Attributes:
        refused: Rows that a counter explains, and that count as refused.
        suppressed: The same of the suppressed.
        unexplained: The others.
        refused_left: Rows that are counted as refused, and nobody can name.
        suppressed_left: The same of the suppressed.
    """

    refused: list[Missing]
    suppressed: list[Missing]
    unexplained: list[Missing]
    refused_left: int
    suppressed_left: int


def _balance(counted: Settlement, missing: Sequence[Missing], named: int) -> _Balance:
    """Let every counted error and every counted unsubscribed person explain one row."""
    unsubscribed = [item for item in missing if item.place == "suppressed"]
    judged = [item for item in missing if item.place == "refused"]
    unseen = [item for item in missing if item.place is None]
    suppressed_left = max(counted.suppressed - len(unsubscribed), 0)
    refused_left = max(counted.refused - named, 0)
    # Those of whom a look-up tells why come before those who are only missing.
    refused = judged[: refused_left + suppressed_left]
    suppressed_left -= max(len(refused) - refused_left, 0)
    refused_left = max(refused_left - len(refused), 0)
    suppressed_unseen = unseen[:suppressed_left]
    refused_unseen = unseen[suppressed_left : suppressed_left + refused_left]
    return _Balance(
        refused=[*refused, *refused_unseen],
        suppressed=[*unsubscribed, *suppressed_unseen],
        unexplained=[
            *judged[len(refused) :],
            *unseen[len(suppressed_unseen) + len(refused_unseen) :],
        ],
        refused_left=refused_left - len(refused_unseen),
        suppressed_left=suppressed_left - len(suppressed_unseen),
    )


def _finding(kind: str, item: Missing) -> Finding:
    why = item.why or "not imported"
    evidence = LOOK_UP if item.place else READ_BACK
    return Finding(item.properties, f"{kind}: {why}", evidence)
