"""Records that are taken in chunks come to the same as records that are handled one by one."""

from __future__ import annotations

import io
import json
import logging
import tempfile
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from target_constant_contact.imports.importer import Importer
from target_constant_contact.program import report_error
from target_constant_contact.run import intake
from target_constant_contact.sandbox import Behaviour, Sandbox
from target_constant_contact.singer import json_lines as lines
from target_constant_contact.singer.target import TargetConstantContact
from tests.fuzz.test_streams import EXAMPLES, PROPERTIES, broken_streams
from tests.support.target import read_rejects, read_report, settings_for

if TYPE_CHECKING:
    from target_constant_contact.batches.batch import ImportBatch

pytestmark = [pytest.mark.timeout(900), pytest.mark.no_cover, pytest.mark.long]

MAPPING = {
    "email": "email",
    "first_name": "name",
    "birthday": "born",
    "anniversary": "since",
    "city": "deep.city",
    "sms_number": "mobile",
    "sms_consent_date": "agreed",
    "zip": "number",
}
COLUMNS = PROPERTIES | {
    name: {"type": ["null", "string", "number", "integer"]}
    for name in ("since", "mobile", "agreed", "number")
}
VOLATILE = {
    *("run", "started_at", "ended_at", "requests", "requests_today", "rejects_file"),
    *("export", "settings", "waits"),
}
"""What a clock says, or a folder of its own."""

values = st.one_of(
    st.none(),
    st.sampled_from(
        ["Ann", " Ann", "Ann|Bob", "x" * 51, "", "Zoë", "a\nb", "\u200bAnn", 0, 7, 1.5, True, "1e3"]
    ),
    # As spreadsheets send whole numbers, and texts that only look like them.
    st.sampled_from(
        [78701.0, 5125550100.0, -0.0, 1e22, 1e300, "78701.0", "007", "\u202aAnn\u202c"]
    ),
)
days = st.sampled_from(
    [None, "2020-02-29", "2020-02-29T10:00:00Z", "2021-02-29", "12/25/1980", "", "1980-01-01 x"]
) | st.sampled_from(
    # Of both orders, of either, for "no date", without a whole year, and as seconds.
    [
        *("25/12/1980", "25-12-1980 10:00", "04/05/1980", "4/5", "25.12.1980", "04/05/80"),
        *("0001-01-01", "9999-12-31T23:59:59", -62135596800, 253402300799, 253402300799000),
        *("09-April-80", "26-OCT-85", "Apr-09", 86_400_000.0, -20_000_000, 19800425, 325_987_200.0),
    ]
)
consents = days | st.sampled_from(
    ["1999-12-31", "2999-01-01", "1970-01-01T00:00:00Z", 4_000_000_000]
)
addresses = st.integers(0, 300).map("Fuzz{}@example.com".format)
marked = st.sampled_from(
    [
        None,
        "",
        "\u202afuzz1@example.com\u202c",
        "'fuzz2@example.com'",
        "\u00a0fuzz3@example.com\ufeff",
    ]
)
records = st.fixed_dictionaries(
    {"email": st.one_of(addresses, addresses, addresses, marked)},
    optional={
        "_sdc_deleted_at": st.sampled_from([None, None, None, "", "2026-01-05T10:00:00Z"]),
        "name": values,
        "born": days,
        "since": days,
        "deep": st.sampled_from([None, {}, {"city": "Oslo"}, {"city": ["Oslo"]}, "Oslo"]),
        "mobile": st.sampled_from([None, "+1 212 555 0100", 2125550100, "12"]),
        "agreed": consents,
        "number": values,
        "list": st.sampled_from(
            [
                None,
                "Newsletter",
                "VIP customers",
                "VIP customers,Newsletter",
                "?",
                1,
                ["Newsletter"],
            ]
        )
        | st.sampled_from(
            [
                *('["Newsletter", "VIP customers"]', '{Newsletter,"VIP customers"}', "[]", "{}"),
                *('["Newsletter"', "Newsletter;VIP customers", "\u00a0newsletter", "1945328372"),
                *(["Newsletter,VIP customers"], [None, "Newsletter"], 2024.0),
            ]
        ),
        "other": values,
    },
)


@st.composite
def streams(draw: st.DrawFn) -> bytes:
    """Mostly good records of two streams, a STATE here and there."""
    messages: list[dict[str, Any]] = [
        {"type": "SCHEMA", "stream": name, "schema": {"properties": COLUMNS}}
        for name in ("members", "others")
    ]
    for record in draw(st.lists(records, max_size=30)):
        name = draw(st.sampled_from(["members", "members", "others"]))
        messages.append({"type": "RECORD", "stream": name, "record": record})
        if draw(st.integers(0, 9)) == 0:
            blank = dict.fromkeys(record, "\u00a0") | {"other": "not mapped"}
            messages.append({"type": "RECORD", "stream": name, "record": blank})
        if draw(st.integers(0, 9)) == 0:
            messages.append({"type": "STATE", "value": {"n": len(messages)}})
    return b"".join(json.dumps(message).encode() + b"\n" for message in messages)


