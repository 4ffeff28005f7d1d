"""An import that has come to its end."""

from __future__ import annotations

from dataclasses import dataclass, replace
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
        batch: What was sent, maybe without its body.
        activity: Its activity, with the service's counters.
        settlement: What became of its rows.
        seconds: From the submission to the poll that saw it completed.
        taken_up: An interrupted run had sent it; this one has not.
        read: Reads the body that was sent while it is being settled; None when the batch has it.
    """

    batch: ImportBatch
    activity: Activity
    settlement: Settlement
    seconds: float = 0.0
    taken_up: bool = False
    read: Callable[[], bytes] | None = None

    def whole(self) -> ImportBatch:
        """The batch with its body.

        Raises:
            StorageError: It cannot be read.
        """
        return replace(self.batch, body=self.read()) if self.read else self.batch
