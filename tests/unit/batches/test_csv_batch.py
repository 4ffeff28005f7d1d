"""CSV files: the cells that the csv module writes of decoded contacts, and their exact bytes."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from target_constant_contact.batches.batch import BatchLimits, Destination
from target_constant_contact.batches.csv_batch import CsvBatch
from target_constant_contact.contacts.encoding import encode_contact

if TYPE_CHECKING:
    import pytest

MAPPED = ("email", "first_name", "company_name", "birthday_day", "cf:note")
OTHERS = ("email", "company_name", "city")
RESERVE = 4_096
texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8) | st.sampled_from(
    ["Miller, Jr.", 'the "one"', '"', ",", "Zoë", "a\nb", "a\rb", "a\0b", "None", "5"]
)
members = st.fixed_dictionaries(
    {},
    optional={
        "first_name": texts,
        "company_name": texts,
        "birthday_day": st.integers(1, 31),
        "cf:note": texts,
    },
)
places = st.fixed_dictionaries({}, optional={"company_name": texts, "city": texts})
rows = st.one_of(
    st.tuples(members, st.just(MAPPED)),
    st.tuples(members, st.just(MAPPED)),
    st.tuples(members, st.just(())),
    st.tuples(places, st.just(OTHERS)),
)
some_rows = st.one_of(
    st.lists(st.tuples(members, st.just(MAPPED)), min_size=1, max_size=8),
    st.lists(rows, min_size=1, max_size=8),
)


def new() -> CsvBatch:
    return CsvBatch(1, Destination("members", ("list",)), None, 0, BatchLimits())


def encoded(given_rows: list[Any]) -> tuple[list[dict[str, Any]], list[bytes]]:
    contacts = [
        {"email": f"m{number}@example.com", **properties}
        for number, (properties, _) in enumerate(given_rows)
    ]
    pairs = zip(contacts, given_rows, strict=True)
    return contacts, [encode_contact(contact, columns) for contact, (_, columns) in pairs]


def put_together(batch: CsvBatch, contacts: list[bytes]) -> None:
    load = batch.weigh(contacts)
    batch.make_room(load.columns)
    batch.extend([f"key {number}" for number in range(len(contacts))], contacts, load)


def put_one_by_one(batch: CsvBatch, contacts: list[bytes]) -> None:
    for number, contact in enumerate(contacts):
        batch.add(f"key {number}", contact)


@settings(max_examples=400)
@given(some_rows, st.sampled_from([put_together, put_one_by_one]))
def test_a_file_has_the_cells_that_the_csv_module_writes_of_the_contacts(given_rows, put):
    contacts, lines = encoded(given_rows)
    batch = new()
    put(batch, lines)
    body = batch.seal().body
    # Which columns there are is said by the contacts, and their order by the file.
    (header,) = csv.reader([body.decode().partition("\n")[0]])
    assert sorted(header) == sorted({name for contact in contacts for name in contact})
    file = io.StringIO()
    writer = csv.DictWriter(file, header, lineterminator="\n")
    writer.writeheader()
    writer.writerows(contacts)
    assert body == file.getvalue().encode()
    assert batch.size == len(body) + RESERVE


@settings(max_examples=300)
@given(some_rows)
def test_contacts_weigh_the_same_together_as_one_by_one(given_rows):
    _, lines = encoded(given_rows)
    together = CsvBatch.weigh(lines)
    alone = [CsvBatch.weigh([line]) for line in lines]
    assert list(together.weights) == [load.total for load in alone]
    assert together.total == sum(together.weights)
    assert together.columns.keys() == {name for load in alone for name in load.columns}


def test_nothing_weighs_nothing():
    assert CsvBatch.weigh([]).total == 0


def test_rows_are_not_decoded_again(monkeypatch: pytest.MonkeyPatch):
    contact = dict.fromkeys(MAPPED[:-1], "x, y") | {"birthday_day": 5}
    lines = [encode_contact(contact, MAPPED)] * 500
    asked: list[bytes] = []

    def noted(line: bytes) -> dict[str, Any]:
        asked.append(line)
        return dict(contact)

    monkeypatch.setattr("target_constant_contact.batches.csv_batch.decode_contact", noted)
    batch = new()
    put_together(batch, lines)
    assert batch.seal().body.count(b"\n") == 501
    assert not asked


def test_columns_of_a_contact_that_was_taken_out_stay():
    batch = new()
    put_one_by_one(batch, [encode_contact({"email": "a@example.com", "city": "Oslo"}, OTHERS)])
    batch.add("b", encode_contact({"email": "b@example.com", "first_name": "Bea"}, MAPPED))
    batch.remove("key 0")
    assert batch.seal().body == b"email,city,first_name\nb@example.com,,Bea\n"
    assert batch.size == len(batch.seal().body) + RESERVE
