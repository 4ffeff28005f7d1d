"""Connections to a PostgreSQL server that do not wait for ever."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

import psycopg

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

STATEMENT_SECONDS: Final = 10
PATIENCE: Final = 5.0
"""Longer than that. A server that stands still says nothing, and its system goes on telling that it
is there, so no setting of the network notices it."""

_IDLE_SINCE: Final = 140_000


class PatientConnection(psycopg.Connection[Any]):
    """A connection that is given up when the server has not answered for long.

    Attributes:
        patience: Seconds that it waits for an answer.
    """

    patience = STATEMENT_SECONDS + PATIENCE

    def wait(self, gen: Generator[Any, Any, Any], *arguments: Any, **options: Any) -> Any:
        """Wait for the server, as all that is asked of it does."""
        return super().wait(self._limited(gen), *arguments, **options)

    def _limited(self, gen: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
        until = time.monotonic() + self.patience
        try:
            awaited = next(gen)
            while True:
                # Nothing, time and again, while there is no answer.
                ready = yield awaited
                if not ready and time.monotonic() >= until:
                    self.pgconn.finish()
                    raise psycopg.OperationalError("the server does not answer")
                awaited = gen.send(ready)
        except StopIteration as ended:
            return ended.value


def connect(
    _dialect: object, _record: object, arguments: Sequence[Any], options: Mapping[str, Any]
) -> PatientConnection:
    """Open a connection: what SQLAlchemy asks for."""
    connection = PatientConnection.connect(*arguments, **options)
    try:
        connection.execute(_session(connection.info.server_version))
        connection.commit()
    except BaseException:
        connection.close()
        raise
    return connection


def _session(version: int) -> str:
    """What a connection sets, whatever the database and its users have by default."""
    return (
        f"SET statement_timeout = '{STATEMENT_SECONDS}s';"
        # A machine that is gone without a word holds its locks until the server has noticed that,
        # which takes two hours where nothing is set.
        "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5;"
        "SET tcp_keepalives_count = 3;"
        # Who waits for others goes on with what they have left.
        "SET default_transaction_isolation = 'read committed';"
        # What is committed has to be there after a crash.
        "SELECT set_config('synchronous_commit', 'on', false)"
        " WHERE current_setting('synchronous_commit') = 'off';"
        # A lock may be held for hours with nothing to write.
        + "SET idle_session_timeout = 0"
        * (version >= _IDLE_SINCE)
    )
