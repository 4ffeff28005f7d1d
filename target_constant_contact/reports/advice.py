"""What would make the next run need fewer requests."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from target_constant_contact.contacts.contact import property_faults
from target_constant_contact.log_fields import Line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from target_constant_contact.batches.batch import BatchLimits, ImportBatch, ImportFormat, Route
    from target_constant_contact.mapping.field_mapping import FieldMapping

_FULL: Final = 0.9
"""Share of the limit from which on a batch was sent because it was full. Others were sent for
another reason, and would be in any format."""


@dataclass(slots=True)
class _Sent:
    """Full batches of one slot, and what they would be as CSV."""

    batches: int = 0
    rows: int = 0
    csv_size: int = 0


class FormatAdvice:
    """Compares the requests of a run with those that CSV files would need.

    Args:
        limits: What one batch may hold.
        import_format: The format of the run; there is no advice about one that is CSV already.
    """

    def __init__(self, limits: BatchLimits, import_format: ImportFormat) -> None:
        self._limits = limits
        self._is_json = import_format == "json"
        self._mappings: dict[str, FieldMapping] = {}
        self._sent: dict[Route, _Sent] = defaultdict(_Sent)

    def know(self, stream: str, mapping: FieldMapping) -> None:
        """Note the mapping of a stream."""
        self._mappings[stream] = mapping

    def note(self, batch: ImportBatch) -> None:
        """Count a batch that is sent."""
        rows, size = batch.rows / self._limits.rows, len(batch.body) / self._limits.size
        if self._is_json and max(rows, size) >= _FULL:
            sent = self._sent[batch.destination, batch.sms_permission]
            sent.batches += 1
            sent.rows += batch.rows
            sent.csv_size += batch.csv_size

    def lines(self) -> Iterator[str]:
        """Advice, a line for each stream that it is about."""
        as_json: dict[str, int] = defaultdict(int)
        as_csv: dict[str, int] = defaultdict(int)
        for (destination, _), sent in self._sent.items():
            as_json[destination.stream] += sent.batches
            as_csv[destination.stream] += self._csv_requests(sent)
        for stream, requests in as_json.items():
            if self._allows_csv(stream) and as_csv[stream] < requests:
                yield Line(
                    f"import_format: csv would bring the members of {stream} in about "
                    f"{as_csv[stream]:,} full requests instead of {requests:,}",
                    stream=stream,
                    imports=requests,
                )

    def _allows_csv(self, stream: str) -> bool:
        """Whether the same would be sent as CSV."""
        mapping = self._mappings[stream]
        return not mapping.keeps_lines and not property_faults(mapping.fields, import_format="csv")

    def _csv_requests(self, sent: _Sent) -> int:
        # The header line counts as a row.
        by_rows = sent.rows / max(self._limits.rows - 1, 1)
        return math.ceil(max(by_rows, sent.csv_size / self._limits.size))
