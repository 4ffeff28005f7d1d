"""What loads and sweeps tell alike: how they begin and end, and lists that were swept."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from target_constant_contact.events.kinds import ListSwept, RunBegun, RunEnded
from target_constant_contact.exceptions import StorageError, TargetError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from target_constant_contact.account.account import Account
    from target_constant_contact.reports.report import Report
    from target_constant_contact.reports.swept import SweptList
    from target_constant_contact.settings.settings import Settings

_logger = logging.getLogger("target-constant-contact")


def run_begun(settings: Settings, account: Account, report: Report, folder: Path) -> RunBegun:
    """A run is under way.

    Args:
        settings: The settings.
        account: The account.
        report: What it has done, which is nothing yet.
        folder: Its folder.
    """
    return RunBegun(
        run=report.run,
        kind=report.kind,
        export=_export(account),
        folder=str(folder.absolute()),
        started_at=report.started_at,
        connection=account.connection_name,
        dry_run=settings.dry_run,
    )


def run_ended(
    account: Account,
    report: Report,
    folder: Path,
    *,
    lines: Sequence[str] = (),
    warnings: Sequence[str] = (),
    **facts: Any,
) -> RunEnded:
    """A run has come to its end.

    Args:
        account: The account.
        report: What it has done.
        folder: Its folder.
        lines: The summary for people.
        warnings: What people should look at.
        facts: Further members of its report; ``status`` and ``error`` are among them.
    """
    ended_at = datetime.now(UTC)
    when = ended_at.isoformat(timespec="seconds")
    return RunEnded(
        run=report.run,
        kind=report.kind,
        export=_export(account),
        folder=str(folder.absolute()),
        status=facts["status"],
        error=facts["error"],
        seconds=(ended_at - report.started_at).total_seconds(),
        requests=account.client.requests_made,
        document=report.document(
            account.list_names,
            ended_at=when,
            warnings=list(warnings),
            **_of_account(account),
            **facts,
        ),
        lines=lines,
        warnings=warnings,
    )


def note_swept(account: Account, report: Report, one: SweptList) -> None:
    """Have the report know what has become of a list, and tell it.

    Args:
        account: The account.
        report: The report of the load or the sweep.
        one: The list.
    """
    report.swept.append(one)
    account.events.tell(
        ListSwept(
            one.stream,
            one.list_id,
            one.list_name,
            one.outcome,
            one.before,
            one.taken_off,
            one.reason,
        )
    )


@contextmanager
def failing(error: BaseException) -> Iterator[str]:
    """Tell what a run has failed of; that its report cannot be written is logged.

    Args:
        error: What is raised behind this, and matters more.

    Yields:
        The same as the report says it: texts of errors that nobody foresaw may quote anything.
    """
    try:
        yield str(error) if isinstance(error, TargetError) else type(error).__name__
    except StorageError as other:
        _logger.error("%s", other)  # noqa: TRY400 - one line


def _of_account(account: Account) -> dict[str, Any]:
    used_today, per_day = account.requests_today
    return {
        "export": _export(account),
        "connection": account.connection_name,
        "account": account.name,
        "requests": account.client.requests_made,
        "requests_today": used_today,
        "requests_per_day": per_day,
    }


def _export(account: Account) -> str:
    """One name for the account and for the lists of the settings."""
    return "-".join(account.export)
