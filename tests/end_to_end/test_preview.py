"""The command `preview`: the first rows beside the contacts that a run would make of them."""

from __future__ import annotations

import json
import logging

import pytest

from target_constant_contact.sandbox import Fault
from tests.support.commands import call, config_file
from tests.support.target import TEXT, lines, member, record, run, schema, settings_for

COLUMNS = schema(
    EmailAddress=TEXT, FirstName=TEXT, LastName=TEXT, City=TEXT, dob=TEXT, Score=TEXT, where=TEXT
)


class Previews:
    """Previews by one settings file."""

    def __init__(self, sandbox, folder):
        self.sandbox = sandbox
        self.folder = folder
        self.settings = {}

    def print(self, *messages, options=(), text=None):
        given = settings_for(self.sandbox, self.folder / "data", **self.settings)
        config = {name: value for name, value in given.items() if value is not ...}
        path = self.folder / "input.jsonl"
        path.write_text(lines(*messages) if text is None else text)
        file = config_file(self.folder, **config)
        answer = call("preview", "--config", file, "--input", path, *options)
        assert {seen.method for seen in self.sandbox.requests} <= {"GET"}
        assert not list((self.folder / "data").glob("runs/*"))
        return answer

    def __call__(self, *messages, **settings):
        self.settings |= settings
        return self.print(*messages, options=["--json"]).json

    def row(self, *messages, **settings):
        (stream,) = self(*messages, **settings)["streams"]
        return stream["rows"][-1]


@pytest.fixture
def preview(sandbox, tmp_path):
    return Previews(sandbox, tmp_path)


@pytest.mark.parametrize(
    ("values", "name", "sent", "rule"),
    [
        ({}, "email", "Ann@Example.com", "as written"),
        ({"FirstName": " Ann "}, "first_name", "Ann", "trimmed"),
        ({"FirstName": "An\u200bn\u0007"}, "first_name", "An\u200bn", "without what is not seen"),
        ({"LastName": "x" * 60}, "last_name", "x" * 50, "cut to 50 characters"),
        ({"LastName": None}, "last_name", None, "blank: not sent"),
        ({"LastName": " "}, "last_name", None, "blank: not sent"),
        ({"dob": "1980-05-04"}, "birthday_month", 5, "read as a date"),
        (
            {"dob": "04/05/1980"},
            "birthday_day",
            5,
            "read as a date, month first (date_order)",
        ),
    ],
)
def test_each_property_names_the_rule_that_made_it(preview, values, name, sent, rule):
    row = preview.row(
        COLUMNS, record(EmailAddress="Ann@Example.com", **values), on_too_long="truncate"
    )
    (found,) = [each for each in row["properties"] if each["property"] == name]
    assert (found["sent"], found["rule"]) == (sent, rule)
    assert row["outcome"] == "sent"


def test_numbers_choices_and_phones_name_their_rules(preview, sandbox):
    sandbox.create_custom_field("Tier", "single_select", choices=["Gold", "Silver"])
    sandbox.create_custom_field("Points", "number")
    fields = {
        "email": "EmailAddress",
        "cf:Tier": "City",
        "cf:Points": "Score",
        "mobile_phone": "FirstName",
        "sms_number": "LastName",
    }
    row = preview.row(
        COLUMNS,
        record(
            EmailAddress=" ann@example.com",
            City="gold",
            Score="1.50",
            FirstName=1234567,
            LastName="(617) 555-0100",
        ),
        field_mapping=fields,
    )
    rules = {each["property"]: (each["sent"], each["rule"]) for each in row["properties"]}
    assert rules == {
        "email": ("ann@example.com", "trimmed"),
        "mobile_phone": ("1234567", "as text"),
        "sms_number": ("6175550100", "the ten digits"),
        "cf:Tier": ("Gold", "as the property takes it"),
        "cf:Points": ("1.50", "as written"),
    }


