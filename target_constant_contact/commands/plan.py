"""The command `plan`: what a run would change in the account."""

from __future__ import annotations

from dataclasses import asdict
from importlib import import_module
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

import click

from target_constant_contact.commands.common import (
    configured,
    input_option,
    json_option,
    open_account,
    opened,
    parse_settings,
    print_json,
    say,
)
from target_constant_contact.reports.summary import left_out

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from target_constant_contact.reports.report import Report

NOTHING_COMPARED: Final = "Nothing was compared with the account; nothing was changed."
WOULD_CHANGE: Final = 2
"""Exit code where something would change; 1 is that of an error."""


@click.command("plan")
@configured
@input_option("A tap's output; - for standard input.")
@click.option("--exit-code", is_flag=True, help="Exit with 2 when something would change.")
@json_option
def plan(config: dict[str, Any], messages: Path, *, exit_code: bool, as_json: bool) -> None:
    """Compare with the account what a run would send, and change nothing."""
    # Nothing leaves this machine but questions, so nobody has to agree that more does.
    config["dry_run"] = True
    settings = parse_settings(config, for_export=True)
    # Not before: the help of a command need not load what a run needs.
    module = import_module("target_constant_contact.checks.planning")
    with opened(messages) as tap, open_account(settings) as account:
        report, error = module.plan(config, account, tap)
    if as_json:
        print_json(_as_json(report, error))
    else:
        say(*_lines(report, error))
    if error:
        raise error
    click.get_current_context().exit(WOULD_CHANGE if exit_code and would_change(report) else 0)


def would_change(report: Report) -> bool:
    """Whether a run would change something in the account, as far as it is known."""
    return bool(report.planned and report.planned.may_change) or any(
        one.taken_off or one.outcome == "unknown" for one in report.swept
    )


def _lines(report: Report, error: Exception | None) -> Iterator[str]:
    if not report.planned:
        yield NOTHING_COMPARED
        return
    yield from report.planned.lines()
    yield from chain.from_iterable(one.lines() for one in report.swept)
    yield from left_out(report)
    yield from report.date_orders.lines()
    if error:
        yield "A run would fail, as the error says; nothing was changed now."
        return
    changed = "Something would change" if would_change(report) else "Nothing would change"
    yield f"{changed}; nothing was changed now."


def _as_json(report: Report, error: Exception | None) -> dict[str, Any]:
    planned = report.planned.as_dict() if report.planned else {}
    return {
        "would_change": would_change(report),
        "error": str(error) if error else None,
        **planned,
        "taken_off": [asdict(one) for one in report.swept],
        "totals": asdict(report.totals),
    }
