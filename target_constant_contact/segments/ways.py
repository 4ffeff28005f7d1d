"""How people are taken off a list with the fewest requests: counting, and nothing else.

`remove_list_memberships` takes contact ids, 500 in a job, or another list as its source. Ids are
told by the pages of a list or by looking people up one by one; another list is filled by imports.
Facts of the service: https://developer.constantcontact.com/api_guide/lists_remove_contact.html
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Final, Literal, TypeAlias

from target_constant_contact.exceptions import QuotaExceededError
from target_constant_contact.wording import counted

PAGE: Final = 500
"""Contacts of a page, and contact ids of a job."""
SCRATCH_ROWS: Final = 30_000
"""Addresses of an import: as long as addresses can be, they stay below 3.8 MB."""
POLLS: Final = 7
"""Requests that ask after a job until it has ended: within a minute, as `waiting` spaces them."""
EXPORT: Final = 2 + POLLS
"""Requests of an export: it is started, asked after, and its file is fetched."""

Way: TypeAlias = Literal["look-ups", "pages of the list", "export and look-ups", "scratch list"]


@dataclass(frozen=True, slots=True)
class Plan:
    """How people are going to be taken off a list.

    Attributes:
        way: ``look-ups``: each leaver is asked for by the address, which is known. ``pages of the
            list``: all members are read with their ids. ``export and look-ups``: one export tells
            who is on the list, and each leaver is asked for. ``scratch list``: one export, and
            another list of the leavers as source of the job.
        requests: About how many requests that takes, with reading back.
    """

    way: Way
    requests: int


def pages(members: int) -> int:
    """Requests that read a list with its ids."""
    return max(1, ceil(members / PAGE))


def reading(members: int) -> int:
    """Requests that read who is on a list, in whichever way takes fewer."""
    return min(pages(members), EXPORT)


def by_ids(leavers: int) -> int:
    """Requests of the jobs for people whose ids are known."""
    return ceil(leavers / PAGE) + POLLS


def by_scratch_list(leavers: int) -> int:
    """Requests of making a scratch list, filling it, counting it, the job, and deleting it."""
    return 1 + ceil(leavers / SCRATCH_ROWS) + POLLS + 1 + 1 + POLLS + 1 + POLLS


def plans(members: int, leavers: int, *, known: bool = False) -> list[Plan]:
    """All ways, the one with the fewest requests first.

    Args:
        members: How many people are on the list.
        leavers: How many of them leave, as far as that is known: at most.
        known: The addresses of all leavers are known.
    """
    found = [
        Plan("pages of the list", pages(members) + by_ids(leavers) + reading(members)),
        Plan("export and look-ups", 2 * EXPORT + leavers + by_ids(leavers)),
        Plan("scratch list", 2 * EXPORT + by_scratch_list(leavers)),
    ]
    if known:
        found.append(Plan("look-ups", 2 * leavers + by_ids(leavers)))
    return sorted(found, key=lambda plan: plan.requests)


def plan_of(members: int, leavers: int, requests_left: int, *, known: bool = False) -> Plan:
    """The way that takes the fewest requests.

    Args:
        members: As in `plans`.
        leavers: As in `plans`.
        requests_left: Requests that are left of the day.
        known: As in `plans`.

    Raises:
        QuotaExceededError: It takes more than are left.
    """
    best = plans(members, leavers, known=known)[0]
    require(best.requests, requests_left, leavers)
    return best


def require(requests: int, requests_left: int, leavers: int) -> None:
    """Refuse to begin what the requests of the day are not enough for.

    Args:
        requests: How many it takes.
        requests_left: How many there are.
        leavers: Whom it is about, for the error line.

    Raises:
        QuotaExceededError: There are too few.
    """
    if requests > requests_left:
        raise QuotaExceededError(
            f"Taking {counted(leavers, 'person', 'people')} off a list takes about "
            f"{counted(requests, 'request')}, and {requests_left:,} are left of the day's: "
            f"{requests - requests_left:,} are missing. Nobody was taken off; run again after "
            "00:00 UTC"
        )
