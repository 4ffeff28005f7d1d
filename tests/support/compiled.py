"""What SQLAlchemy has compiled for one store, kept for the next ones of the same kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine
from sqlalchemy.util import LRUCache

if TYPE_CHECKING:
    import pytest


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


def _shared(key: Any) -> Any:
    dialect, *others = key
    return dialect.name, *others
