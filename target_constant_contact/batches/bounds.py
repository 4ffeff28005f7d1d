"""What the open batches of a run may hold, and the kinds of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from target_constant_contact.batches.csv_batch import CsvBatch
from target_constant_contact.batches.json_batch import JsonBatch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_constant_contact.batches.batch import ImportFormat
    from target_constant_contact.batches.open_batch import OpenBatch

OPEN_BYTES: Final = 16_000_000
"""Encoded bytes that all open batches may hold together in memory."""
OPEN_ROWS: Final = 100_000
"""Contacts that all open batches may hold together (about 200 bytes of bookkeeping each)."""
OPEN_BATCHES: Final = 10_000
"""Open batches, whose contacts may be put aside; an account has at most 1,000 lists."""
UNSETTLED_ROWS: Final = 6_000_000
"""Rows that are put aside or were sent, and are not settled: 5 bytes of each stay in memory."""
BATCH_TYPES: Final[Mapping[ImportFormat, type[OpenBatch]]] = {"json": JsonBatch, "csv": CsvBatch}
