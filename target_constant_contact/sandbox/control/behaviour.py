"""What the sandbox does where the documentation is silent, or where a test wants trouble."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

Span = float | tuple[float, float]
"""Seconds: one number, or ``(low, high)`` to draw from."""


# A plain record: one attribute for each question that the documentation leaves open.
@dataclass(frozen=True, slots=True)
class Behaviour:
    """How an account behaves. Replace ``sandbox.behaviour`` at any time to change it.

    Attributes:
        seconds_to_start: From the POST of an activity until it is ``processing``.
        seconds_to_finish: From then until it ends. Ranges let later activities end first.
        one_at_a_time: An activity starts only when all before it have ended. False: side by side.
        seed: Seeds the draw from ranges.
        requests_per_second: Requests of one API key in any second; more are answered 429
            ``throttled``. None: no limit. The service allows 4.
        requests_per_day: Requests of one API key in one UTC day; more are answered 429
            ``quota_exceeded``. None: no limit. The service allows 10,000.
        token_requests_per_second: The same for the token endpoint, where the service allows 1.
        max_queued_activities: Unfinished activities of the account; the next POST is answered 429.
        truncate_at_bytes: Rows of an import beyond this many bytes are dropped without a word.
            None or 0: never.
        max_rows: Rows (in a CSV file: lines with the header) beyond this number are dropped too.
        duplicate_row_wins: Which row is taken when one import holds an address twice.
        unknown_list: An unknown list id is refused at once, or lets the activity fail later.
        too_long: A value longer than the official limit is cut, or makes the row correctable.
        person_count: ``unique`` people with an identity, all ``rows``, or only those that
            ``landed`` (neither faulty nor kept off the list).
        header_row_counted: ``items_total_count`` includes a header row, as documented.
        report_counters: False: an activity reports an empty ``status``.
        line_errors: True: ``activity_errors`` holds ``Line N: ...`` for each faulty row, where
            the header is line 1.
        rows_lost: So many rows at the end of each import vanish, which only ``person_count`` and
            ``items_total_count`` betray.
        dropped_addresses: Rows of these addresses vanish in the same way, wherever they stand.
        dropped_are_counted: Not even the counters betray them.
        flagged_addresses: Well-formed addresses that an import counts as correctable, as the
            service does for two days with those that were signed up for too many lists.
        index_lag: For so many seconds after an activity has put contacts on a list, searches and
            exports do not show them there.
        access_token_seconds: Life of an access token.
        rotating_refresh_tokens: A refresh token serves once and is replaced; False: it stays.
        reuse_revokes_family: A used-up refresh token that is presented again takes back all
            refresh and access tokens of its sign-in; False: it is refused, and the newest stays.
        refused_scopes: Scopes that a sign-in does not get although it asked for them. Refreshing
            gives what the sign-in gave.
        device_interval: Seconds that a device waits between polls; 0: it need not wait.
        device_code_seconds: Life of a device code.
        privileges: Names of the privileges of the account's user. A request that needs another
            one is answered 403.
        activity_days: Days for which an activity can be asked for.
    """

    seconds_to_start: Span = 0.2
    seconds_to_finish: Span = 0.4
    one_at_a_time: bool = False
    seed: int = 0
    requests_per_second: int | None = None
    requests_per_day: int | None = None
    token_requests_per_second: int | None = None
    max_queued_activities: int = 1_000
    truncate_at_bytes: int | None = 4_194_304
    max_rows: int = 40_000
    duplicate_row_wins: Literal["last", "first"] = "last"
    unknown_list: Literal["bad_request", "failed"] = "bad_request"
    too_long: Literal["truncate", "reject"] = "truncate"
    person_count: Literal["unique", "rows", "landed"] = "unique"
    header_row_counted: bool = True
    report_counters: bool = True
    line_errors: bool = False
    rows_lost: int = 0
    dropped_addresses: frozenset[str] = frozenset()
    dropped_are_counted: bool = False
    flagged_addresses: frozenset[str] = frozenset()
    index_lag: float = 0
    access_token_seconds: int = 86_400
    rotating_refresh_tokens: bool = True
    reuse_revokes_family: bool = False
    refused_scopes: frozenset[str] = frozenset()
    device_interval: int = 5
    device_code_seconds: float = 600
    privileges: tuple[str, ...] = (
        "contacts:read",
        "contacts:write",
        "contacts:lists:read",
        "contacts:lists:write",
        "account:read",
    )
    activity_days: float = 10

    def shows_until(self, now: float) -> float:
        """Return the moment up to which memberships are shown by searches and exports."""
        return now - self.index_lag if self.index_lag else math.inf
