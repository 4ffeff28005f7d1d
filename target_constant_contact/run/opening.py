"""Making a run, and everything that it needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_constant_contact.account.account import Account
from target_constant_contact.run.ends import run_begun
from target_constant_contact.run.run import Run
from target_constant_contact.verification.kept import forget_rows_of_dead_runs

if TYPE_CHECKING:
    from target_constant_contact.run.hooks import Hooks, Listen
    from target_constant_contact.settings.settings import Settings


def open_run(settings: Settings, hooks: Hooks, listen: Listen) -> Run:
    """Make a run and its folder, and connect to the account of the settings.

    Args:
        settings: The settings.
        hooks: What it asks of the program around it.
        listen: Has those listen who show runs.

    Raises:
        SettingsError: The data folder cannot be written, or the sandbox is not installed.
        TargetError: The store cannot be used.
    """
    forget_rows_of_dead_runs(settings.store)
    settings.data_dir.make_runs()
    # The store first: it takes over what an earlier version has left there.
    account = Account(settings)
    try:
        listen(account.events, settings, account.database)
        folder = settings.data_dir.make_run()
        run = Run(settings, account, folder, hooks)
        account.events.tell(run_begun(settings, account, run.report, folder))
    except BaseException:
        account.close()
        raise
    return run
