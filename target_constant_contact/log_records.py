"""What stands in the records of the log: nothing that must not be shown, whoever logs it.

A record is more than its message: formatters of JSON, as those under Meltano, also show what is in
`extra` and what an exception says.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from target_constant_contact.redaction import redacted, shown

_OWN: Final = frozenset({*vars(logging.makeLogRecord({})), "message", "asctime", "taskName"})
"""What every record has, beside what is in its `extra`."""


def redact_log() -> None:
    """Have every log record of this process redacted when it is made, whoever logs it.

    That is its message, and its exception with those that led to it. Its `extra` comes later: what
    this program puts there goes through :func:`~.log_fields.fields`, and for that of others there
    is :func:`redact_handlers`.
    """
    make = logging.getLogRecordFactory()
    if getattr(make, "redacts", False):
        return

    def make_redacted(*args: Any, **options: Any) -> logging.LogRecord:
        record = make(*args, **options)
        message = record.getMessage()
        line = redacted(message)
        # Others may look at the arguments, so they stay where there was nothing to do.
        if line != message:
            record.msg, record.args = line, None
        if record.exc_info and not record.exc_text:
            trace = logging.Formatter().formatException(record.exc_info)
            record.exc_text = "\n".join(map(redacted, trace.splitlines()))
        if record.exc_info and (error := record.exc_info[1]):
            stand_in = _redacted_error(error)
            record.exc_info = type(stand_in), stand_in, record.exc_info[2]
        return record

    make_redacted.redacts = True  # type: ignore[attr-defined]
    logging.setLogRecordFactory(make_redacted)


def redact_handlers(program: str) -> None:
    """Have the log's handlers redact what others have put into the `extra` of a record, too.

    They are the first to see all of it. They also say which program a record is of, where nobody
    has said that.

    Args:
        program: Name of the program.
    """
    root = logging.getLogger()
    # A log configuration may give some to any logger.
    for logger in (root, *map(logging.getLogger, [*root.manager.loggerDict])):
        for handler in logger.handlers:
            handler.addFilter(_Redacting(program))


@dataclass(frozen=True, slots=True)
class _Redacting:
    """A filter of handlers; two for one program are one."""

    program: str

    def filter(self, record: logging.LogRecord) -> bool:
        members = vars(record)
        for name in members.keys() - _OWN:
            members[name] = shown(members[name])
        members.setdefault("app_name", self.program)
        return True


def _redacted_error(error: BaseException, led_to: frozenset[int] = frozenset()) -> BaseException:
    """An exception of the same name and from the same place, which says only what may be shown.

    Args:
        error: The exception.
        led_to: Those that it has led to: somebody may have raised one from itself.
    """
    kind = type(error)
    alike = type(kind.__name__, (Exception,), {"__module__": kind.__module__})
    words = "<exception str() failed>"
    with suppress(Exception):
        words = redacted(str(error))
    stand_in: BaseException = alike(words)
    stand_in.__traceback__ = error.__traceback__
    led_to |= {id(error)}
    cause, context = error.__cause__, error.__context__
    if cause and id(cause) not in led_to:
        stand_in.__cause__ = _redacted_error(cause, led_to)
    elif context and not error.__suppress_context__ and id(context) not in led_to:
        stand_in.__context__ = _redacted_error(context, led_to)
    return stand_in
