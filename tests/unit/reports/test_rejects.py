"""Rejected rows make a Singer file."""

from __future__ import annotations

import json
import stat
from decimal import Decimal

import pytest

from target_constant_contact.reports.rejects import RejectsFile, is_replay
from target_constant_contact.singer.encoding import readable_line

SCHEMA = {
    "type": "SCHEMA",
    "stream": "members",
    "key_properties": ["id"],
    "schema": {"properties": {"id": {"type": "integer"}}, "additionalProperties": False},
}


def record(number: int, **values: object) -> dict[str, object]:
    return {"type": "RECORD", "stream": "members", "record": {"id": number, **values}}


@pytest.fixture
def rejects(tmp_path):
    made = RejectsFile(tmp_path / "rejects.singer.jsonl", readable_line)
    yield made
    made.close()


def lines(rejects: RejectsFile) -> list[dict[str, object]]:
    return [json.loads(line) for line in rejects.path.read_text().splitlines()]


def test_without_a_rejected_row_there_is_no_file(rejects):
    rejects.sync()
    rejects.close()
    assert not rejects.path.exists()


def test_a_row_stands_behind_its_schema_as_it_came_with_reason_and_field(rejects):
    rejects.write(SCHEMA, record(1, price=Decimal("1.10")), "is blank", "email")
    rejects.write(SCHEMA, record(2), "is blank", "email")
    rejects.sync()
    schema, first, second = lines(rejects)
    assert schema["type"] == "SCHEMA"
    assert schema["key_properties"] == ["id"]
    assert first == record(1, price=1.1, _reject_reason="is blank", _reject_field="email")
    assert second["record"]["id"] == 2
    assert '"price":1.10' in rejects.path.read_text()


def test_the_schema_allows_the_columns_so_that_the_file_can_be_piped_back(rejects):
    rejects.write(SCHEMA, record(1), "is blank", "email")
    rejects.sync()
    assert set(lines(rejects)[0]["schema"]["properties"]) == {
        "id",
        "_reject_reason",
        "_reject_field",
        "_reject_evidence",
    }
    assert set(SCHEMA["schema"]["properties"]) == {"id"}


def test_a_row_that_was_sent_comes_with_the_evidence(rejects):
    rejects.write(
        SCHEMA, record(1), "suppressed: unsubscribed", "", evidence="look-up of the address"
    )
    rejects.write(SCHEMA, record(2), "is blank", "email")
    rejects.sync()
    sent, never_sent = (line["record"] for line in lines(rejects)[1:])
    assert sent["_reject_evidence"] == "look-up of the address"
    assert "_reject_evidence" not in never_sent


def test_a_changed_schema_is_written_again(rejects):
    changed = {**SCHEMA, "schema": {"properties": {"id": {}, "x": {}}}}
    for schema in (SCHEMA, SCHEMA, changed, changed):
        rejects.write(schema, record(1), "is blank", "email")
    rejects.sync()
    kinds = [line["type"] for line in lines(rejects)]
    assert kinds == ["SCHEMA", "RECORD", "RECORD", "SCHEMA", "RECORD", "RECORD"]


def test_synced_rows_are_on_the_disk_before_the_file_is_closed(rejects):
    rejects.write(SCHEMA, record(1), "is blank", "email")
    rejects.sync()
    assert len(lines(rejects)) == 2


def test_only_the_owner_can_read_the_file(rejects):
    rejects.write(SCHEMA, record(1), "is blank", "email")
    assert stat.S_IMODE(rejects.path.stat().st_mode) == 0o600


def test_text_that_is_not_unicode_can_be_written(rejects):
    rejects.write(SCHEMA, record(1, name="\ud800"), "is not text", "name")
    rejects.close()
    assert lines(rejects)[1]["record"]["name"] == "\ud800"


def test_a_row_that_is_rejected_again_has_its_new_reason_only(rejects):
    rejects.write(SCHEMA, record(1), "refused: deleted", "email", evidence="look-up of the address")
    rejects.sync()
    schema, row = lines(rejects)
    rejects.write(schema, row, "is blank", "name")
    rejects.sync()
    again_schema, again = lines(rejects)[2:]
    assert again == record(1, _reject_reason="is blank", _reject_field="name")
    assert again_schema == schema


def test_a_file_of_rejected_rows_is_told_by_its_schema(rejects):
    rejects.write(SCHEMA, record(1), "is blank", "email")
    rejects.sync()
    assert is_replay(lines(rejects)[0])
    assert not is_replay(SCHEMA)
    assert not is_replay({**SCHEMA, "schema": {"properties": {"_reject_field": {}}}})


def test_a_schema_without_properties_gets_the_columns_too(rejects):
    rejects.write({**SCHEMA, "schema": {"type": "object"}}, record(1), "is blank", "email")
    rejects.sync()
    assert is_replay(lines(rejects)[0])
