"""A run without the sending: what the target would do with a tap's output."""

from __future__ import annotations

import logging
import tempfile
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

from singer_sdk.exceptions import SingerSDKError
from typing_extensions import override

from target_constant_contact.checks.results import failures
from target_constant_contact.exceptions import DataError, StorageError, TargetError
from target_constant_contact.run.run import Run
from target_constant_contact.singer.streams import Streams
from target_constant_contact.singer.target import TargetConstantContact

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from target_constant_contact.account.account import Account
    from target_constant_contact.reports.report import Report
    from target_constant_contact.run.hooks import Hooks
    from target_constant_contact.singer.plan import StreamPlan
    from target_constant_contact.singer.streams import Host

_NOISY: Final = (TargetConstantContact.name, "singer_sdk.metrics")


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What came of a rehearsal.

    Attributes:
        plans: Streams that would be sent.
        removed: Streams that stream maps drop.
        faults: Why a stream cannot be sent, by its name.
        missed_maps: Lines about stream maps that no stream has matched.
        report: The counts; ``unsettled`` are the rows that a run would send.
        error: What ended the input early; None when all of it was read.
    """

    plans: tuple[StreamPlan, ...]
    removed: tuple[str, ...]
    faults: Mapping[str, Exception]
    missed_maps: tuple[str, ...]
    report: Report
    error: Exception | None


def rehearse(config: Mapping[str, Any], account: Account, messages: IO[str]) -> Rehearsed:
    """Let Singer messages go through the target; nothing is sent, and nothing is left on disk.

    Args:
        config: The settings as Singer passes them.
        account: The account, opened with ``dry_run``.
        messages: What the tap wrote.

    Raises:
        ConfigValidationError: The settings do not allow a run.
        OSError: There is no room for temporary files.
    """
    with aside() as folder:
        target = Rehearsal(config, account, folder)
        return target.outcome(heard(target, messages))


@contextmanager
def aside(least: int = logging.CRITICAL) -> Iterator[Path]:
    """A folder that does not last, and a log without the lines of a run below a level."""
    with tempfile.TemporaryDirectory(prefix="target-constant-contact-") as folder, _quietly(least):
        yield Path(folder)


def heard(target: Rehearsal, messages: IO[str]) -> Exception | None:
    """Let messages go through a rehearsal; return what has ended it early.

    Raises:
        OSError: There is no room for temporary files.
    """
    try:
        target.listen(messages)
    except StorageError as caught:
        # Not in data_dir.
        raise caught.__cause__ or caught from None
    except (TargetError, SingerSDKError) as caught:
        return caught
    return None


def faults(rehearsed: Rehearsed) -> Iterator[tuple[str, int]]:
    """Why streams cannot be sent, and what has ended the input early, with exit codes."""
    for stream, reason in rehearsed.faults.items():
        named = f"stream {stream!r}"
        for each in failures("", reason):
            detail = each.detail if named in each.detail else f"{named}: {each.detail}"
            yield detail, each.exit_code
    if rehearsed.error:
        yield from ((each.detail, each.exit_code) for each in failures("", rehearsed.error))
    for line in rehearsed.missed_maps:
        yield line, 0


class RehearsedStreams(Streams):
    """The streams of a rehearsal: one that cannot be sent does not keep it from the others.

    Attributes:
        faults: Why a stream cannot be sent, by its name.
    """

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        self.faults: dict[str, Exception] = {}

    @override
    def register(self, message: dict[str, Any]) -> None:
        try:
            super().register(message)
        except (TargetError, SingerSDKError) as error:
            self.faults[message["stream"]] = error

    @override
    def process(self, message: dict[str, Any]) -> None:
        if message["stream"] not in self.faults:
            super().process(message)

    def usable(self) -> Iterator[str]:
        """Streams whose SCHEMA was taken."""
        return (stream for stream in self if stream not in self.faults)


class Rehearsal(TargetConstantContact):
    """The target up to the sending.

    Args:
        config: The settings as Singer passes them.
        account: The account, opened with ``dry_run``; it stays open.
        folder: A folder that does not last.
    """

    streams: RehearsedStreams

    def __init__(self, config: Mapping[str, Any], account: Account, folder: Path) -> None:
        super().__init__(config={**config, "dry_run": True})
        self._opened = account
        self._folder = folder

    @override
    def open_streams(self) -> RehearsedStreams:
        return RehearsedStreams(self)

    @override
    def open_run(self, hooks: Hooks) -> Run:
        """A run that leaves nothing in ``data_dir``, and writes no row anywhere."""
        return Run(self.settings, self._opened, self._folder, replace(hooks, encode=None))

    @override
    def begin(self) -> None:
        """Learn who may not be sent. The account was checked before, with a line for each fault."""
        self.run.withholding.learn()

    @override
    def close(self) -> None:
        """Nothing: the account is still needed."""

    @override
    def process_endofpipe(self) -> None:
        # The report says so too, and in words that fit a rehearsal.
        with suppress(DataError):
            super().process_endofpipe()

    def outcome(self, error: Exception | None) -> Rehearsed:
        """What came of it, with the error that ended it early."""
        usable = tuple(self.streams.usable())
        names = [each.stream_alias for stream in usable for each in self.streams.maps(stream)]
        return Rehearsed(
            plans=tuple(self.streams.sink(name).plan for name in dict.fromkeys(names)),
            removed=tuple(stream for stream in usable if not self.streams.maps(stream)),
            faults=self.streams.faults,
            missed_maps=tuple(self.streams.missed_maps()),
            report=self.run.report,
            error=error,
        )

    @override
    def _setup_signal_handlers(self) -> None:
        """Leave Ctrl-C to the command: there is nothing to settle."""


@contextmanager
def _quietly(least: int) -> Iterator[None]:
    """Keep the log lines of a run out of the answer's way."""

    def matters(record: logging.LogRecord) -> bool:
        return record.levelno >= least

    loggers = [logging.getLogger(name) for name in _NOISY]
    for logger in loggers:
        logger.addFilter(matters)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeFilter(matters)
