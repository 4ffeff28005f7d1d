"""What a run makes of each fault of its store, as tables in docs/reference/faults.md.

As a program (`scripts/fault-tables`) it writes the tables anew; test_store_faults.py compares them,
cell by cell, with what really happens.
"""

from __future__ import annotations

import resource
import sqlite3
import tempfile
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from unittest.mock import patch

from cryptography.fernet import Fernet

from target_constant_contact.sandbox import Behaviour, Sandbox
from target_constant_contact.sandbox.control.faults import FaultBook
from target_constant_contact.store import connections, database, driver, postgres, sqlite
from tests.end_to_end import faults
from tests.end_to_end.faults import ENDPOINTS, JSON_IMPORT, PATH, Case, Endpoint, filled
from tests.support.postgres import PASSWORD, Postgres
from tests.support.stores import Store
from tests.support.target import run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

START: Final = "the run begins"
_USED: Final = ("/token", "/account/summary", "/contact_lists", JSON_IMPORT, "/activities/*")
ASKED: Final[dict[str, Endpoint]] = {
    one.title: one
    for one in ENDPOINTS
    if one.path in (*_USED, "/activities/contact_exports")
    and not one.title.startswith("read the l")
}
"""The requests while which something happens to the store."""
IMPORT: Final = next(title for title, one in ASKED.items() if one.path == JSON_IMPORT)


