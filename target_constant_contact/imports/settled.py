"""An import that has come to its end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from target_constant_contact.api.models import Activity
    from target_constant_contact.batches.batch import ImportBatch
    from target_constant_contact.ledger.settlement import Settlement


@dataclass(frozen=True, slots=True)
class SettledImport:
    """A batch whose import is completed.

    Attributes:
        batch: The batch, maybe without what it said.
        activity: Its activity, with the service's counters.
        settlement: What became of its rows.
        body: Reads what was sent, as long as it is being settled.
        seconds: From the submission to the poll that saw it completed.
        taken_up: An interrupted run had sent it; this one has not.
    """

    batch: ImportBatch
    activity: Activity
    settlement: Settlement
    body: Callable[[], bytes]
    seconds: float = 0.0
    taken_up: bool = False