@pytest.mark.parametrize(
    ("row", "outcome", "reason"),
    [
        (
            record(EmailAddress="bad", FirstName="Ann"),
            "rejected",
            "e-mail address does not have exactly one @; give one address such as name@example.com",
        ),
        (record(EmailAddress=None, FirstName=None), "blank", "every mapped field is blank"),
        (
            record(EmailAddress="a@example.com", _sdc_deleted_at="2020-01-01"),
            "left",
            "says that its person has left",
        ),
        (record(EmailAddress="never@example.com"), "suppressed", "in suppression_file"),
        (record(EmailAddress="first@example.com"), "merged", "joins an earlier row of the same"),
        (
            record(EmailAddress="a@example.com", dob="31 of may"),
            "rejected",
            "birthday cannot be read as a date; write YYYY-MM-DD",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_becomes_of_a_row_has_the_words_of_a_run(preview, tmp_path, row, outcome, reason):
    never = tmp_path / "never.txt"
    never.write_text("never@example.com\n")
    settings = {"suppression_file": str(never)}
    first = record(EmailAddress="first@example.com")
    found = preview.row(COLUMNS, first, row, **settings)
    assert found["outcome"] == outcome
    assert found["reason"].startswith(reason)
    real = run(settings_for(preview.sandbox, tmp_path / "real", **settings), COLUMNS, first, row)
    assert real.totals.get({"sent": "landed"}.get(outcome, outcome)) == 1
    if outcome == "rejected":
        (said,) = real.report["rejections"]
        assert (said["reason"], said["field"]) == (found["reason"], found["field"])


def test_of_a_row_that_says_that_its_person_has_left_only_the_address_is_shown(preview):
    row = preview.row(COLUMNS, record(EmailAddress="a@example.com", _sdc_deleted_at="2020-01-01"))
    (address,) = row["properties"]
    assert (address["value"], address["sent"], address["rule"]) == ("a@example.com", None, "left")


def test_a_row_that_no_import_has_room_for_is_rejected(preview, sandbox):
    names = [sandbox.create_custom_field(f"Note {number}") for number in range(20)]
    fields = {f"cf:{name}": f"f{number}" for number, name in enumerate(names)}
    columns = dict.fromkeys(fields.values(), TEXT)
    row = preview.row(
        schema(EmailAddress=TEXT, **columns),
        record(EmailAddress="a@example.com", **dict.fromkeys(columns, "漢" * 255)),
        field_mapping={"email": "EmailAddress"} | fields,
        batch_size_bytes=10_000,
    )
    assert row["outcome"] == "rejected"
    assert row["reason"] == "record is larger than batch_size_bytes allows"


def test_values_that_are_left_out_say_why(preview):
    row = preview.row(
        COLUMNS, record(EmailAddress="a@example.com", dob="soon"), on_bad_value="drop"
    )
    (month, _day) = [each for each in row["properties"] if each["field"] == "dob"]
    assert month["sent"] is None
    assert month["rule"] == "birthday cannot be read as a date; write YYYY-MM-DD"
    assert row["outcome"] == "sent"


def test_each_row_shows_its_lists_and_what_says_so(preview):
    settings = {"lists_field": "where", "lists": "Newsletter"}
    rows = [
        record(EmailAddress="a@example.com", where="Product updates"),
        record(EmailAddress="b@example.com", where=None),
        record(EmailAddress="c@example.com", where="Nowhere"),
    ]
    (stream,) = preview(COLUMNS, *rows, **settings)["streams"]
    assert [(row["lists"], row["lists_rule"]) for row in stream["rows"]] == [
        (["Product updates"], "field 'where'"),
        (["Newsletter"], "field 'where' is blank, so those of the settings"),
        ([], "field 'where'"),
    ]
    assert stream["rows"][2]["reason"].startswith("record names a list that does not exist: ")


@pytest.mark.parametrize(
    ("written", "shown", "in_json"),
    [
        ("1.50", "1.50", "1.50"),
        ("1e400", "1E+400", "1E+400"),
        ("NaN", "nan", "null"),
        ("true", "true", "true"),
        ("null", "", "null"),
        ('{"a": 1.50}', '{"a":1.50}', '"a":1.50'),
    ],
)
def test_values_are_shown_as_they_are(preview, written, shown, in_json):
    row = lines(record(EmailAddress="a@example.com", FirstName="*")).replace('"*"', written)
    text = lines(schema(EmailAddress={}, FirstName={})) + row
    if shown:
        assert f"FirstName = {shown} " in preview.print(text=text).stdout
    found = preview.print(text=text, options=["--json"]).stdout
    json.loads(found, parse_constant=pytest.fail)
    assert in_json in found


def test_a_name_that_may_be_of_a_person_is_told_where_the_rows_themselves_are(preview):
    row = record(EmailAddress="a@example.com", where="ann@example.com")
    reason = preview.row(COLUMNS, row, lists_field="where")["reason"]
    assert "no list 'ann@example.com' in the account" in reason


def test_only_the_first_rows_of_each_stream_are_shown(preview):
    streams = [schema("one"), schema("two")]
    rows = [
        record(name, EmailAddress=f"m{n}@example.com") for n in range(9) for name in ("one", "two")
    ]
    shown = preview.print(*streams, *rows, options=["--json", "--rows", "3"]).json["streams"]
    assert {one["stream"]: len(one["rows"]) for one in shown} == {"one": 3, "two": 3}
    assert [len(one["rows"]) for one in preview(*streams, *rows)["streams"]] == [5, 5]


def test_stream_maps_are_applied_and_a_row_that_they_drop_says_so(preview):
    maps = {"members": {"FirstName": "FirstName.upper()", "__filter__": "FirstName != 'no'"}}
    (stream,) = preview(
        schema(), member(1, FirstName="ann"), member(2, FirstName="no"), stream_maps=maps
    )["streams"]
    assert [row["outcome"] for row in stream["rows"]] == ["sent", "dropped"]
    assert stream["rows"][0]["record"]["FirstName"] == "ANN"


def test_a_map_that_fails_rejects_the_row_as_in_a_run(preview):
    maps = {"members": {"FirstName": "FirstName.upper()"}}
    row = preview.row(schema(), member(1, FirstName=None), stream_maps=maps)
    assert row["outcome"] == "rejected"
    assert "stream map" in row["reason"] or "stream_maps" in row["reason"]


class TestWithoutAnAccount:
    def test_lists_are_shown_as_written_and_what_is_not_known_is_said(self, preview):
        found = preview(
            COLUMNS,
            record(EmailAddress="ann@example.com", Score="12"),
            access_token=...,
            lists=["My list", "b1b2b3b4-0000-4000-8000-000000000000"],
            field_mapping={"email": "EmailAddress", "cf:Points": "Score"},
        )
        assert found["account"] is None
        assert found["note"].startswith("No account was asked (There is no connection 'default'")
        (row,) = found["streams"][0]["rows"]
        assert row["lists"] == ["My list", "b1b2b3b4-0000-4000-8000-000000000000"]
        assert row["properties"][1]["property"] == "cf:Points"
        assert preview.sandbox.requests == []

    def test_neither_is_one_that_does_not_answer(self, preview):
        preview.sandbox.add_fault(Fault("GET", "/contact_lists", "forbidden", times=None))
        answer = preview.print(schema(), member(1))
        assert answer.exit_code == 0
        assert answer.stdout.startswith("No account was asked (")

    def test_nobody_has_to_agree_to_a_transfer_that_is_none(self, preview):
        assert preview.row(schema(), member(1), accept_data_transfer=False)["outcome"] == "sent"


class TestText:
    def test_it_can_be_read_in_80_columns(self, preview):
        wide = record(
            EmailAddress=f"{'a' * 40}@{'b' * 30}.example.com",
            FirstName="x y " * 100,
            LastName="\x1b[31mred\u202e",
            City="W" * 90,
            dob="04/05/1980",
        )
        preview.settings = {"on_too_long": "truncate", "lists": ["Newsletter", "Loyalty members"]}
        text = preview.print(COLUMNS, wide, record(EmailAddress="bad")).stdout
        assert max(map(len, text.splitlines())) <= 80
        assert "\x1b" not in text
        assert "\u202e" not in text

    def test_a_record_stands_beside_its_contact(self, preview):
        text = preview.print(COLUMNS, record(EmailAddress="a@example.com", City="Salem ")).stdout
        assert "Row 1 would be sent to Newsletter" in text
        (line,) = [line for line in text.splitlines() if "City" in line and "city" in line]
        assert line.split() == ["City", "=", "Salem", "city", "=", "Salem", "trimmed"]
        assert "Not sent: Score, where" in text

    def test_a_stream_that_cannot_be_sent_is_told_with_its_exit_code(self, preview):
        answer = preview.print(
            schema("bad", id=TEXT),
            record("bad", id="1"),
            schema("good"),
            record("good", EmailAddress="a@example.com"),
        )
        assert answer.exit_code == 78
        assert "Failed: stream 'bad': no field looks like an e-mail address" in answer.stdout
        assert "Stream good: goes to Newsletter" in answer.stdout

    def test_a_stream_without_rows_and_one_that_is_dropped_are_named(self, preview):
        preview.settings = {"stream_maps": {"gone": None}}
        lines = preview.print(schema(), schema("gone"), record("gone")).lines
        assert "  No row of it came." in lines
        assert "Stream gone: dropped by stream_maps" in lines

    def test_a_reason_is_told_once_and_a_long_value_is_cut(self, preview):
        bad = record(EmailAddress="bad", FirstName="ab " * 90)
        text = preview.print(COLUMNS, bad).stdout
        assert text.count("exactly") == 1
        assert "see above" in text
        assert "..." in text

    def test_an_input_without_schema_says_so(self, preview):
        assert "The input holds no SCHEMA" in preview.print(text="").stdout

    def test_what_comes_after_the_sample_does_not_matter(self, preview):
        """`head` may end in the middle of a stream, and without STATE."""
        assert preview.print(schema(), *map(member, range(49))).exit_code == 0

    def test_check_links_to_it(self, preview):
        path = preview.folder / "input.jsonl"
        path.write_text(lines(schema(), member(1)))
        file = config_file(preview.folder, **settings_for(preview.sandbox, preview.folder / "data"))
        text = call("check", "--config", file, "--input", path).stdout
        assert (
            f"The first rows beside their contacts: target-constant-contact preview --input {path}"
            in text
        )


def test_nothing_of_a_row_is_in_the_log(preview, caplog):
    caplog.set_level(logging.DEBUG)
    rows = [
        record(EmailAddress="ann.secret@example.com", FirstName="Secretname", City="Secretcity"),
        record(EmailAddress="bad.secret", FirstName="Secretname"),
        record(EmailAddress="b.secret@example.com", where="Secretlist"),
    ]
    preview.settings = {"lists_field": "where", "lists": "Newsletter"}
    answer = preview.print(COLUMNS, *rows)
    assert "ann.secret@example.com" in answer.stdout.replace("\n", "")
    assert "secret" not in f"{answer.stderr}{answer.log}{caplog.text}".lower()


def test_it_reads_standard_input(preview):
    file = config_file(preview.folder, **settings_for(preview.sandbox, preview.folder / "data"))
    text = lines(schema(), member(1))
    answer = call("preview", "--config", file, "--input", "-", "--json", text=text)
    assert json.loads(answer.stdout)["streams"][0]["rows"][0]["outcome"] == "sent"
