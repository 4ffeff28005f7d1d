"""Checks that need no request: the settings, the data folder, the requests of the day."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from target_constant_contact.api.limits.limiter import reserved
from target_constant_contact.checks.results import Check, failures
from target_constant_contact.exceptions import QuotaExceededError, SettingsError
from target_constant_contact.files import prove_writable
from target_constant_contact.segments.suppression_file import read_suppressions
from target_constant_contact.settings.alert_urls import apprise_faults
from target_constant_contact.settings.faults import unknown_settings
from target_constant_contact.settings.settings import Settings
from target_constant_contact.settings.sources import Given
from target_constant_contact.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from target_constant_contact.api.limits.limiter import RateLimiter
    from target_constant_contact.data_folder import DataFolder

_NEARLY_USED_UP: Final = 0.8


def check_settings(config: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[Check]:
    """The faults of the settings, and a warning for others that do not exist."""
    try:
        Settings.parse(config, schema)
    except SettingsError as error:
        yield from failures("settings", error)
    else:
        variables = config.variables if isinstance(config, Given) else {}
        source = f"; from the environment: {', '.join(variables)}" if variables else ""
        yield Check("settings", "ok", f"a run can start with them{source}")
    for line in unknown_settings(config, schema):
        yield Check("settings", "warning", line)


def check_suppression_file(settings: Settings) -> Iterator[Check]:
    """Whether the file of people who are never imported can be used, if one is set.

    Raises:
        SettingsError: It cannot.
    """
    if path := settings.suppression_file:
        people = len(read_suppressions(path))
        words = "1 person" if people == 1 else f"{people:,} people"
        yield Check("settings", "ok", f"{words} in {path}, who will not be imported")


def check_alerts(settings: Settings) -> Iterator[Check]:
    """Who is told of runs, if anybody is. Nothing is sent."""
    alerts = settings.alerts
    if alerts.wanted and not any(apprise_faults(alerts.urls)):
        receivers = counted(len(alerts.urls) + len(alerts.webhooks), "receiver")
        detail = (
            f"alerts of {', '.join(sorted(alerts.on))} go to {receivers}; alerts --test tries them"
        )
        yield Check("settings", "ok", detail)


def check_data_folder(folder: DataFolder) -> Iterator[Check]:
    """Whether something can be written there, and only its owner can change it.

    Raises:
        SettingsError: Nothing can, or others can.
    """
    folder.refuse_if_exposed()
    try:
        prove_writable(folder.path)
    except OSError as error:
        fault = (
            f"data_dir: cannot write in {folder.path} ({error.strerror}); set data_dir to a folder "
            "that can be written and lasts"
        )
        raise SettingsError([fault]) from None
    yield Check("data folder", "ok", f"{folder.path} can be written")


def check_requests(limiter: RateLimiter, per_day: int) -> Iterator[Check]:
    """How many requests the API key has left today.

    Raises:
        TargetError: The counts cannot be read.
    """
    used = limiter.used_today()
    detail = f"{used:,} of {per_day:,} used today (UTC) by this API key, as counted by the runs"
    kept = reserved(per_day)
    if used >= per_day - kept:
        fault = (
            f"{detail}; the last {kept:,} are kept for asking after imports in flight. Run again "
            "after 00:00 UTC"
        )
        yield Check("requests", "failed", fault, QuotaExceededError.exit_code)
    elif used > (per_day - kept) * _NEARLY_USED_UP:
        yield Check("requests", "warning", f"{detail}; a large run may not get through")
    else:
        yield Check("requests", "ok", detail)
