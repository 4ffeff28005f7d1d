"""The command `check` with samples: schemas, or a tap's whole output."""

from __future__ import annotations

import json
import signal
import tempfile
from typing import TYPE_CHECKING, Any

import pytest

from target_constant_contact.api.client import ConstantContactClient
from target_constant_contact.exceptions import ApiError
from target_constant_contact.reports.summary import MAX_SUMMARY_LINES
from tests.support.checking import Check
from tests.support.target import TEXT, lines, member, record, schema, state

if TYPE_CHECKING:
    from pathlib import Path

    from target_constant_contact.sandbox import Sandbox

PROPERTIES = {"type": "object", "properties": {"EmailAddress": TEXT, "FirstName": TEXT}}
NO_EMAIL = {"type": "object", "properties": {"id": TEXT}}
MEMBERS = "(default) goes to Newsletter (matched by name): email <- EmailAddress, first_name"


@pytest.fixture
def check(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Check:
    """The command; what is written aside lies in `aside`."""
    (tmp_path / "aside").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "aside"))
    return Check(sandbox, tmp_path)


@pytest.mark.parametrize(
    ("text", "stream"),
    [
        (lines(schema(), member(1), state(1)), "members"),
        (lines(schema()), "members"),
        (json.dumps({"streams": [{"tap_stream_id": "x", "schema": PROPERTIES}]}, indent=1), "x"),
        (json.dumps({"streams": [{"stream": "y", "schema": PROPERTIES}]}), "y"),
        (json.dumps(PROPERTIES, indent=2), "sample"),
        ("\ufeff" + json.dumps(PROPERTIES), "sample"),
    ],
    ids=["messages", "one message", "catalog", "plain catalog", "schema", "byte order mark"],
)
def test_a_schema_of_any_kind_shows_what_becomes_of_its_stream(
    check: Check, text: str, stream: str
):
    checked = check("--schema", check.file(text))

    assert checked.exit_code == 0
    (detail,) = checked.details("mapping", "ok")
    assert detail.startswith(f"stream '{stream}' {MEMBERS}")


@pytest.mark.parametrize("levels", [101, 300])
def test_a_schema_that_is_nested_too_deeply_is_one_clear_line(check: Check, levels: int):
    inner: Any = TEXT
    for _ in range(levels):
        inner = {"anyOf": [inner]}
    path = check.file(lines(schema(EmailAddress=TEXT, a=inner)))
    checked = check("--schema", path)

    assert checked.exit_code == 1
    (detail,) = checked.details("mapping", "failed")
    assert detail == (
        f"{path}: the schema of stream 'members' is nested more than 100 levels deep; a run would "
        "not take it either"
    )


def test_streams_that_a_catalog_does_not_select_are_left_out(check: Check):
    def entry(stream: str, *metadata: Any) -> dict[str, Any]:
        return {"stream": stream, "schema": PROPERTIES, "metadata": [*metadata]}

    catalog = [
        entry("off", {"breadcrumb": [], "metadata": {"selected": False}}),
        entry("on", {"breadcrumb": ["properties", "id"], "metadata": {"selected": False}}),
        entry("open", {"breadcrumb": [], "metadata": {"inclusion": "available"}}),
        entry("odd", {"breadcrumb": [], "metadata": None}),
        "nonsense",
    ]

    checked = check("--schema", check.file(json.dumps({"streams": catalog})))

    assert [detail.split()[1] for detail in checked.details("mapping")] == [
        "'on'",
        "'open'",
        "'odd'",
    ]


def test_values_that_would_be_left_out_are_named(check: Check):
    messages = [
        schema(EmailAddress=TEXT, dob=TEXT, zip={}),
        member(1, dob="soon"),
        member(2, dob="later", zip=[]),
    ]

    checked = check("--input", check.file(lines(*messages)), on_bad_value="drop")

    assert checked.exit_code == 0
    assert checked.details("mapping", "ok")[1] == (
        "stream 'members': 2 read = 2 to be sent + 0 rejected + 0 merged"
    )
    birthdays, zips = checked.details("mapping", "warning")
    reason = "birthday cannot be read as a date; write YYYY-MM-DD (field 'dob')"
    assert birthdays == f"stream 'members': 2 values left out: {reason}"
    assert zips.startswith("stream 'members': 1 value left out: zip is a list")


