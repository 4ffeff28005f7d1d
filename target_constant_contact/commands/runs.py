"""The command `runs`: past runs and their sums, newest first."""

from __future__ import annotations

from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import click

from target_constant_contact.commands.common import (
    configured,
    json_option,
    print_json,
    print_table,
    say,
)
from target_constant_contact.commands.group import CommandGroup
from target_constant_contact.commands.run_pages import serve_pages, write_page
from target_constant_contact.exceptions import SettingsError
from target_constant_contact.reports.counts import Counts
from target_constant_contact.reports.history import past_runs
from target_constant_contact.reports.past_run import LOAD
from target_constant_contact.reports.run_names import LATEST

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from target_constant_contact.reports.past_parts import (
        PastDestination,
        PastPackedByList,
        PastPlannedList,
    )
    from target_constant_contact.reports.past_run import PastRun
    from target_constant_contact.reports.segments import SegmentUse
    from target_constant_contact.reports.told import Told

_SHOWN: Final = 20
_ON_A_PAGE: Final = 100
_MOST: Final = 1_000_000
_PLACES: Final = tuple(item.name for item in fields(Counts))
_TITLES: Final = {"started_at": "started (UTC)"}
_KEPT: Final = frozenset({"run", "started (UTC)", "status", "stream", "lists", "read", "landed"})
"""Columns that are shown even when there is nothing in them."""


class _Given(NamedTuple):
    """What was given before the name of a command of `runs`."""

    config: dict[str, Any]
    as_json: bool


@click.group("runs", cls=CommandGroup, invoke_without_command=True)
@configured
@click.option(
    "--limit",
    type=click.IntRange(1, _MOST),
    help=f"How many: {_SHOWN} if not given, and {_ON_A_PAGE} on a page.",
)
@click.option(
    "--html",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write a page that shows how each segment has changed.",
)
@click.option("--serve", is_flag=True, help="Serve this page, and that of each run, until stopped.")
@click.option("--port", type=int, help="Port to serve at; a free one if not given.")
@json_option
def runs(config: dict[str, Any], limit: int | None, *, as_json: bool, **options: Any) -> None:
    """List past runs, newest first."""
    context = click.get_current_context()
    context.obj = _Given(config, as_json)
    if context.invoked_subcommand is not None:
        return
    html, serve, port = options["html"], options["serve"], options["port"]
    if bool(html) + serve + as_json > 1:
        raise SettingsError(["--html, --serve and --json are different things; pass one of them"])
    if port is not None and not serve:
        raise SettingsError(["--port is for --serve; pass both"])
    if html:
        write_page(config, limit or _ON_A_PAGE, html)
    elif serve:
        serve_pages(config, limit or _ON_A_PAGE, port or 0)
    else:
        _list(config, limit or _SHOWN, as_json=as_json)


def _list(config: Mapping[str, Any], limit: int, *, as_json: bool) -> None:
    with past_runs(config) as history:
        found = history.newest(limit)
    if as_json:
        print_json([_row(past) | _place(past) | _counts(past.totals) for past in found])
    elif found:
        _print_dense([_readable(past) for past in found])
    else:
        _say_none(history.place)


@runs.command("show")
@configured
@click.argument("run", required=False, default=LATEST)
@json_option
def show(config: dict[str, Any], run: str, *, as_json: bool) -> None:
    """Show the run RUN: its name or the beginning of it; the newest if it is not given."""
    context = click.get_current_context()
    # Options count on either side of the command's name; those after it win.
    before: _Given = context.obj
    if not (context.params["config_files"] or context.params["data_dir"]):
        config = before.config
    as_json = as_json or before.as_json
    with past_runs(config) as history:
        past = history.find(run)
    if as_json:
        print_json(past and _document(past))
    elif past:
        _print_run(past)
    else:
        _say_none(history.place)


def _say_none(place: str) -> None:
    say(f"There are no runs in {place} yet.")


def _row(past: PastRun) -> dict[str, Any]:
    return {
        "run": past.run,
        "kind": past.kind,
        "started_at": _iso(past.started_at),
        "status": past.status,
        "seconds": past.seconds,
        "connection": past.connection,
        "account": past.account,
    }


def _place(past: PastRun) -> dict[str, str]:
    """Where the files of a run are."""
    return {"machine": past.machine, "folder": past.folder}


def _counts(counts: Counts | None) -> dict[str, Any]:
    return asdict(counts) if counts else dict.fromkeys(_PLACES)


