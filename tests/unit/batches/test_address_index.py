"""Which open batches hold an address is known, whatever is opened, filled and closed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from target_constant_contact.batches.address_index import AddressIndex
from target_constant_contact.batches.batch import BatchLimits, Destination
from target_constant_contact.batches.json_batch import JsonBatch

KEYS = ["ann", "bob", "cat"]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["add", "add new", "remove", "close"]),
        st.sampled_from(KEYS),
        st.integers(0, 2),
    ),
    max_size=40,
)


class Model:
    """Three places for open batches, and lists of what they hold in the order of getting it."""

    def __init__(self) -> None:
        self.index = AddressIndex()
        self.open: dict[int, JsonBatch] = {}
        self.held: dict[str, list[JsonBatch]] = {key: [] for key in KEYS}

    def batch(self, place: int) -> JsonBatch:
        if place not in self.open:
            self.open[place] = JsonBatch(place, Destination("members"), None, 0, BatchLimits())
            self.index.opened()
        return self.open[place]

    def add(self, key: str, place: int) -> None:
        batch = self.batch(place)
        if batch not in self.held[key]:
            batch.add(key, b"{}")
            self.index.added(key, batch)
            self.held[key].append(batch)

    def add_new(self, place: int) -> None:
        batch = self.batch(place)
        is_new = not any(self.held.values())
        assert self.index.are_new(KEYS) == is_new
        if is_new:
            self.index.add_new(dict.fromkeys(KEYS, batch))
            for each in KEYS:
                batch.add(each, b"{}")
            self.held = {key: [batch] for key in KEYS}

    def remove(self, key: str, place: int) -> None:
        batch = self.batch(place)
        if batch in self.held[key]:
            batch.remove(key)
            self.index.removed(key, batch)
            self.held[key].remove(batch)

    def close(self, place: int) -> None:
        batch = self.batch(place)
        del self.open[place]
        self.index.closed(batch)
        for held in self.held.values():
            if batch in held:
                held.remove(batch)


@given(steps=STEPS)
def test_every_batch_that_holds_an_address_is_known_in_the_order_of_getting_it(steps):
    model = Model()
    for step, key, place in steps:
        if step == "add":
            model.add(key, place)
        elif step == "add new":
            model.add_new(place)
        elif step == "remove":
            model.remove(key, place)
        else:
            model.close(place)
        for each in KEYS:
            assert list(model.index.of(each)) == model.held[each]


def test_an_address_in_three_batches_leaves_them_one_by_one():
    first, second, third = (
        JsonBatch(number, Destination("members"), None, 0, BatchLimits()) for number in range(3)
    )
    index = AddressIndex()
    for batch in (first, second, third):
        index.opened()
        batch.add("ann", b"{}")
        index.added("ann", batch)
    index.removed("ann", second)
    assert index.of("ann") == (first, third)
    index.closed(first)
    assert index.of("ann") == (third,)
