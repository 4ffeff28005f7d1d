"""Rows that are not to be imported, though nothing is wrong: deleted in the source, or blank."""

from __future__ import annotations

import datetime as dt
import gzip
import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from target_constant_contact.singer import json_lines
from tests.support.checking import Check
from tests.support.target import TEXT, lines, member, record, schema, state

if TYPE_CHECKING:
    from pathlib import Path

    from target_constant_contact.sandbox import Sandbox

DELETED = "2026-01-05T10:00:00+00:00"
COLUMNS = {"EmailAddress": TEXT, "FirstName": TEXT, "_sdc_deleted_at": TEXT, "row": {}}


@pytest.fixture(params=[1, 1_000_000], ids=["in chunks", "alone"], autouse=True)
def _shortest_chunk(request, monkeypatch):
    monkeypatch.setattr(json_lines, "SHORTEST_CHUNK", request.param)


@pytest.fixture
def check(sandbox: Sandbox, tmp_path: Path) -> Check:
    """The command `check`."""
    return Check(sandbox, tmp_path)


def people(*rows: dict[str, Any]) -> list[dict[str, Any]]:
    """A stream of these rows between people who are imported."""
    return [
        schema(**COLUMNS),
        member(1, FirstName="Kay", _sdc_deleted_at=None),
        *rows,
        member(2, FirstName="Lou"),
        state("end"),
    ]


LEFT = [
    member(3, FirstName="Gus", _sdc_deleted_at=DELETED),
    record(EmailAddress=None, FirstName=None, _sdc_deleted_at=DELETED),
    record(id=5, _sdc_deleted_at=DELETED),
    record(EmailAddress="nobody", _sdc_deleted_at=DELETED),
]


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"validate_records": True},
        {"add_record_metadata": True},
        {"flattening_enabled": True, "flattening_max_depth": 2},
        {"import_format": "csv"},
        {"stream_maps": {"members": {"FirstName": "FirstName.upper()"}}},
        {"stream_maps": {"members": {"_sdc_deleted_at": None}}},
        {"stream_maps": {"members": {"EmailAddress": "EmailAddress", "__else__": None}}},
        {"segments": [{"stream": "mem*", "lists": ["Newsletter"]}]},
    ],
    ids=repr,
)
def test_who_is_deleted_in_the_source_is_not_imported(sandbox, export, settings):
    outcome = export(*people(*LEFT), max_rejected_percent=0, **settings)
    assert outcome.exit_code == 0
    assert outcome.totals == {"read": 6, "landed": 2, "left": 4}
    assert outcome.states == ["end"]
    assert not outcome.rejected
    members = sandbox.members("Newsletter")
    assert {"member1@example.com", "member2@example.com"} <= members.keys()
    assert "member3@example.com" not in members
    assert "members -> Newsletter: 6 read = 2 landed + 4 left" in outcome.log


@pytest.mark.parametrize(
    "settings", [{}, {"validate_records": True}, {"add_record_metadata": True}]
)
def test_the_field_may_have_capitals_as_some_warehouses_write_it(export, settings):
    name = "_SDC_DELETED_AT"
    rows = [member(number, **{name: DELETED if number % 2 else None}) for number in range(10)]
    outcome = export(schema(**COLUMNS, **{name: TEXT}), *rows, **settings)
    assert outcome.totals == {"read": 10, "landed": 5, "left": 5}


def test_a_stream_map_may_say_who_has_left_and_a_filter_drops_rows_as_ever(export):
    maps = {"_sdc_deleted_at": "removed", "__filter__": "row != 0"}
    rows = [
        member(3, removed=DELETED, row=1),
        member(4, removed=DELETED, row=0),
        member(5, removed="", row=1),
    ]
    columns = COLUMNS | {"removed": TEXT}
    outcome = export(schema(**columns), *rows, stream_maps={"members": maps})
    assert outcome.totals == {"read": 2, "landed": 1, "left": 1}


def test_a_stream_of_nothing_but_rows_that_have_left_is_fine(export):
    outcome = export(schema(**COLUMNS), *LEFT, state("end"), max_rejected_percent=0)
    assert outcome.exit_code == 0
    assert outcome.totals == {"read": 4, "left": 4}
    assert outcome.states == ["end"]


def test_the_row_of_a_person_before_the_deletion_lands(sandbox, export):
    """It says what the person was, and the later one that they are on the list no more."""
    outcome = export(schema(**COLUMNS), member(3), LEFT[0])
    assert outcome.totals == {"read": 2, "landed": 1, "left": 1}
    assert "member3@example.com" not in sandbox.members("Newsletter")
    assert sandbox.contact("member3@example.com")


