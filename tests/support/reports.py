"""Reports of runs, as they come from the store."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from target_constant_contact.reports.past_run import read_run
from target_constant_contact.store.run_row import RunRow

if TYPE_CHECKING:
    from target_constant_contact.reports.past_run import PastRun

RUN = "20260501T040000Z-00000a"
COUNTS = {"read": 1_000, "landed": 930, "rejected": 34, "refused": 5, "suppressed": 6, "merged": 25}
NEWSLETTER = {"id": "a-list", "name": "Newsletter"}
REASON = "e-mail address does not have exactly one @"


def name_of(day: int) -> str:
    """Name of a run of a day in May."""
    return f"202605{day:02}T040000Z-0000{day:02}"


def document(**members: Any) -> dict[str, Any]:
    """The report of a load that has a bit of everything."""
    return {
        "run": RUN,
        "kind": "load",
        "started_at": "2026-05-01T04:00:00+00:00",
        "ended_at": "2026-05-01T04:01:30+00:00",
        "status": "completed",
        "error": None,
        "connection": "default",
        "account": "Acorn Shop",
        "requests": 28,
        "requests_today": 640,
        "requests_per_day": 10_000,
        "advice": ["import_format: csv would bring the members of vips in about 3 full requests"],
        "rejects_file": f"/data/runs/{RUN}/rejects.singer.jsonl",
        "unsettled_imports": [],
        "streams": ["vips"],
        "totals": COUNTS,
        "destinations": [{"stream": "vips", "lists": [NEWSLETTER], **COUNTS}],
        "rejections": [
            {"stream": "vips", "reason": REASON, "field": "Email", "rows": 30},
            {"stream": "vips", "reason": "zip is too long", "field": "Zip", "rows": 4},
        ],
        "withheld": [{"stream": "vips", "reason": "unsubscribed", "rows": 6}],
        "dropped": [{"stream": "vips", "reason": "birthday is no date", "field": "b", "values": 3}],
        "findings": [
            {"stream": "vips", "reason": "refused: deleted", "evidence": "look-up", "rows": 5}
        ],
        "imports": [imported(number) for number in range(8)],
        "segments": [],
        "swept": [],
        "waits": [
            {"why": "rate", "begun_at": 2.0, "ended_at": 9.5, "seconds": 7.1, "times": 12},
            {"why": "throttled", "begun_at": 20, "ended_at": 24, "seconds": 4.0, "times": 1},
        ],
        "examples": [
            {"stream": "vips", "reason": REASON, "field": "Email", "looks_like": ["•••@@••••.•••"]}
        ],
        "settings": {
            "lists": "Newsletter",
            "batch_size_rows": 500,
            "segments": [{"stream": "vips"}],
        },
    } | members


def imported(number: int, **members: Any) -> dict[str, Any]:
    """An import that was sent some seconds after the one before."""
    return {
        "activity_id": f"00000000-0000-4000-8000-{number:012}",
        "stream": "vips",
        "rows": 125,
        "seconds": 12.5,
        "counters": {"person_count": 125},
        "taken_up": False,
        "sent_at": 3.0 + 2 * number,
    } | members


def swept(**members: Any) -> dict[str, Any]:
    """A list that people were taken off."""
    return {
        "stream": "vips",
        "list_id": "a-list",
        "list_name": "Newsletter",
        "outcome": "swept",
        "before": 1_200,
        "stay": 900,
        "taken_off": 250,
        "not_ours": 40,
        "left_by_themselves": 10,
        "way": "pages of the list",
        "requests": 12,
        "reason": "",
    } | members


def planned(**members: Any) -> dict[str, Any]:
    """What a dry run has found out of a list."""
    return {
        "list_id": "a-list",
        "list_name": "Newsletter",
        "streams": ["vips"],
        "is_new": False,
        "before": 1_200,
        "people": 960,
        "added": 50,
        "known": 7,
        "updated": 10,
        "unchanged": 900,
        "changes": {"first_name": 10},
        "not_compared": [],
        "held_back": [["suppressed", "unsubscribed", 6]],
        "fault": "",
    } | members


def effort(**members: Any) -> dict[str, Any]:
    """What a dry run says that sending takes."""
    return {
        "imports": 2,
        "size": 400_000,
        "requests": 12,
        "requests_today": None,
        "requests_per_day": 10_000,
        "seconds": 60.0,
        "import_seconds": None,
    } | members


def past(run: str = RUN, /, **members: Any) -> PastRun:
    """A run with such a report."""
    return of_document(document(**members), run)


def many() -> PastRun:
    """A run with more of everything than a page shows."""
    return past(
        imports=[imported(n, sent_at=n / 10, seconds=n % 70) for n in range(5_000)],
        destinations=[
            {"stream": "vips", "lists": [{"id": f"{n}", "name": f"List {n}"}], **COUNTS}
            for n in range(1_000)
        ],
        rejections=[
            {"stream": "vips", "reason": f"Reason {n}", "field": "", "rows": 1} for n in range(900)
        ],
        swept=[swept() for _ in range(300)],
        waits=[
            {"why": "rate", "begun_at": n, "ended_at": n + 1, "seconds": 1, "times": 1}
            for n in range(900)
        ],
        settings={f"setting_{n}": n for n in range(900)},
    )


def of_document(report: Any, run: str = RUN) -> PastRun:
    """A run with this report; None: it has none."""
    text = None if report is None else json.dumps(report)
    return read_run(RunRow(run, 1_777_608_000.0, "worker-7", f"/data/runs/{run}", text))


def sweep() -> PastRun:
    """A sweep that has taken people off one list, and not off another."""
    kept = swept(
        list_name="Members", outcome="refused", taken_off=0, reason="Nothing was loaded since"
    )
    loaded = ("destinations", "rejections", "withheld", "dropped", "findings", "imports", "advice")
    nothing: dict[str, Any] = {name: [] for name in loaded} | {"examples": [], "rejects_file": None}
    return past(kind="sweep", totals={}, swept=[swept(), kept], **nothing)


LONG_WORD = "W" * 299
HOSTILE = (
    '"><script>alert(1)</script>',
    "</style><img src=x onerror=alert(1)>",
    "{{ 7 * 7 }}{% raw %}",
    "javascript:alert(1)",
    "'\" onmouseover=alert(1) x='",
    "a\u202egnp.exe\x1b[31m\u2028",
    "ann.miller@example.com",
    LONG_WORD,
    "x" * 100_000,
)
"""Texts that somebody may have written into the database."""


def hostile() -> list[PastRun]:
    """Runs in whose reports every text is one of these."""
    return [
        of_document(_poisoned(document(swept=[swept()]), text), name_of(day))
        for day, text in enumerate(HOSTILE, 1)
    ]


_KEPT = {"kind", "started_at", "ended_at", "outcome", "status"}


def _poisoned(value: Any, text: str, name: str = "") -> Any:
    if isinstance(value, dict):
        return {key: _poisoned(each, text, key) for key, each in value.items()}
    if isinstance(value, list):
        return [_poisoned(each, text) for each in value]
    return text if isinstance(value, str) and name not in _KEPT else value