def test_each_stream_shows_its_segment_its_lists_and_its_fields(check: Check):
    mapping = {"email": "mail", "cf:customer_id": "id"}
    settings = {
        "segments": [
            {"stream": "vip*", "lists": ["Newsletter", "Loyalty members"]},
            {"stream": "rows", "lists_field": "where"},
            {"stream": "both", "lists": "Newsletter", "lists_field": "where"},
        ],
        "field_mapping": mapping,
    }
    columns = {"mail": TEXT, "id": TEXT, "where": TEXT}
    messages = [schema(name, **columns) for name in ("vips", "rows", "both", "rest")]

    checked = check("--schema", check.file(lines(*messages)), **settings)

    fields = "email <- mail, cf:customer_id <- id"
    unsent = f"{fields}; not sent: where"
    said = dict(
        zip(("vips", "rows", "both", "rest"), checked.details("mapping", "ok"), strict=True)
    )
    before, _, lists = said.pop("vips").removesuffix(f": {unsent}").partition(" goes to ")
    assert before == "stream 'vips' (segment 'vip*')"
    assert lists == "Loyalty members, Newsletter"
    assert said == {
        "rows": f"stream 'rows' (segment 'rows') goes to the lists in 'where'; rows where "
        f"it is blank are rejected: {fields}",
        "both": "stream 'both' (segment 'both') goes to the lists in 'where', else "
        f"Newsletter: {fields}",
        "rest": f"stream 'rest' (default) goes to Newsletter: {unsent}",
    }


def test_a_stream_that_cannot_be_sent_does_not_hide_the_others(check: Check):
    bad, unlisted = schema("bad", id=TEXT), schema("unlisted")
    segments = [{"stream": "unlisted", "lists": "Nowhere"}]

    checked = check("--schema", check.file(lines(bad, unlisted, schema("good"))), segments=segments)

    assert checked.exit_code == 78
    failed = checked.details("mapping", "failed")
    assert [detail[: detail.index(":")] for detail in failed] == [
        "stream 'bad'",
        "segments.0 (stream 'unlisted')",
    ]
    assert "no list 'Nowhere'" in checked.details("mapping", "failed")[1]
    assert [detail.split()[1] for detail in checked.details("mapping", "ok")] == ["'good'"]


def test_a_stream_without_a_list_is_named(check: Check):
    segments = [{"stream": "other", "lists": "Newsletter"}]

    checked = check("--schema", check.file(lines(schema())), lists=..., segments=segments)

    assert "stream 'members' has no list" in checked.details("mapping", "failed")[0]


def test_a_message_without_properties_is_tried_as_in_a_run(check: Check):
    message = {**schema(), "schema": {"type": "object"}}
    mapping = {"email": "profile.email"}

    checked = check("--schema", check.file(lines(message)), field_mapping=mapping)

    assert checked.details("mapping") == [
        "stream 'members' (default) goes to Newsletter: email <- profile.email"
    ]


def test_stream_maps_rename_and_drop_streams(check: Check):
    maps = {
        "members": {"__alias__": "people", "mail": "EmailAddress", "__else__": None},
        "dropped": None,
    }

    checked = check("--schema", check.file(lines(schema(), schema("dropped"))), stream_maps=maps)

    assert checked.details("mapping") == [
        "stream 'people' (default) goes to Newsletter (matched by name): email <- mail",
        "stream 'dropped' is dropped by stream_maps",
    ]


@pytest.mark.parametrize(
    "properties", [{"EmailAddress": 5}, {"EmailAddress": {"type": 5}}], ids=["number", "type"]
)
def test_a_schema_that_no_program_can_read_is_a_fault_of_its_stream(
    check: Check, properties: dict[str, Any]
):
    messages = [schema("odd", **properties), schema("good")]

    checked = check(
        "--schema", check.file(lines(*messages)), flattening_enabled=True, flattening_max_depth=2
    )

    assert [detail.split()[1] for detail in checked.details("mapping", "ok")] == ["'good'"]
    (detail,) = checked.details("mapping", "failed")
    assert detail.startswith("The schema of stream 'odd' cannot be used (")


