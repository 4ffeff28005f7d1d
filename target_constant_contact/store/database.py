"""The database that the store is in: a file of this machine, or a server for many machines."""

from __future__ import annotations

import logging
import math
import time
from abc import ABC, abstractmethod
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, ClassVar, Final, TypeVar

from sqlalchemy import Double, bindparam, cast, extract, func, select
from sqlalchemy.exc import SQLAlchemyError

from target_constant_contact.exceptions import TryLaterError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from typing import Literal

    from sqlalchemy import Connection, Engine, Insert, Update
    from sqlalchemy.sql.elements import ColumnElement

    from target_constant_contact.exceptions import TargetError
    from target_constant_contact.store.cipher import Cipher

    Change = Insert | Update
    Now = float | ColumnElement[float]

PAUSES: Final = (0.25, 0.5, 1.0, 2.0)
"""Seconds between the tries of a step: a server that is started again is back by then."""

_TIME: Final = cast(extract("epoch", func.clock_timestamp()), Double)
"""A server's clock at this moment of a statement, not at its beginning: it may wait for others."""
_TOLD: Final = bindparam("now", type_=Double)

Result = TypeVar("Result")

# With the level of all other loggers it would log every row that is read, tokens among them.
logging.getLogger("sqlalchemy").setLevel(logging.WARNING)
# And where somebody gives it a level of its own, it logs what it does, and not the rows.
logging.getLogger("sqlalchemy.engine.Engine").addFilter(
    lambda record: not str(record.msg).startswith("Row ")
)


class Held(ABC):
    """Locks that are held, and the way to the database that they protect."""

    @abstractmethod
    def take(self, what: str, seconds: float) -> bool:
        """Hold one more; False when somebody else has held it for so long."""

    @abstractmethod
    def transaction(self, *, durable: bool = True) -> AbstractContextManager[Connection]:
        """A transaction, as the database has them; it fails when the locks were lost."""

    @abstractmethod
    def write(self, changes: Callable[[Now], Sequence[Change]], *, durable: bool = True) -> float:
        """Make changes in one step, all or none; it fails when the locks were lost.

        Args:
            changes: Gets the time, as a number or as what tells it in a statement. None of them
                may depend on what another one has changed.
            durable: As in `Database.transaction`.

        Returns:
            That time, by the database's clock.
        """

    @property
    def can_be_lost(self) -> bool:
        """Whether the locks may be lost while the process lives."""
        return False


class Database(ABC):
    """Where the store is. Any number of threads and processes may use it.

    Attributes:
        kind: SQLAlchemy's name of the dialect.
        place: What may be shown of where it is.
        clock: Tells the database's time as a Unix timestamp; None when the database has a clock of
            its own.
        cipher: Encrypts what is secret in it; None where only its owner can read it.

    Raises:
        TargetError: From every method: the database cannot be used. No such line has a password
            in it.
    """

    kind: ClassVar[Literal["sqlite", "postgresql"]]

    def __init__(
        self,
        engine: Engine,
        place: str,
        *,
        clock: Callable[[], float] | None,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self.place = place
        self.clock = clock
        self.cipher: Cipher | None = None
        self._engine = engine
        self._sleep = sleep

    @contextmanager
    def transaction(self, *, durable: bool = True, reads: bool = False) -> Iterator[Connection]:
        """One transaction, which nobody else can come between where the database is a file.

        Args:
            durable: What it has done would outlive a crash of the machine. Where it need not, as
                with counts, a file is written faster.
            reads: It only reads, and sees to its end what was there at its beginning, while others
                write.
        """
        try:
            with self._begun(durable=durable, reads=reads) as connection:
                yield connection
        except (SQLAlchemyError, OSError) as error:
            explained = self._explained(error)
        else:
            return
        # Not within `except`: what the library says may hold more than is to be shown.
        raise explained

    def run(
        self,
        step: Callable[[Connection], Result],
        *,
        durable: bool = True,
        alone: bool = False,
        reads: bool = False,
        longest: float = math.inf,
    ) -> Result:
        """Do a step in a transaction; from its start again while the database cannot be reached.

        Args:
            step: May be done twice: when the answer to its commit is lost.
            durable: As in `transaction`.
            alone: Each statement is whole in itself, so a server needs no transaction around them,
                which saves two ways to it.
            reads: As in `transaction`.
            longest: Seconds after which it is not tried again.
        """
        until = time.monotonic() + longest
        for pause in (*PAUSES, None):
            try:
                with self._begun(durable=durable, alone=alone, reads=reads) as connection:
                    return step(connection)
            except (SQLAlchemyError, OSError) as error:
                explained = self._explained(error)
            if pause is None or not isinstance(explained, TryLaterError):
                break
            if time.monotonic() >= until:
                break
            self._sleep(pause)
        raise explained

    @property
    def name(self) -> str:
        """What it is called in a line for people."""
        return f"the store at {self.place}"

    def now(self, connection: Connection) -> float:
        """The time by the database's clock, which all who use the database share."""
        return self.clock() if self.clock else float(connection.scalar(select(_TIME)) or 0.0)

    @property
    def now_clause(self) -> ColumnElement[float]:
        """The same, told within a statement; its parameter ``now`` where that is no server's."""
        return _TOLD if self.clock else _TIME

    @abstractmethod
    def has_tables(self, connection: Connection) -> bool:
        """Whether anybody has made the tables of the store."""

    @abstractmethod
    def lock_out_others(self, connection: Connection) -> None:
        """Let nobody else make tables before this transaction has ended."""

    @abstractmethod
    def make_schema(self, connection: Connection) -> None:
        """Make what the tables are to be in, if it is missing."""

    @abstractmethod
    def holding(self) -> AbstractContextManager[Held]:
        """What holds no lock yet, and frees at the end what it has taken."""

    @contextmanager
    def lock(self, what: str, seconds: float) -> Iterator[Held | None]:
        """Keep all others, on all machines, from holding the same; a crash frees it.

        Args:
            what: What is locked, such as a connection.
            seconds: How long to wait for somebody else.

        Returns:
            None when somebody else has held it for so long.
        """
        with self.holding() as held:
            yield held if held.take(what, seconds) else None

    def making(self) -> AbstractContextManager[None]:
        """Tables are being made: an error of rights is of making, not of using."""
        return nullcontext()

    @contextmanager
    def forgetting(self, held: Held) -> Iterator[Connection]:
        """A transaction of locks: nothing of what it deletes is left where it could be read."""
        # A server has nothing in clear.
        with held.transaction() as connection:
            yield connection

    def shrink(self) -> None:  # noqa: B027 - a server does it by itself
        """Give the disk back what was deleted, where that is cheap."""

    def close(self) -> None:
        """Close the connections. What was stored stays."""
        self._engine.dispose()

    @abstractmethod
    def _begun(
        self, *, durable: bool, alone: bool = False, reads: bool = False
    ) -> AbstractContextManager[Connection]:
        """A connection with a transaction begun, committed at the end and undone by an error."""

    @abstractmethod
    def _explained(self, error: Exception) -> TargetError:
        """An error line of ours, in the place of the library's."""
