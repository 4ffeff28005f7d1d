"""Takes many contacts at once, where that is the same as taking them one after the other."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import compress
from operator import ne
from typing import TYPE_CHECKING

from target_constant_contact.batches.merging import merge_encoded, permission_of_encoded
from target_constant_contact.batches.places import without

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from target_constant_contact.batches.batch import Destination, Route
    from target_constant_contact.batches.open_batch import OpenBatch
    from target_constant_contact.batches.open_batches import OpenBatches


@dataclass(frozen=True, slots=True)
class Taken:
    """What was taken of some contacts.

    Attributes:
        rows: Numbers of new contacts by destination.
        merged: Numbers of those that joined an earlier row of their destination.
        left: Places of those that have to be taken one by one, in this order.
    """

    rows: Counter[Destination] = field(default_factory=Counter)
    merged: Counter[Destination] = field(default_factory=Counter)
    left: list[int] = field(default_factory=list)


class Together:
    """Takes contacts for batches that are open and stay so.

    Args:
        open_batches: The open batches.
        most_bytes: What all of them may hold in memory.
        most_rows: Contacts that they may hold.
    """

    def __init__(self, open_batches: OpenBatches, most_bytes: int, most_rows: int) -> None:
        self._open = open_batches
        self._most_bytes = most_bytes
        self._most_rows = most_rows

    def add(self, routes: list[Route], keys: list[str], contacts: list[bytes]) -> Taken | None:
        """Take contacts: first those of people that come for the first time.

        Args:
            routes: Where each contact goes.
            keys: E-mail key of each.
            contacts: Encoded contacts.

        Returns:
            What was taken; ``None``, with nothing changed, when one of them would open or fill a
            batch, or cannot be sent, or when most of the people have come before.
        """
        if self._open.rows + len(keys) > self._most_rows:
            return None
        batches = self._open.of_routes(routes)
        if batches is None:
            return None
        # Equal routes are nearly always the same object, and hashing them takes longer.
        places = list(map(id, routes))
        holding = dict(zip(keys, map(batches.__getitem__, places), strict=True))
        if len(holding) == len(keys) and self._open.addresses.are_new(holding):
            taken = Taken()
            return taken if self._add_new(batches, places, holding, contacts, taken) else None
        first, again = self._again(keys)
        if 2 * len(again) > len(keys) or any(
            self._open.is_too_large(routes[at][0], contacts[at]) for at in again
        ):
            return None
        taken = Taken()
        merged = _merge_new(first, again, routes, keys, contacts, taken)
        places, new = without(places, again), without(merged, again)
        holding = dict(zip(without(keys, again), map(batches.__getitem__, places), strict=True))
        if not self._add_new(batches, places, holding, new, taken):
            return None
        self._merge_open(routes, keys, contacts, taken)
        return taken

    def _add_new(
        self,
        batches: Mapping[int, OpenBatch],
        places: Sequence[int],
        holding: Mapping[str, OpenBatch],
        contacts: list[bytes],
        taken: Taken,
    ) -> bool:
        """Add contacts of new people, if there is room for all of them."""
        opened = self._open
        load = opened.kind.weigh(contacts)
        if not opened.have_room(batches.values(), load, self._most_bytes):
            return False
        opened.addresses.add_new(holding)
        if len(batches) == 1:
            batches[places[0]].extend(list(holding), contacts, load)
        else:
            given = zip(holding.values(), holding, contacts, load.weights, strict=True)
            for batch, key, contact, weight in given:
                batch.append(key, contact, weight)
        opened.rows += len(contacts)
        opened.size += load.total
        for place, rows in Counter(places).items():
            opened.size += batches[place].row_overhead * rows
            taken.rows[batches[place].destination] += rows
        return True

    def _again(self, keys: list[str]) -> tuple[dict[str, int], list[int]]:
        """Where each key comes first, if no open batch holds it; where one comes again."""
        every = range(len(keys))
        first = dict(zip(reversed(keys), reversed(every), strict=True))
        again = set(compress(every, map(ne, map(first.__getitem__, keys), every)))
        again |= {first.pop(key) for key in self._open.addresses.known(first)}
        return first, sorted(again)

    def _merge_open(
        self, routes: list[Route], keys: list[str], contacts: list[bytes], taken: Taken
    ) -> None:
        """Merge rows into those of the open batches, up to one that needs more than that."""
        for done, at in enumerate(taken.left):
            destination = routes[at][0]
            if not self._joins(destination, keys[at], contacts[at]):
                del taken.left[:done]
                return
            taken.merged[destination] += 1
        taken.left.clear()

    def _joins(self, destination: Destination, key: str, contact: bytes) -> bool:
        """Merge a row into that of an open batch, if nothing else has to be done for it."""
        holders = self._open.addresses.of(key)
        if len(holders) != 1 or holders[0].destination != destination:
            return False
        (batch,) = holders
        held = batch.contacts[key]
        value = merge_encoded(held, contact)
        return value is held or (
            permission_of_encoded(value) == batch.sms_permission
            and self._open.replace(batch, key, value)
        )


def _merge_new(  # noqa: PLR0913, PLR0917 - what a chunk is
    first: Mapping[str, int],
    again: Sequence[int],
    routes: list[Route],
    keys: list[str],
    contacts: list[bytes],
    taken: Taken,
) -> list[bytes]:
    """Merge rows into those that came before them in the same chunk.

    Returns:
        The contacts, those that others have joined with the values of these.
    """
    merged, apart = list(contacts), set[str]()
    for at in again:
        key = keys[at]
        earlier = first.get(key)
        if earlier is not None and key not in apart and routes[at][0] == routes[earlier][0]:
            value = merge_encoded(merged[earlier], contacts[at])
            if permission_of_encoded(value) == routes[earlier][1]:
                merged[earlier] = value
                taken.merged[routes[at][0]] += 1
                continue
        apart.add(key)
        taken.left.append(at)
    return merged