def test_a_stream_map_that_is_wrong_is_a_fault_of_its_stream(check: Check):
    checked = check("--schema", check.file(lines(schema())), stream_maps={"members": {"a": "1 +"}})

    (detail,) = checked.details("mapping", "failed")
    assert detail.startswith("stream 'members': ")
    assert "\n" not in detail


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "holds no schema"),
        ("[1, 2]", "holds no schema"),
        ("{}", "holds no schema"),
        (json.dumps({"type": "SCHEMA", "stream": "a"}), "holds no schema"),
        (json.dumps({"streams": [3, {"stream": 1, "schema": {}}]}), "holds no schema"),
        (lines(member(1)), "holds no schema"),
        (lines(schema()) + "\n{oops", "line 3: not JSON"),
        (b"\xff\xfe", "is not UTF-8"),
    ],
    ids=["empty", "array", "object", "no schema", "catalog", "no SCHEMA", "torn", "bytes"],
)
def test_a_schema_file_that_is_none_is_a_failed_line(check: Check, text: str | bytes, words: str):
    checked = check("--schema", check.file(text))

    assert checked.exit_code == 1
    (detail,) = checked.details("mapping", "failed")
    assert words in detail
    assert checked.status("requests") == "ok"


@pytest.mark.parametrize("option", ["--schema", "--input"])
def test_a_file_that_does_not_exist_is_a_failed_line(check: Check, option: str):
    checked = check(option, check.folder / "nowhere.json")

    assert checked.exit_code == 1
    assert "nowhere.json cannot be read (No such file" in checked.details("mapping", "failed")[0]


def test_a_whole_input_is_counted_and_nothing_is_sent_or_kept(check: Check):
    rows = [member(1), member(2), member(2), record(EmailAddress="private"), state(1)]

    checked = check("--input", check.file(lines(schema(), *rows)))

    assert checked.exit_code == 0
    plan, counts = checked.details("mapping", "ok")
    assert plan.startswith(f"stream 'members' {MEMBERS}")
    assert counts == "stream 'members': 4 read = 2 to be sent + 1 rejected + 1 merged"
    (reason,) = checked.details("mapping", "warning")
    assert reason.startswith("stream 'members': 1 rejected: e-mail address ")
    assert reason.endswith(" (field 'EmailAddress')")
    assert "private" not in checked.answer.stdout + checked.answer.log
    assert not list((check.folder / "aside").iterdir())
    assert {path.name for path in check.data_dir.iterdir()} == {"store.sqlite"}


def test_rows_of_several_lists_are_counted_by_their_stream(check: Check):
    columns = {"EmailAddress": TEXT, "where": TEXT}
    rows = [
        member(1, where="Newsletter"),
        member(2, where="General Interest"),
        member(3, where="Brand new"),
        member(4, where=""),
    ]

    checked = check(
        "--input",
        check.file(lines(schema(**columns), *rows)),
        lists=...,
        lists_field="where",
        create_lists=True,
    )

    assert "4 read = 3 to be sent + 1 rejected" in checked.details("mapping", "ok")[1]
    assert checked.details("mapping", "warning") == [
        (
            "stream 'members': 1 rejected: record names no list, and no lists are set beside "
            "lists_field (field 'where')"
        )
    ]
    assert "Brand new" not in check.sandbox.lists()


def test_records_are_validated_mapped_and_flattened_as_in_a_run(check: Check):
    columns = {
        "contact": {"type": "object", "properties": {"mail": TEXT}},
        "age": {"type": "integer"},
    }
    rows = [
        record(contact={"mail": "a@example.com"}, age=3),
        record(contact={"mail": "b@example.com"}, age="old"),
        record(contact={"mail": "c@example.com"}, age=0),
    ]
    settings = {
        "validate_records": True,
        "flattening_enabled": True,
        "flattening_max_depth": 2,
        "field_mapping": {"email": "contact__mail"},
        "stream_maps": {"members": {"__filter__": "age != 0"}},
    }

    checked = check("--input", check.file(lines(schema(**columns), *rows)), **settings)

    assert "2 read = 1 to be sent + 1 rejected" in checked.details("mapping", "ok")[1]
    assert "breaks the rule 'type'" in checked.details("mapping", "warning")[0]


def test_too_many_rejected_rows_fail_as_a_run_would(check: Check):
    rows = [member(1), record(EmailAddress="nobody"), member(2, FirstName="x")]

    checked = check("--input", check.file(lines(schema(), *rows)), max_rejected_percent=30)

    assert checked.exit_code == 65
    assert checked.details("mapping", "failed")[0].endswith(
        "; 33.3 % rejected, max_rejected_percent is 30"
    )


def test_too_many_profiles_fail_as_a_run_would(check: Check):
    sample = check.file(lines(schema(), member(1), member(2)))

    checked = check("--input", sample, max_profiles_per_export=1)

    assert checked.exit_code == 78
    assert "max_profiles_per_export" in checked.details("mapping", "failed")[0]