def outcome(text: bytes, shortest_chunk: int, **options: Any) -> dict[str, Any]:
    """Everything that a run of the target leaves behind, in an account of its own.

    Whom it takes off a list is told by who is on it.
    """
    with Sandbox(behaviour=Behaviour(seconds_to_start=0, seconds_to_finish=0)) as account:
        return _outcome(account, text, shortest_chunk, **options)


def _outcome(account: Sandbox, text: bytes, shortest_chunk: int, **options: Any) -> dict[str, Any]:
    sent: list[ImportBatch] = []
    submit = Importer.submit

    def note(self: Importer, batch: ImportBatch) -> None:
        sent.append(batch)
        submit(self, batch)

    stdout, log = io.StringIO(), io.StringIO()
    handler = logging.StreamHandler(log)
    logging.getLogger().addHandler(handler)
    exit_code = 0
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        config = settings_for(account, data, **{"lists": "Newsletter"} | options)
        stdin = io.TextIOWrapper(io.BytesIO(text), encoding="utf-8")
        try:
            with (
                redirect_stdout(stdout),
                patch.object(lines, "SHORTEST_CHUNK", shortest_chunk),
                # So that also few rows are packed together.
                patch.object(intake, "_FEW", 1),
                patch.object(Importer, "submit", note),
                # Whether a row waits would else be a matter of time.
                patch.object(intake.Intake, "settled", lambda _self, _number: None),
            ):
                TargetConstantContact(config=config).listen(stdin)
        except Exception as error:  # noqa: BLE001 - as the command line does
            exit_code = report_error(error)
        finally:
            logging.getLogger().removeHandler(handler)
        folders = list(data.glob("runs/*"))
        report = read_report(folders[0]) if folders else {}
        rejected = read_rejects(folders[0]) if folders else []
    return {
        "exit_code": exit_code,
        # Whether one before the last leaves, too, is a matter of time.
        "states": stdout.getvalue().splitlines()[-1:],
        "errors": [line for line in log.getvalue().splitlines() if "Line " in line],
        "report": {name: value for name, value in report.items() if name not in VOLATILE},
        "imports": len(report.get("imports", [])),
        "rejected": rejected,
        "sent": [
            (b.number, b.destination, b.sms_permission, b.rows, b.first_row, said(b), b.waits_for)
            for b in sent
        ],
    }


def said(batch: Any) -> tuple[int, list[dict[str, Any]]]:
    """What a batch says; where somebody who comes again stands in it says nothing."""
    contacts = json.loads(batch.body)["import_data"]
    return len(batch.body), sorted(contacts, key=lambda contact: contact["email"])


def assert_same(text: bytes, **options: Any) -> None:
    alone = outcome(text, 1_000_000, **options)
    in_chunks = outcome(text, 1, **options)
    for found in (alone, in_chunks):
        # Settled in any order, and under ids of the service.
        found["report"].pop("imports", None)
    assert in_chunks["report"].pop("error", None) == alone["report"].pop("error", None)
    if alone["exit_code"]:
        # How far the imports in flight have come when an error ends the run is a matter of time.
        for found in (alone, in_chunks):
            found["states"] = found["imports"] = None
            found["report"] = {}
    assert in_chunks == alone


both = settings(
    max_examples=EXAMPLES,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@both
@given(text=broken_streams())
def test_any_stream_comes_to_the_same(text):
    assert_same(text, batch_size_rows=3)


@both
@given(
    text=streams(),
    by_list=st.booleans(),
    validated=st.booleans(),
    drops=st.booleans(),
    order=st.sampled_from(["mdy", "dmy"]),
    rows=st.integers(1, 40),
    most=st.sampled_from([10, 1_000]),
)
def test_a_mapping_with_everything_comes_to_the_same(
    text, *, by_list, validated, drops, order, rows, most
):
    assert_same(
        text,
        field_mapping=MAPPING,
        lists_field="list" if by_list else None,
        validate_records=validated,
        batch_size_rows=rows,
        max_profiles_per_export=most,
        max_rejected_percent=100,
        on_too_long="truncate" if validated else "reject",
        on_bad_value="drop" if drops else "reject",
        date_order=order,
    )


@both
@given(text=streams(), size=st.integers(1_000, 9_000))
def test_small_requests_of_either_format_come_to_the_same(text, size):
    mapping = {"email": "email", "first_name": "name", "zip": "number", "city": "deep.city"}
    for import_format in ("json", "csv"):
        assert_same(
            text,
            field_mapping=mapping,
            batch_size_bytes=max(size, 5_000) if import_format == "csv" else size,
            import_format=import_format,
        )
