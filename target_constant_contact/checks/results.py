"""What a check has found: a line, and what it means for the exit code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from target_constant_contact.exceptions import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator

Status = Literal["ok", "warning", "failed", "skipped"]


@dataclass(frozen=True, slots=True)
class Check:
    """One line of what was found. It holds no personal data and no secret.

    Attributes:
        name: What was looked at; several lines may be about the same.
        status: ``ok``, ``warning`` (a run works), ``failed`` (it does not), or ``skipped``.
        detail: What was found, and what to do.
        exit_code: Of the error that a run would end with; 0 unless the check has failed.
    """

    name: str
    status: Status
    detail: str
    exit_code: int = 0


def failures(name: str, error: Exception) -> Iterator[Check]:
    """The failed lines of an error: one for each fault of the settings, or a single one."""
    faults = error.faults if isinstance(error, SettingsError) else [str(error)]
    for fault in faults:
        yield Check(name, "failed", " ".join(fault.split()), getattr(error, "exit_code", 1))
