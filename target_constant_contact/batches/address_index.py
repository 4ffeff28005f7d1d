"""Which open batches hold an address."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from target_constant_contact.batches.open_batch import OpenBatch


class AddressIndex:
    """The open batches by the addresses in them.

    Nearly every address is in one batch, so only those that are in several cost a tuple.
    """

    def __init__(self) -> None:
        # Without open batches, all addresses are forgotten at once and not one by one.
        self._batches = 0
        self._index: dict[str, OpenBatch | tuple[OpenBatch, ...]] = {}

    def of(self, key: str) -> tuple[OpenBatch, ...]:
        """The batches that hold an address, in the order in which they got it."""
        held = self._index.get(key, ())
        return held if isinstance(held, tuple) else (held,)

    def known(self, keys: Iterable[str]) -> set[str]:
        """Those of some addresses that are in a batch."""
        return self._index.keys() & keys if self._index else set()

    def opened(self) -> None:
        """Note that there is a new batch."""
        self._batches += 1

    def closed(self, batch: OpenBatch) -> None:
        """Forget a batch with all its addresses."""
        self._batches -= 1
        if not self._batches:
            self._index = {}
            return
        keys = batch.contacts.keys
        held = list(map(self._index.pop, keys))
        if held.count(batch) < len(held):
            for key, batches in zip(keys, held, strict=True):
                self._keep(key, batches, batch)

    def added(self, key: str, batch: OpenBatch) -> None:
        """Note an address that was put into a batch."""
        held = self.of(key)
        self._index[key] = (*held, batch) if held else batch

    def are_new(self, keys: Iterable[str]) -> bool:
        """Whether none of some addresses is in a batch."""
        return self._index.keys().isdisjoint(keys)

    def add_new(self, holding: Mapping[str, OpenBatch]) -> None:
        """Note addresses that are new, and in one batch each."""
        self._index.update(holding)

    def removed(self, key: str, batch: OpenBatch) -> None:
        """Note an address that was taken out of a batch, and maybe put into another."""
        self._keep(key, self._index.pop(key), batch)

    def _keep(self, key: str, held: OpenBatch | tuple[OpenBatch, ...], without: OpenBatch) -> None:
        """Note the batches that hold an address, without one of them."""
        if isinstance(held, tuple):
            others = tuple(batch for batch in held if batch is not without)
            self._index[key] = others[0] if len(others) == 1 else others
