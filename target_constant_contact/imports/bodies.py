"""What batches say, as long as it is needed and is not being sent."""

from __future__ import annotations

import errno
import os
import threading
from array import array
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from target_constant_contact.batches.fingerprints import Fingerprints

if TYPE_CHECKING:
    from target_constant_contact.batches.batch import ImportBatch
    from target_constant_contact.imports.spool import Place, Spool

_NOTHING: Final = Fingerprints(array("Q"), array("I"))


def without_content(batch: ImportBatch) -> ImportBatch:
    """A batch without what it says: what is left of it once it is sent."""
    return replace(batch, body=b"", fingerprints=_NOTHING)


class Bodies:
    """Keeps what batches say: of those that wait for others, and of those that were sent.

    Args:
        spool: Where it is kept.
        for_explanations: Whether what was sent is needed until it is settled.
    """

    def __init__(self, spool: Spool, *, for_explanations: bool) -> None:
        self._spool = spool
        self._for_explanations = for_explanations
        self._aside: dict[int, tuple[Place, Place]] = {}
        self._sent: dict[int, Place] = {}
        self._lock = threading.Lock()

    def set_aside(self, batch: ImportBatch) -> ImportBatch:
        """Keep what a batch says that has to wait; the batch is returned without it.

        Raises:
            StorageError: It cannot be written.
        """
        places = self._spool.put(batch.body), self._spool.put(batch.fingerprints.to_bytes())
        with self._lock:
            self._aside[batch.number] = places
        return without_content(batch)

    def take_back(self, batch: ImportBatch) -> ImportBatch:
        """The batch as it was before it was set aside, if it was.

        Raises:
            StorageError: It cannot be read.
            OSError: What was read is not what was written.
        """
        with self._lock:
            places = self._aside.pop(batch.number, None)
        if not places:
            return batch
        body, said = map(self._spool.fetch, places)
        for place in places:
            self._spool.forget(place)
        fingerprints = Fingerprints.from_bytes(said)
        if fingerprints is None:
            # Without them, the next run would let an older value stand.
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return replace(batch, body=body, fingerprints=fingerprints)

    def keep(self, batch: ImportBatch) -> None:
        """Keep what is going to be sent, if it is needed afterwards.

        Raises:
            StorageError: It cannot be written.
        """
        if self._for_explanations and batch.number not in self._sent:
            place = self._spool.put(batch.body)
            with self._lock:
                self._sent[batch.number] = place

    def read(self, number: int) -> bytes:
        """What was sent.

        Raises:
            KeyError: It was not kept, or is forgotten.
            StorageError: It cannot be read.
        """
        return self._spool.fetch(self._sent[number])

    def forget(self, number: int) -> None:
        """Keep what was sent no longer."""
        with self._lock:
            place = self._sent.pop(number, None)
        if place is not None:
            self._spool.forget(place)

    def close(self) -> None:
        """Forget everything."""
        self._spool.close()
