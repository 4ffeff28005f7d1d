"""Errors, sorted by what the person should do next.

.. code-block:: text

    TargetError                      1   anything else
    ├── SettingsError               78   correct the settings
    │   └── StorageError                 the disk is full, or a file in data_dir cannot be used
    ├── SignInError                 77   sign in again, or ask for a privilege
    ├── TryLaterError               75   start the run again later
    │   ├── QuotaExceededError           the day's requests are used up
    │   ├── QueueFullError               too many activities of the account are unfinished
    │   ├── LostAnswerError              whether the service has taken a request is not known
    │   └── ServiceUnavailableError      no good answer after several tries
    ├── DataError                   65   look at the rejected rows, or at the sums
    │   ├── AllRejectedError             not one of a stream's many rows can be sent
    │   ├── CorrectionError              a corrected CSV file cannot be read
    │   └── ContractLimitError           the account would get more contacts than it may have
    ├── ApiError                     1   the service refused a request
    ├── ImportFailedError            1   an import activity failed or was cancelled
    ├── InputError                   1   the tap's output is not Singer
    └── InterruptedRunError          1   a signal asked the run to stop

Every message is one line: what happened, with which value, and the next step. No message holds
personal data or a secret: records are named by stream and line, never by content.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from target_constant_contact.redaction import redacted
from target_constant_contact.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


class TargetError(Exception):
    """Base of every error that this target raises on purpose.

    The exit codes follow ``sysexits.h``, so that a scheduler can tell "correct something" from
    "try again later".

    Args:
        message: One line. It may quote what others wrote: it is redacted here, for every error.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str) -> None:
        super().__init__(redacted(message))


class SettingsError(TargetError):
    """One or more settings are wrong; nothing was sent.

    Args:
        faults: One line for each fault. All of them are reported together.
    """

    exit_code = 78

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = tuple(map(redacted, faults))
        super().__init__("; ".join(self.faults))


class StorageError(SettingsError):
    """A file of the data folder cannot be used: the disk is full, or its rights are wrong."""


class SignInError(TargetError):
    """The token was not accepted, or a scope or privilege is missing."""

    exit_code = 77


class TryLaterError(TargetError):
    """Nothing is wrong with the export; the service cannot take it now."""

    exit_code = 75


class QuotaExceededError(TryLaterError):
    """The API key has used up its requests of the day (reset at 00:00 UTC)."""


class QueueFullError(TryLaterError):
    """The account has as many unfinished activities as the service allows (1,000)."""


class LostAnswerError(TryLaterError):
    """A request got no answer that can be used; whether the service has taken it is not known."""


class ServiceUnavailableError(TryLaterError):
    """The service gave no usable answer, also after several tries."""


class DataError(TargetError):
    """Too many rows were rejected, or the sums of a run do not add up."""

    exit_code = 65


class AllRejectedError(DataError):
    """Not one of the many rows that a stream has brought so far can be sent.

    Args:
        fault: What is wrong with them.
        rejects: The file of rejected rows.

    Attributes:
        fault: As above, to be shown where that file is not kept.
    """

    def __init__(self, fault: str, rejects: Path) -> None:
        self.fault = fault
        super().__init__(
            f"{fault}. The rest was not read. See the rows in {rejects}, correct field_mapping, "
            "lists_field or the data, and run again"
        )


class ContractLimitError(DataError):
    """An import would give the account more contacts than the settings allow."""


class CorrectionError(DataError):
    """A corrected CSV file cannot be read.

    Args:
        path: The file.
        faults: What is wrong with it; no fault quotes a value.

    Attributes:
        faults: A line for each.
    """

    def __init__(self, path: Path, faults: Iterable[str]) -> None:
        self.faults = tuple(f"{path}: {fault}" for fault in faults)
        super().__init__(
            f"{path} has {counted(len(self.faults), 'fault')}, so nothing was written. Correct the "
            "file, and read it again"
        )


class ApiError(TargetError):
    """The service refused a request that should not be repeated unchanged.

    Args:
        message: One line with the request, the status and the service's own words.
        status: HTTP status code.
        error_key: The service's ``error_key``, or an empty string.
    """

    def __init__(self, message: str, *, status: int, error_key: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.error_key = error_key


class ImportFailedError(TargetError):
    """An import activity ended without importing its rows."""


class InputError(TargetError):
    """A line of the input is not a Singer message that can be used."""


class InterruptedRunError(TargetError):
    """A signal asked the run to stop before the end of its input."""