def test_the_most_common_reasons_are_shown_and_the_rest_counted(check: Check):
    streams = [f"s{number}" for number in range(MAX_SUMMARY_LINES + 2)]
    messages = [m for name in streams for m in (schema(name), record(name, EmailAddress="no"))]

    checked = check("--input", check.file(lines(*messages)))

    warnings = checked.details("mapping", "warning")
    assert len(warnings) == MAX_SUMMARY_LINES + 1
    assert warnings[-1] == "... and 2 more reasons"


def test_rows_of_a_stream_that_cannot_be_sent_are_passed_over(check: Check):
    messages = [schema("bad", id=TEXT), record("bad", id="1"), schema(), member(1)]

    checked = check("--input", check.file(lines(*messages)))

    assert checked.exit_code == 78
    assert len(checked.details("mapping", "failed")) == 1
    assert "stream 'members': 1 read = 1 to be sent" in checked.details("mapping", "ok")[1]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (lines(schema(), member(1)) + "{oops", "Line 3 of the input is not JSON"),
        (lines(schema()).encode() + b"\xff", "is not UTF-8"),
        (lines(member(1)), "came before a corresponding schema"),
    ],
    ids=["torn", "bytes", "no schema"],
)
def test_an_input_that_is_not_singer_is_a_failed_line(check: Check, text: str | bytes, words: str):
    checked = check("--input", check.file(text))

    assert checked.exit_code == 1
    (detail,) = checked.details("mapping", "failed")
    assert words in detail
    assert "@" not in detail
    assert "read = " not in "".join(checked.details("mapping"))
    assert checked.answer.log == ""


def test_an_input_without_a_schema_would_send_nothing(check: Check):
    checked = check("--input", check.file(lines(state(1))))

    assert checked.exit_code == 0
    assert "holds no SCHEMA" in checked.details("mapping", "warning")[0]


def test_a_stream_in_both_samples_is_shown_once(check: Check):
    schemas = check.file(lines(schema(), schema("more")), "schemas.jsonl")
    messages = check.file(lines(schema(), member(1)), "messages.jsonl")

    checked = check("--schema", schemas, "--input", messages)

    assert [detail.split()[1] for detail in checked.details("mapping")] == [
        "'members'",
        "'more'",
        "'members':",
    ]


def test_settings_that_allow_no_run_leave_nothing_to_try(check: Check):
    checked = check("--schema", check.file(lines(schema())), lists=...)

    assert checked.named("failed") == ["settings"]
    assert checked.details("mapping", "skipped") == ["the settings are wrong"]


def test_the_mapping_is_tried_before_the_transfer_is_agreed_to(check: Check):
    checked = check("--schema", check.file(lines(schema())), accept_data_transfer=False)

    assert checked.named("failed") == ["settings"]
    assert checked.status("mapping") == "ok"


@pytest.mark.parametrize(
    ("method", "name"), [("contact_lists", "lists"), ("custom_fields", "custom fields")]
)
def test_without_lists_or_custom_fields_the_mapping_cannot_be_tried(
    check: Check, monkeypatch: pytest.MonkeyPatch, method: str, name: str
):
    def refuse(*_: Any, **__: Any) -> None:
        raise ApiError("400", status=400)

    monkeypatch.setattr(ConstantContactClient, method, refuse)

    checked = check("--schema", check.file(lines(schema())))

    assert checked.exit_code == 1
    assert checked.named("failed") == [name]
    assert checked.details("mapping", "skipped") == [f"the {name} cannot be read"]


def test_without_room_for_temporary_files_the_mapping_cannot_be_tried(
    check: Check, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(tempfile, "tempdir", str(check.folder / "nowhere"))

    checked = check("--schema", check.file(lines(schema())))

    assert checked.exit_code == 1
    assert "set TMPDIR" in checked.details("mapping", "failed")[0]


def test_ctrl_c_still_ends_the_program_after_a_rehearsal(check: Check):
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)

    check("--input", check.file(lines(schema(), member(1))))

    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_a_schema_that_cannot_be_used_ends_a_check_as_it_ends_a_run(check: Check):
    torn = schema(EmailAddress=TEXT, City={"type": "string", "pattern": "("})
    messages = check.file(lines(torn, member(1)))

    checked = check("--input", messages, validate_records=True)

    assert "breaks the rule 'format'" in checked.details("mapping", "failed")[0]
    assert checked.exit_code == 1
