"""Lists that follow their segments at the end of a load, where the settings say that it proves it.

Otherwise the command ``sweep`` does it, when the tap is known to have ended well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_constant_contact.exceptions import DataError, TryLaterError
from target_constant_contact.reports.swept import SweptList, refusals
from target_constant_contact.run.ends import note_swept
from target_constant_contact.segments.following import Following
from target_constant_contact.segments.leavers import Leavers
from target_constant_contact.segments.seals import may_sweep
from target_constant_contact.segments.sweep import Consent, Sweep
from target_constant_contact.segments.taking_off import TakingOff
from target_constant_contact.store.leavers import LeaverRows
from target_constant_contact.store.segments import SegmentRows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from target_constant_contact.account.account import Account
    from target_constant_contact.reports.report import Report
    from target_constant_contact.segments.reading import Means
    from target_constant_contact.settings.settings import Settings
    from target_constant_contact.store.segment_row import SegmentRow


def plan_sweeps(
    loads: Sequence[SegmentRow],
    settings: Settings,
    account: Account,
    pretended: tuple[TakingOff, SegmentRows],
    report: Report,
) -> None:
    """Say who would be taken off the lists of loads that prove their segments whole.

    Args:
        loads: What the loads of the run have proven, as it would be.
        settings: The settings.
        account: The account.
        pretended: Tells who would be on the lists, and takes nobody off; and what the store would
            know of segments.
        report: Gets what would become of each list.

    Raises:
        DataError: A brake would hold at the end of the load itself.
        StorageError: The store cannot be used.
    """
    taking, rows = pretended
    leavers = Leavers(LeaverRows(account.database, account.export[0]))
    sweep = Sweep(rows, leavers, Following(settings, account.lists), taking, Consent(plan=True))
    refused = []
    for row in filter(may_sweep, loads):
        entry = settings.for_stream(row.stream)
        try:
            found = sweep.one(row, entry, row.stream, row.run)
        except TryLaterError as error:
            name = account.list_names.get(row.list_id, "")
            found = SweptList(row.stream, row.list_id, name, "unknown", reason=str(error))
        report.swept.append(found)
        if found.outcome == "refused" and entry.overwrite_when != "sweep":
            refused.append(found.reason)
    _raise(refused)


def sweep_loads(
    loads: Sequence[SegmentRow],
    settings: Settings,
    account: Account,
    means: Means,
    report: Report,
) -> None:
    """Take people off the lists of loads that prove their segments whole by themselves.

    Args:
        loads: What the loads of the run have proven.
        settings: The settings.
        account: The account.
        means: What people are taken off with.
        report: Gets what has become of each list.

    Raises:
        DataError: A brake held, or the sums of a list do not add up.
        TargetError: The service or the store cannot be used. The command does it then.
    """
    wanted = [
        (row, entry)
        for row in loads
        if may_sweep(row) and (entry := settings.for_stream(row.stream)).overwrite_when != "sweep"
    ]
    if not wanted:
        return
    taking, following = TakingOff(means), Following(settings, account.lists)
    database, key = account.database, account.export[0]
    rows, leavers = SegmentRows(database, key), Leavers(LeaverRows(database, key))
    sweep = Sweep(rows, leavers, following, taking, Consent())
    with taking.alone():
        for row, entry in wanted:
            note_swept(account, report, sweep.one(row, entry, row.stream, row.run))
    _raise(refusals(report.swept))


def _raise(refused: Sequence[str]) -> None:
    if refused:
        raise DataError(
            "All rows have landed, but not all lists follow their segments: " + "; ".join(refused)
        )