class Trouble:
    """A store, and what happens to it.

    Args:
        store: The store.
        server: Where it is, unless it is a file.

    Attributes:
        settings: What a run sets in place of the usual.
        heal: Ends the trouble.
        signs_in: Whether somebody has to sign in again, as tokens are lost.
    """

    def __init__(self, store: Store, server: Postgres) -> None:
        self.store, self.server = store, server
        self.settings: dict[str, Any] = {}
        self.heal: Callable[[], object] = lambda: None
        self.signs_in = False

    @property
    def _name(self) -> str:
        return str(self.store.url).rpartition("/")[2]

    @property
    def _path(self) -> Path:
        return self.store.data_dir() / "store.sqlite"

    def kill(self) -> None:
        self.server.kill()
        self.heal = self.server.start

    def freeze(self) -> None:
        self.server.freeze()
        self.heal = self.server.thaw

    def restart(self) -> None:
        self.server.kill()
        self.server.start()

    def cut_all(self) -> None:
        self.server.terminate()

    def cut_locks(self) -> None:
        self.server.terminate(only_locks=True)

    def refuse_login(self) -> None:
        self.settings["store_url"] = self.server.url(self._name, password=f"not {PASSWORD}")

    def refuse_tables(self) -> None:
        user = f"bare_{self._name}"
        self.server.execute(f"CREATE ROLE {user} LOGIN PASSWORD 'pw'")
        self.settings["store_url"] = self.server.url(self._name, user, "pw")

    def take_no_changes(self) -> None:
        setting = f"ALTER DATABASE {self._name} SET default_transaction_read_only ="
        self.server.execute(f"{setting} on")
        self.server.terminate()
        self.heal = partial(self.server.execute, f"{setting} off")

    def change_key(self) -> None:
        self.settings["store_key"] = Fernet.generate_key().decode()

    def become_newer(self) -> None:
        self._execute("UPDATE store SET version = version + 1")
        self.heal = partial(self._execute, "UPDATE store SET version = version - 1")

    def fill_disk(self) -> None:
        """No file may grow beyond what the one beside the store has by now."""
        size = max((path.stat().st_size for path in self._path.parent.glob("*-wal")), default=0)
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (max(size, 4_096), before[1]))
        self.heal = partial(resource.setrlimit, resource.RLIMIT_FSIZE, before)

    def lock(self) -> None:
        other = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        other.execute("BEGIN IMMEDIATE")
        self.heal = other.close

    def damage(self) -> None:
        kept = {path: path.read_bytes() for path in self._files()}
        for path, content in kept.items():
            path.write_bytes(b"nonsense" * (len(content) // 8 + 1))

        def put_aside() -> None:
            for path in self._files():
                path.unlink()

        self.heal, self.signs_in = put_aside, True

    def open_up(self) -> None:
        self._path.chmod(0o644)
        self.heal = partial(self._path.chmod, 0o600)

    def _files(self) -> list[Path]:
        return [path for path in self._path.parent.glob("store.sqlite*") if path.suffix != ".lock"]

    def _execute(self, statement: str) -> None:
        if self.store.url:
            self.server.execute(statement, self._name)
            return
        with closing(sqlite3.connect(self._path)) as file, file:
            file.execute(statement)


@dataclass(frozen=True)
class Kind:
    """A fault.

    Attributes:
        happens: What makes it.
        is_shared: Whether the store is on a server.
        is_used: Whether there was a run before.
        moments: When it may happen.
    """

    happens: Callable[[Trouble], object]
    is_shared: bool = True
    is_used: bool = True
    moments: tuple[str, ...] = (START, IMPORT)


LOST: Final = {
    "gone": Kind(Trouble.kill, is_used=False),
    "frozen": Kind(Trouble.freeze, is_used=False),
    "restarted": Kind(Trouble.restart, is_used=False),
    "all connections cut": Kind(Trouble.cut_all, is_used=False),
    "the lock's connections cut": Kind(Trouble.cut_locks, is_used=False),
}
"""What happens to a server while a request is on its way."""
OTHERS: Final = {
    "the server refuses the login": Kind(Trouble.refuse_login, moments=(START,)),
    "no right to make tables": Kind(Trouble.refuse_tables, is_used=False, moments=(START,)),
    "another `store_key`": Kind(Trouble.change_key, moments=(START,)),
    "tables of a newer version": Kind(Trouble.become_newer, moments=(START,)),
    "the server takes no changes": Kind(Trouble.take_no_changes),
    "the file is of a newer version": Kind(Trouble.become_newer, is_shared=False, moments=(START,)),
    "the file's disk is full": Kind(Trouble.fill_disk, is_shared=False),
    "another program locks the file": Kind(Trouble.lock, is_shared=False),
    "the file is damaged": Kind(Trouble.damage, is_shared=False),
    "others may read the file": Kind(Trouble.open_up, is_shared=False, moments=(START,)),
}


def cell(server: Postgres, kind: Kind, moment: str | None) -> str:
    """What came of a run with a fault, and of another one when that has ended."""
    with ExitStack() as running:
        folder = Path(running.enter_context(tempfile.TemporaryDirectory()))
        store = Store(folder, server.new_url() if kind.is_shared else None)
        trouble = Trouble(store, server)
        behaviour = Behaviour(seconds_to_start=0, seconds_to_finish=0)
        sandbox = running.enter_context(Sandbox(behaviour=behaviour))
        usual = faults.prepared(sandbox, folder) | store.settings()
        running.enter_context(faults.in_no_time())
        running.enter_context(_at_once())

        def sent(**settings: Any) -> Case:
            return faults.case_of(run(usual | settings, *faults.messages()), sandbox)

        before = sent() if kind.is_used else None
        try:
            with _at(moment, partial(kind.happens, trouble)):
                first = sent(**trouble.settings)
        finally:
            trouble.heal()
        if trouble.signs_in or first.exit_code == 77:
            usual["refresh_token"] = sandbox.mint_refresh_token(client_id=faults.CLIENT)
        expected = undisturbed()
        if before:
            rows = before.rows_imported + expected.rows_imported
            expected = replace(expected, rows_imported=rows)
        told = first.cell(expected, counts_requests=False)
        if told.startswith("done"):
            return told
        return f"{told}, then {sent().cell(expected, counts_requests=False)}"


@cache
def undisturbed() -> Case:
    """What comes of a run without a fault."""
    return faults.undisturbed(ENDPOINTS[0])


@contextmanager
def _at(moment: str | None, happens: Callable[[], object]) -> Iterator[None]:
    """Let something happen when a run begins, or the first time that a request is on its way."""
    if moment == START:
        happens()
        yield
        return
    endpoint, real, left = ASKED[moment], FaultBook.meet, [True]
    path = endpoint.path.removesuffix("*")

    def meet(book: FaultBook, method: str, asked: str) -> Any:
        is_it = path in asked if path != endpoint.path else asked.endswith(path)
        if left and method == endpoint.method and is_it:
            left.clear()
            happens()
        return real(book, method, asked)

    with patch.object(FaultBook, "meet", meet):
        yield


@contextmanager
def _at_once() -> Iterator[None]:
    """Give a store up after parts of a second."""
    with (
        patch.object(database, "PAUSES", (0.01,)),
        patch.object(connections, "_INSISTING", (0.01,)),
        patch.object(driver.PatientConnection, "patience", 0.3),
        patch.object(postgres, "_CONNECT_SECONDS", 1),
        patch.object(sqlite, "_BUSY_SECONDS", 0.2),
    ):
        yield


def table_of_losses(server: Postgres) -> str:
    """The table of what happens to a server while a request is on its way."""
    lines = [f"| while | {' | '.join(LOST)} |", f"| --- |{' --- |' * len(LOST)}"]
    for moment in (START, *ASKED):
        cells = [cell(server, kind, moment) for kind in LOST.values()]
        lines.append(f"| {moment} | {' | '.join(cells)} |")
    return "".join(f"{line}\n" for line in lines)


def table_of_others(server: Postgres) -> str:
    """The table of the other faults of both."""
    lines = [f"| fault | {START} | {IMPORT} |", "| --- | --- | --- |"]
    for name, kind in OTHERS.items():
        cells = [
            cell(server, kind, moment) if moment in kind.moments else ""
            for moment in (START, IMPORT)
        ]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "".join(f"{line}\n" for line in lines)


def main() -> None:
    """Write the tables into docs/reference/faults.md."""
    text = PATH.read_text(encoding="utf-8")
    with Postgres() as server:
        text = filled(text, "store lost", table_of_losses(server))
        text = filled(text, "store", table_of_others(server))
    PATH.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
