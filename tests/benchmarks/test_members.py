"""The members are as varied as real ones."""

from __future__ import annotations

import json
import random
from datetime import date

import pytest

from benchmarks.generate import SEED, write_messages
from benchmarks.members import FIELDS, SCHEMA, records

ROWS = 20_000


@pytest.fixture(scope="module")
def members() -> list[dict]:
    return [json.loads(text) for text in records(ROWS, random.Random(SEED))]


def test_the_same_seed_makes_the_same_members(tmp_path):
    texts = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        write_messages(tmp_path / name, "three", 50, seed)
        texts.append((tmp_path / name).read_bytes())
    assert texts[0] == texts[1] != texts[2]
    assert texts[0].count(b'"RECORD"') == 50


def test_they_have_every_mapped_field_of_the_schema(members):
    assert set(members[0]) == set(FIELDS.values()) == set(SCHEMA["properties"]) - {"list"}
    assert len(FIELDS) == 12


def test_every_address_is_another_ones_and_nobodys(members):
    addresses = {each["email"] for each in members}
    assert len(addresses) == ROWS
    assert all(each.endswith((".example.com", ".example.org")) for each in addresses)
    large = sum(each.endswith("@bigmail.example.com") for each in addresses)
    assert 0.3 < large / ROWS < 0.45


def test_two_to_thirty_percent_of_the_other_values_are_missing(members):
    for name in set(FIELDS.values()) - {"email"}:
        missing = sum(each[name] is None for each in members) / ROWS
        assert 0.015 < missing < 0.32, name


def test_their_values_are_spread_as_those_of_real_people(members):
    given = {name: [m[name] for m in members if m[name] is not None] for name in members[0]}
    born = [date.fromisoformat(each) for each in given["date_of_birth"]]
    assert max(born).year - min(born).year == 65
    assert len(set(given["city"])) == 1_000
    assert min(given["customer_id"]) >= 1 << 62
    assert len(set(given["consent_at"])) > 0.99 * len(given["consent_at"])
    beyond = sum(not f"{each['first_name']}{each['last_name']}".isascii() for each in members)
    assert 0.10 < beyond / ROWS < 0.14


def test_amounts_have_two_decimals():
    texts = list(records(100, random.Random(SEED)))
    amounts = [text.partition('"amount":')[2].partition(",")[0] for text in texts]
    assert {len(each.partition(".")[2]) for each in amounts if each != "null"} == {2}


def test_the_lists_that_are_asked_for_are_named():
    texts = records(1_000, random.Random(SEED), lists=7)
    assert len({json.loads(text)["list"] for text in texts}) == 7
