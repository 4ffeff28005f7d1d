"""Decides which open batches need fewer imports when they are packed by list.

The number of imports decides: requests are limited, and a contact that comes twice with the same
values is harmless. The least number is hard to find, so two steps come near to it and never need
more imports than there are batches.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from target_constant_contact.batches.batch import Destination
from target_constant_contact.batches.list_group import ListGroup
from target_constant_contact.batches.spilling import largest_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from target_constant_contact.batches.batch import Route
    from target_constant_contact.batches.list_group import NewBatch
    from target_constant_contact.batches.open_batch import OpenBatch


def groups_by_list(batches: Iterable[OpenBatch], new_batch: NewBatch) -> Iterator[ListGroup]:
    """The batches that need fewer imports by list, at most one group for each kind of them.

    Args:
        batches: Open batches; those of one stream and SMS permission can be packed together.
        new_batch: Makes an empty batch, to see what fits into it.
    """
    kinds: dict[Route, list[OpenBatch]] = defaultdict(list)
    for batch in batches:
        kinds[Destination(batch.destination.stream), batch.sms_permission].append(batch)
    for (place, permission), found in kinds.items():
        if any(map(_is_combined, found)):
            list_ids = {list_id for batch in found for list_id in batch.destination.list_ids}
            one_list = Destination(place.stream, (max(list_ids, key=len),))
            room = _Room(new_batch(one_list, permission, 0), found)
            if group := _Choice(found, room).group():
                yield group


@dataclass(slots=True)
class _List:
    """What is packed for one list.

    Attributes:
        rows: Contacts.
        weight: Bytes that belong to them alone.
        alone: Batches for just this list: one, or none.
        combined: Batches for this list and others.
        left: How many of them are packed for it.
    """

    rows: int = 0
    weight: int = 0
    alone: int = 0
    combined: list[OpenBatch] = field(default_factory=list)
    left: int = 0


class _Choice:
    """Which batches are packed by list; at first all of them, then fewer and fewer.

    Args:
        batches: Batches of one stream and SMS permission.
        room: How much goes into an import.
    """

    def __init__(self, batches: Sequence[OpenBatch], room: _Room) -> None:
        self._batches = batches
        self._room = room
        self._lists: dict[str, _List] = defaultdict(_List)
        for batch in batches:
            self._add(batch)
        combined = [batch for batch in batches if _is_combined(batch)]
        # The fullest first.
        self._combined = dict.fromkeys(sorted(combined, key=lambda batch: -batch.size))
        self._kept: list[OpenBatch] = []
        self._best = len(batches), len(combined)

    def group(self) -> ListGroup | None:
        """The batches that are to be packed by list; None when that saves nothing."""
        for batch in list(self._combined):
            # Large, or with a list that no other batch needs: it costs no more as it is.
            if self._saved_by_keeping(batch):
                self._keep(batch)
        self._note()
        while self._combined:
            used = [each for each in self._lists.values() if each.left]
            for batch in min(used, key=self._batches_in_an_import).combined:
                if batch in self._combined:
                    self._keep(batch)
            self._note()
        imports, kept = self._best
        return self._group(imports, self._kept[kept:])

    def _group(self, imports: int, by_list: Sequence[OpenBatch]) -> ListGroup | None:
        if not by_list:
            return None
        lists = {list_id for batch in by_list for list_id in batch.destination.list_ids}
        joined = [
            batch
            for batch in self._batches
            if not _is_combined(batch) and batch.destination.list_ids[0] in lists
        ]
        group = sorted([*by_list, *joined], key=lambda batch: batch.number)
        others = len(self._batches) - len(group)
        return ListGroup(group, imports - others)

    def _add(self, batch: OpenBatch) -> None:
        for list_id in batch.destination.list_ids:
            each = self._lists[list_id]
            each.rows += batch.rows
            each.weight += batch.weight
            if _is_combined(batch):
                each.combined.append(batch)
                each.left += 1
            else:
                each.alone += 1

    def _keep(self, batch: OpenBatch) -> None:
        """Let a batch be sent as it is."""
        del self._combined[batch]
        self._kept.append(batch)
        for list_id in batch.destination.list_ids:
            each = self._lists[list_id]
            each.rows -= batch.rows
            each.weight -= batch.weight
            each.left -= 1

    def _note(self) -> None:
        """Remember the fewest imports, and how many batches were kept for them."""
        imports = len(self._kept) + sum(map(self._imports, self._lists.values()))
        if imports < self._best[0]:
            self._best = imports, len(self._kept)

    def _saved_by_keeping(self, batch: OpenBatch) -> int:
        lists = [self._lists[list_id] for list_id in batch.destination.list_ids]
        return sum(self._imports(each) - self._imports(each, batch) for each in lists)

    def _batches_in_an_import(self, each: _List) -> float:
        return each.left / self._imports(each)

    def _imports(self, each: _List, without: OpenBatch | None = None) -> int:
        """How many imports a list needs, at most."""
        if each.left == (without is not None):
            return each.alone
        rows, weight = each.rows, each.weight
        if without is not None:
            rows -= without.rows
            weight -= without.weight
        return self._room.imports(rows, weight)


class _Room:
    """How much goes into an import of one list.

    Args:
        probe: An empty batch for one list.
        batches: What may be packed.
    """

    def __init__(self, probe: OpenBatch, batches: Sequence[OpenBatch]) -> None:
        for batch in batches:
            probe.make_room(batch.columns)
        self._batches = batches
        self._row = probe.row_overhead
        self._rows = probe.limits.rows - probe.header_rows
        self._size = probe.limits.size - probe.size

    @cached_property
    def _filled(self) -> int:
        """Bytes in an import that has no room for the next contact, at least.

        Seldom needed, and 200,000 contacts are looked at for it.
        """
        largest = max(map(largest_in, self._batches))
        return self._size - largest - self._row

    def imports(self, rows: int, weight: int) -> int:
        """How many imports contacts need, at most.

        Args:
            rows: Contacts.
            weight: Bytes that belong to them alone.
        """
        size = weight + rows * self._row
        if rows <= self._rows and size <= self._size:
            return 1
        if self._filled <= 0:
            return rows
        # All imports but the last have no row left, or no room.
        return -(-(rows * self._filled + size * self._rows) // (self._rows * self._filled))


def _is_combined(batch: OpenBatch) -> bool:
    return len(batch.destination.list_ids) > 1