def _readable(past: PastRun) -> dict[str, Any]:
    # A column that says nothing of loads is shown only when there is something else among them.
    kind = "" if past.kind == LOAD else past.kind
    row = _row(past) | {"kind": kind, "started_at": _moment(past.started_at)}
    row |= _counts(past.totals)
    return {_TITLES.get(name, name): value for name, value in row.items()}


def _document(past: PastRun) -> dict[str, Any]:
    """A run for programs: its row of the list, and what only `show` tells."""
    return {
        **_row(past),
        **_place(past),
        **_counts(past.totals),
        "ended_at": _iso(past.ended_at),
        "error": past.error or None,
        "requests": past.requests,
        "rejects_file": past.rejects_file or None,
        "destinations": [
            {
                "stream": place.stream,
                "lists": [{"id": item.list_id, "name": item.name} for item in place.lists],
                **asdict(place.counts),
            }
            for place in past.destinations
        ],
        "rejections": [asdict(reason) for reason in past.rejections],
        "withheld": [asdict(reason) for reason in past.withheld],
        "dropped": [asdict(reason) for reason in past.dropped],
        "findings": [asdict(finding) for finding in past.findings],
        "packed_by_list": [_packed_by_list(packed) for packed in past.packed_by_list],
        "unsettled_imports": [asdict(one) for one in past.unsettled],
        "imports": [asdict(record) for record in past.imports],
        "segments": [asdict(use) for use in past.segments],
        "swept": [asdict(one) for one in past.swept],
        "planned": [asdict(one) for one in past.planned],
        "alerts": None if past.told is None else [asdict(one) for one in past.told],
    }


def _print_run(past: PastRun) -> None:
    facts = _readable(past) | {
        "ended (UTC)": _moment(past.ended_at),
        "requests": past.requests,
        "error": past.error,
        "rejects file": past.rejects_file,
        **_place(past),
    }
    known = {
        name: fact
        for name, fact in facts.items()
        if fact or (name in _KEPT and isinstance(fact, int))
    }
    print_table(("fact", "value"), known.items())
    _print_part("Destinations", map(_destination, past.destinations))
    _print_part("Rejected rows", map(asdict, past.rejections))
    _print_part("Rows not sent", map(asdict, past.withheld))
    _print_part("Values left out", map(asdict, past.dropped))
    _print_part("Rows that did not land", map(asdict, past.findings))
    _print_part("Packed by list", map(_packed_by_list, past.packed_by_list))
    _print_part("Segments", map(_segment, past.segments))
    _print_part("What would have changed", map(_planned, past.planned))
    _print_part("Lists that follow segments", map(asdict, past.swept))
    _print_part("Alerts", map(_told, past.told or ()))
    _print_part("Imports that are not settled", map(asdict, past.unsettled))
    _print_part("Imports", (_import(asdict(record)) for record in past.imports))


def _planned(one: PastPlannedList) -> dict[str, Any]:
    return asdict(one) | {"streams": ", ".join(one.streams), "is_new": one.is_new or None}


def _print_part(title: str, rows: Iterable[dict[str, Any]]) -> None:
    found = list(rows)
    if found:
        say("", title)
        _print_dense(found)


def _destination(place: PastDestination) -> dict[str, Any]:
    lists = ", ".join(sorted(item.name or item.list_id for item in place.lists))
    return {"stream": place.stream, "lists": lists, **asdict(place.counts)}


def _segment(use: SegmentUse) -> dict[str, Any]:
    entry = "all others" if use.entry is None else f"segments.{use.entry}"
    return {"entry": entry, "stream": use.stream, "matched": ", ".join(use.streams) or "none"}


def _told(told: Told) -> dict[str, Any]:
    owed = ", ".join(dict.fromkeys(alert.event for alert in told.owed))
    return {"receiver": told.receiver, "lasts": ", ".join(told.active), "not told": owed}


def _packed_by_list(packed: PastPackedByList) -> dict[str, Any]:
    return {"stream": packed.stream, **asdict(packed.counts)}


def _import(record: dict[str, Any]) -> dict[str, Any]:
    counters: dict[str, int] = record.pop("counters")
    del record["sent_at"]  # the page shows it
    taken_up = "yes" if record.pop("taken_up") else ""
    seconds = f"{record['seconds']:.1f}"
    return {**record, "seconds": seconds, "taken up": taken_up, **counters}


def _print_dense(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print a table without the columns that hold nothing, or zeros only."""
    names = dict.fromkeys(name for row in rows for name in row)
    shown = [name for name in names if name in _KEPT or any(row.get(name) for row in rows)]
    print_table(shown, [[row.get(name) for name in shown] for row in rows])


def _moment(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}" if moment else ""


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds") if moment else None
