"""Which open batches hold an address."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from target_constant_contact.batch import OpenBatch


class Holders:
    """The open batches by the addresses in them.

    A run to one list has one open batch, which knows its addresses itself. An index is kept only
    while there are more.
    """

    def __init__(self) -> None:
        self._batches: list[OpenBatch] = []
        self._index: dict[str, tuple[OpenBatch, ...]] | None = None

    def of(self, key: str) -> tuple[OpenBatch, ...]:
        """The batches that hold an address, in the order in which they got it."""
        if self._index is not None:
            return self._index.get(key, ())
        return tuple(batch for batch in self._batches if key in batch.contacts)

    def hold_none(self, keys: Iterable[str]) -> bool:
        """Whether no batch holds any of these addresses."""
        if self._index is not None:
            return self._index.keys().isdisjoint(keys)
        return all(batch.contacts.keys().isdisjoint(keys) for batch in self._batches)

    def opened(self, batch: OpenBatch) -> None:
        """Note a new batch, before anything is put into it."""
        self._batches.append(batch)
        if len(self._batches) > 1 and self._index is None:
            self._index = {key: (held,) for held in self._batches for key in held.contacts}

    def closed(self, batch: OpenBatch) -> None:
        """Forget a batch with all its addresses."""
        self._batches.remove(batch)
        if len(self._batches) <= 1:
            self._index = None
        elif self._index is not None:
            held = list(map(self._index.pop, batch.contacts))
            if held and max(map(len, held)) > 1:
                for key, batches in zip(batch.contacts, held, strict=True):
                    if len(batches) > 1:
                        self._index[key] = tuple(other for other in batches if other is not batch)

    def added(self, key: str, batch: OpenBatch) -> None:
        """Note an address that was put into a batch."""
        if self._index is not None:
            self._index[key] = (*self._index.get(key, ()), batch)

    def added_all(self, keys: Iterable[str], batch: OpenBatch) -> None:
        """Note addresses that no batch held before."""
        if self._index is not None:
            self._index.update(dict.fromkeys(keys, (batch,)))

    def added_each(self, keys: Iterable[str], holders: Iterable[tuple[OpenBatch]]) -> None:
        """Note addresses that no batch held before, with the batch that holds each of them."""
        if self._index is not None:
            self._index.update(zip(keys, holders, strict=True))

    def removed(self, key: str, batch: OpenBatch) -> None:
        """Note an address that was taken out of a batch, and maybe put into another."""
        if self._index is not None:
            others = tuple(other for other in self._index[key] if other is not batch)
            if others:
                self._index[key] = others
            else:
                del self._index[key]