BLANK = [
    record(EmailAddress=None, FirstName=None, row=12),
    record(EmailAddress="", FirstName=" \t", row=13),
    record(EmailAddress="\u200b", FirstName="\u00a0", row=14),
    record(row=15),
    record(),
]


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"validate_records": True},
        {"add_record_metadata": True},
        {"import_format": "csv"},
        {"stream_maps": {"members": {"LastName": "'  '"}}},
    ],
    ids=repr,
)
def test_blank_rows_of_a_sheet_are_counted_and_no_bad_data(export, settings):
    columns = schema(**COLUMNS)
    columns["schema"]["required"] = ["FirstName"]
    outcome = export(*[columns, *people(*BLANK)[1:]], max_rejected_percent=0, **settings)
    assert outcome.exit_code == 0
    assert outcome.totals == {"read": 7, "landed": 2, "blank": 5}
    assert outcome.states == ["end"]
    assert not outcome.rejected


def test_a_row_with_a_value_but_no_address_is_still_rejected(export):
    outcome = export(*people(record(EmailAddress=None, FirstName="Nameless")))
    assert outcome.totals == {"read": 3, "landed": 2, "rejected": 1}


@pytest.mark.parametrize("lists", [None, "Newsletter"])
def test_rows_that_name_their_lists_are_counted_without_one(sandbox, export, lists):
    columns = schema(**COLUMNS, where=TEXT)
    rows = [
        member(1, where="Newsletter"),
        member(2, where="Gone list", _sdc_deleted_at=DELETED),
        record(where="Blank list"),
        record(where=None),
    ]
    outcome = export(columns, *rows, lists=lists, lists_field="where", create_lists=True)
    assert outcome.exit_code == 0
    assert outcome.totals == {"read": 4, "landed": 1, "left": 1, "blank": 2}
    (nowhere,) = [each for each in outcome.report["destinations"] if not each["lists"]]
    assert (nowhere["read"], nowhere["left"], nowhere["blank"]) == (3, 1, 2)
    assert not {"Gone list", "Blank list"} & set(sandbox.lists())


def test_a_dry_run_counts_them_too(export):
    outcome = export(*people(*LEFT, *BLANK), dry_run=True)
    assert outcome.totals == {"read": 11, "left": 4, "blank": 5, "unsettled": 2}


def test_the_share_of_rejected_rows_is_of_the_others(export):
    rows = people(*LEFT, *BLANK, record(EmailAddress="nobody"))
    assert export(*rows, max_rejected_percent=33).exit_code == 65
    outcome = export(*rows, max_rejected_percent=34)
    assert outcome.exit_code == 0
    assert outcome.states == ["end"]


@pytest.mark.parametrize("others", [[], LEFT])
def test_a_stream_of_nothing_but_blank_rows_fails_and_keeps_its_state(export, others):
    """Most likely its mapping reads fields that are empty, and its people would be lost."""
    messages = [schema(**COLUMNS), *others, *BLANK, state("end")]
    outcome = export(*messages, max_rejected_percent=10)
    assert outcome.exit_code == 65
    assert outcome.states == []
    assert "Every row of stream 'members' is blank in all mapped fields" in outcome.log
    assert export(*messages, max_rejected_percent=100).states == ["end"]


@pytest.mark.parametrize("kind", ["jsonl", "gzip", "messages", "parquet"])
def test_batch_files_have_them_too(export, tmp_path: Path, kind):
    values = [message["record"] for message in people(*LEFT[:1], *BLANK[:3])[1:-1]]
    path = tmp_path / "members"
    if kind == "parquet":
        deleted = [
            dt.datetime.fromisoformat(v["_sdc_deleted_at"]) if v.get("_sdc_deleted_at") else None
            for v in values
        ]
        columns: dict[str, Any] = {
            name: [v.get(name) for v in values] for name in ("EmailAddress", "FirstName")
        }
        parquet.write_table(pa.table(columns | {"_sdc_deleted_at": deleted}), path)
    else:
        if kind == "messages":
            values = [record(**each) for each in values]
        text = "\ufeff" + "".join(json.dumps(value) + "\r\n" for value in values)
        path.write_bytes(gzip.compress(text.encode()) if kind == "gzip" else text.encode())
    encoding = {"format": "parquet" if kind == "parquet" else "jsonl"}
    batch = {"type": "BATCH", "stream": "members", "encoding": encoding, "manifest": [str(path)]}
    outcome = export(schema(**COLUMNS), batch, state("end"), max_rejected_percent=0)
    assert outcome.totals == {"read": 6, "landed": 2, "left": 1, "blank": 3}
    assert outcome.states == ["end"]


def test_check_counts_them_as_a_run_does(check: Check):
    checked = check("--input", check.file(lines(*people(*LEFT, *BLANK))))
    assert checked.exit_code == 0
    assert checked.details("mapping", "ok")[1] == (
        "stream 'members': 11 read = 2 to be sent + 0 rejected + 0 merged + 4 left + 5 blank"
    )
    checked = check("--input", check.file(lines(schema(), *BLANK)), max_rejected_percent=10)
    assert checked.exit_code == 65
    assert checked.details("mapping", "failed")[0].endswith(
        "5 blank; every row is blank in all mapped fields"
    )
