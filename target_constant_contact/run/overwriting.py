"""Lists that follow their segments at the end of a load, where the settings say that it proves it.

Otherwise the command ``sweep`` does it, when the tap is known to have ended well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_constant_contact.exceptions import DataError
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
            report.swept.append(sweep.one(row, entry, row.stream, row.run))
    if refused := [one.reason for one in report.swept if one.outcome == "refused"]:
        raise DataError(
            "All rows have landed, but not all lists follow their segments: " + "; ".join(refused)
        )
