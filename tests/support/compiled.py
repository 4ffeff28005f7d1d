"""What SQLAlchemy has compiled for one store, kept for the next ones of the same kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, event
from sqlalchemy.util import LRUCache

from target_constant_contact.store.schema import METADATA

if TYPE_CHECKING:
    import pytest
    from sqlalchemy import Connection


class _Compiled(LRUCache[Any, Any]):
    """By the name of the dialect, of which each engine has one of its own."""

    def get(self, key: Any, default: Any = None) -> Any:
        return super().get(_shared(key), default)

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(_shared(key), value)


def share_compiled(patch: pytest.MonkeyPatch) -> None:
    """Let all engines that are made from now on share what they compile."""
    compiled = _Compiled(500)
    # Each engine would set one of its own.
    shared = property(lambda _: compiled, lambda *_: None)
    patch.setattr(Engine, "_compiled_cache", shared, raising=False)
    # What makes tables, SQLAlchemy compiles each time.
    patch.setattr(METADATA, "create_all", _Tables().make)


class _Tables:
    """The statements that make the tables of a store, by what they are for."""

    def __init__(self) -> None:
        self._create_all = METADATA.create_all
        self._statements: dict[tuple[str, str], list[str]] = {}

    def make(self, connection: Connection, *, checkfirst: bool) -> None:
        schemas = connection.get_execution_options().get("schema_translate_map")
        made = self._statements.get(place := (connection.dialect.name, str(schemas)))
        if made is not None:
            for statement in made:
                connection.exec_driver_sql(statement)
            return
        made = []

        def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
            made.append(statement)

        event.listen(connection, "before_cursor_execute", note)
        self._create_all(connection, checkfirst=checkfirst)
        event.remove(connection, "before_cursor_execute", note)
        self._statements[place] = made


def _shared(key: Any) -> Any:
    dialect, *others = key
    return dialect.name, *others
