"""Batches that are sent as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from typing_extensions import override

from target_constant_contact.batches.csv_batch import CsvBatch
from target_constant_contact.batches.open_batch import Load, OpenBatch
from target_constant_contact.contacts.encoding import encode_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_TAIL: Final = b"]}"
_SAMPLE: Final = 25
"""Contacts from which the size of a CSV file is estimated."""


class JsonBatch(OpenBatch):
    """Contacts for ``POST /activities/contacts_json_import``.

    The size is that of the head, every contact, the commas between them, and the tail.
    """

    __slots__ = ("_empty", "_head")

    @override
    def _begin(self) -> None:
        request: dict[str, object] = {"list_ids": self.destination.list_ids}
        if self.sms_permission:
            request["sms_permission_to_send"] = self.sms_permission
        self._head = encode_json(request)[:-1] + b',"import_data":['
        # The last contact has no comma.
        self._empty = len(self._head) + len(_TAIL) - 1

    @override
    @classmethod
    def weigh(cls, contacts: Sequence[bytes]) -> Load:
        lengths = list(map(len, contacts))
        return Load(lengths, sum(lengths), {})

    @override
    def _overhead(self, columns: Mapping[str, None]) -> tuple[int, int]:
        return self._empty, 1

    @property
    @override
    def columns(self) -> Mapping[str, None]:
        return {}

    @override
    def make_room(self, columns: Mapping[str, None]) -> None:
        pass

    @override
    def _body(self, contacts: list[bytes]) -> bytes:
        # The ends go to the first and the last contact, so that the body is copied once.
        first, last = self._head + contacts[0], contacts[-1]
        if len(contacts) == 1:
            return first + _TAIL
        return b",".join((first, *contacts[1:-1], last + _TAIL))

    @override
    def _csv_size(self, contacts: Sequence[bytes]) -> int:
        rows = len(contacts)
        sample = contacts[:: max(1, rows // _SAMPLE)]
        load = CsvBatch.weigh(sample)
        empty, row = CsvBatch.overhead_of(load.columns)
        return empty + rows * row + load.total * rows // len(sample)
