"""A whole run up to the sending, compared with the account; nothing is kept of it."""

from __future__ import annotations

import logging
from typing import IO, TYPE_CHECKING, Any

from typing_extensions import override

from target_constant_contact.checks.rehearsal import Rehearsal, aside, heard
from target_constant_contact.data_folder import REPORT_FILE
from target_constant_contact.events.events import Events
from target_constant_contact.events.kinds import RunBegun, RunEnded
from target_constant_contact.exceptions import AllRejectedError, DataError
from target_constant_contact.singer.streams import Streams
from target_constant_contact.singer.target import TargetConstantContact

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from target_constant_contact.account.account import Account
    from target_constant_contact.events.kinds import Event
    from target_constant_contact.reports.report import Report


def plan(
    config: Mapping[str, Any], account: Account, messages: IO[str]
) -> tuple[Report, Exception | None]:
    """Let a tap's output go through the target, and compare what would be sent with the account.

    Args:
        config: The settings as Singer passes them.
        account: The account, opened with ``dry_run``.
        messages: What the tap wrote.

    Returns:
        The report of a dry run, and what a run would fail of.

    Raises:
        ConfigValidationError: The settings do not allow a run.
        OSError: There is no room for what has to be compared.
    """
    account.events = _without_ends(account.events)
    work = account.events.work("planning what a run would do", "plan")
    # What a run warns of is about what it would do.
    with aside(logging.WARNING) as folder, work:
        target = _WholeRun(config, account, folder)
        error = heard(target, messages)
        if isinstance(error, DataError):
            error.args = (_without_files(error, folder),)
        return target.run.report, error


def _without_ends(listening: Events) -> Events:
    """Those who listen hear what goes on, and not of a run: there is none."""
    events = Events()

    def tell(event: Event) -> None:
        if not isinstance(event, (RunBegun, RunEnded)):
            listening.tell(event)

    events.listen(tell)
    return events


def _without_files(error: DataError, folder: Path) -> str:
    """What a run would fail of, without its files: those of a plan are not kept."""
    text = error.fault if isinstance(error, AllRejectedError) else str(error)
    return text.replace(str(folder / REPORT_FILE), "the plan")


class _WholeRun(Rehearsal):
    """A dry run that leaves nothing behind."""

    @override
    def open_streams(self) -> Streams:  # type: ignore[override]
        return Streams(self)

    @override
    def begin(self) -> None:
        TargetConstantContact.begin(self)

    @override
    def process_endofpipe(self) -> None:
        TargetConstantContact.process_endofpipe(self)
