"""What singer-sdk brings keeps working: stream maps, flattening, metadata, schema changes."""

from __future__ import annotations

import json

import pytest

from tests.support.target import TEXT, member, record, schema, state

NEWS = "Newsletter"


def test_stream_maps_compute_rename_and_filter(sandbox, export):
    outcome = export(
        schema("people", mail=TEXT, tier=TEXT),
        record("people", mail="A@example.com", tier="gold"),
        record("people", mail="b@example.com", tier="none"),
        stream_maps={
            "people": {
                "__alias__": "members",
                "__filter__": "tier != 'none'",
                "email": "mail.lower()",
                "company_name": "'Tier ' + tier",
            }
        },
    )
    assert outcome.exit_code == 0
    assert outcome.totals == {"read": 1, "landed": 1}
    assert sandbox.contact("a@example.com")["email"] == "a@example.com"
    assert sandbox.contact("a@example.com")["company_name"] == "Tier gold"
    assert outcome.report["destinations"][0]["stream"] == "members"


def test_one_stream_can_become_two(sandbox, export):
    outcome = export(
        schema(),
        member(1),
        stream_maps={"vips": {"__source__": "members"}},
        segments=[{"stream": "vips", "lists": "Loyalty members"}],
    )
    assert outcome.totals == {"read": 2, "landed": 2}
    assert sandbox.contact("member1@example.com")["lists"] == ["Loyalty members", NEWS]


def test_a_stream_that_is_mapped_to_nothing_needs_no_email_address(export):
    outcome = export(
        schema("orders", id={"type": "integer"}),
        schema(),
        record("orders", id=1),
        member(1),
        stream_maps={"orders": None},
    )
    assert outcome.exit_code == 0
    assert outcome.totals == {"read": 1, "landed": 1}


def test_a_row_whose_stream_map_fails_is_rejected_as_it_came(export):
    outcome = export(
        schema("members", mail=TEXT, born=TEXT),
        record(mail="a@example.com", born="1980"),
        record(mail="b@example.com", born="unknown@example.com"),
        stream_maps={"members": {"job_title": "str(int(born) + 1)"}},
    )
    assert outcome.totals == {"read": 2, "landed": 1, "rejected": 1}
    assert outcome.rejected[1]["record"]["mail"] == "b@example.com"
    assert "unknown@" not in outcome.log
    reason = "stream map for 'job_title' failed with ValueError: str(int(born) + 1)"
    assert outcome.rejected[1]["record"]["_reject_reason"] == reason
    assert f"1 of members rejected: {reason}" in outcome.log


def test_its_settings_may_come_as_texts(sandbox, export):
    """As Meltano passes what is declared without its kind."""
    outcome = export(
        schema("people", mail=TEXT, person={"type": "object", "properties": {"name": TEXT}}),
        record("people", mail="A@example.com", person={"name": "Ada"}),
        flattening_enabled="true",
        flattening_max_depth="1",
        stream_maps='{"people": {"email": "mail.lower()", "town": "config[\'town\']"}}',
        stream_map_config='{"town": "Lille"}',
        field_mapping='{"email": "email", "first_name": "person__name", "city": "town"}',
    )
    assert outcome.exit_code == 0, outcome.log
    contact = sandbox.contact("a@example.com")
    assert (contact["first_name"], contact["city"]) == ("Ada", "Lille")


def test_nested_records_can_be_flattened(sandbox, export):
    outcome = export(
        schema(
            "members",
            person={
                "type": "object",
                "properties": {
                    "email": TEXT,
                    "name": {"type": "object", "properties": {"f": TEXT}},
                },
            },
        ),
        record(person={"email": "a@example.com", "name": {"f": "Ann"}}),
        flattening_enabled=True,
        flattening_max_depth=3,
        field_mapping={"email": "person__email", "first_name": "person__name__f"},
    )
    assert outcome.exit_code == 0
    assert sandbox.contact("a@example.com")["first_name"] == "Ann"


def test_metadata_can_be_mapped_like_any_field(sandbox, export):
    sandbox.create_custom_field("Synced at", type="datetime")
    message = member(1) | {"time_extracted": "2026-01-02T03:04:05+00:00"}
    outcome = export(
        schema(),
        message,
        add_record_metadata=True,
        field_mapping={"email": "EmailAddress", "cf:Synced_at": "_sdc_extracted_at"},
    )
    assert outcome.exit_code == 0
    assert sandbox.contact("member1@example.com")["cf:Synced_at"].startswith("2026-01-02T03:04:05")


def test_a_schema_may_change_in_the_middle_of_a_stream(sandbox, export):
    outcome = export(
        schema(),
        member(1, FirstName="Ann"),
        schema("members", EmailAddress=TEXT, given_name=TEXT),
        member(2, given_name="Bob"),
        schema(),
        member(1, FirstName="Anna"),
        state("end"),
    )
    assert outcome.exit_code == 0
    assert outcome.totals == {"read": 3, "landed": 2, "merged": 1}
    assert sandbox.contact("member1@example.com")["first_name"] == "Anna"
    assert sandbox.contact("member2@example.com")["first_name"] == "Bob"
    assert outcome.states == ["end"]


def test_the_count_of_records_is_told_for_each_schema_of_a_stream(export, caplog):
    """Whether or not `Sink.clean_up` of singer-sdk closes the counter."""
    caplog.set_level("INFO", "singer_sdk.metrics")
    export(
        schema(), member(1), schema("members", EmailAddress=TEXT, name=TEXT), member(2), member(3)
    )
    points = [seen.args[0] for seen in caplog.records if seen.name == "singer_sdk.metrics"]
    own = [point for point in points if point.metric == "record_count" and "run" not in point.tags]
    counts = [point.value for point in own]
    assert counts == [1, 2]


def test_the_count_of_records_is_json_also_where_the_stream_is_called_by_an_address(export, caplog):
    caplog.set_level("INFO", "singer_sdk.metrics")
    export(schema("of ann@example.com"), record("of ann@example.com", EmailAddress="x"))
    told = [line for line in caplog.messages if line.startswith("METRIC: ")]
    points = [json.loads(line.removeprefix("METRIC: ")) for line in told]
    assert {point["tags"].get("stream", "of <address>") for point in points} == {"of <address>"}
    assert {point["metric"] for point in points} >= {"record_count", "job_duration"}


def test_rejected_rows_stand_behind_the_schema_that_they_came_with(export):
    changed = schema("members", EmailAddress=TEXT, given_name=TEXT)
    outcome = export(
        schema(), record(EmailAddress="x"), changed, record(EmailAddress="y"), schema(), member(1)
    )
    kinds = [
        (line["type"], line.get("schema", {}).get("properties", {}).keys())
        for line in outcome.rejected
    ]
    assert [kind for kind, _ in kinds] == ["SCHEMA", "RECORD", "SCHEMA", "RECORD"]
    assert "given_name" in kinds[2][1]


def test_the_schema_of_rejected_rows_is_as_it_came_although_singer_sdk_edits_it(export):
    message = schema("members", EmailAddress=TEXT, _sdc_batched_at=TEXT)
    outcome = export(message, record(EmailAddress="x"))
    assert "_sdc_batched_at" in outcome.rejected[0]["schema"]["properties"]


def test_records_are_checked_against_their_schema_on_request(export):
    messages = [
        schema("members", EmailAddress=TEXT, age={"type": "integer"}),
        record(EmailAddress="a@example.com", age=30),
        record(EmailAddress="b@example.com", age="thirty@example.com"),
    ]
    assert export(*messages).totals == {"read": 2, "landed": 2}
    outcome = export(*messages, validate_records=True)
    assert outcome.totals == {"read": 2, "landed": 1, "rejected": 1}
    row = outcome.rejected[1]["record"]
    assert row["_reject_reason"] == "record breaks the rule 'type' of the stream's schema"
    assert row["_reject_field"] == "age"
    assert "thirty@" not in outcome.log


REFERRING = {
    "discount": {"$ref": "shared/discount.json#/"},
    "plan": {"anyOf": [{"$ref": "#/definitions/plan"}, {"type": "null"}]},
    "anything": True,
}


@pytest.mark.parametrize("maps", [{}, {"members": {"FirstName": "FirstName"}}])
@pytest.mark.parametrize("flattened", [False, True])
def test_references_that_lead_nowhere_do_not_matter(sandbox, export, maps, flattened):
    outcome = export(
        schema("members", EmailAddress=TEXT, FirstName=TEXT, **REFERRING),
        member(1, FirstName="Kim", discount={"percent": 5}, plan={"name": "gold"}, anything=[1]),
        stream_maps=maps,
        flattening_enabled=flattened,
        flattening_max_depth=2,
    )
    assert outcome.totals == {"read": 1, "landed": 1}
    assert sandbox.members("Newsletter")["member1@example.com"]["first_name"] == "Kim"


def test_a_reference_that_leads_nowhere_cannot_be_checked(export):
    columns = {"EmailAddress": TEXT, **REFERRING}
    outcome = export(schema("members", **columns), member(1, discount={}), validate_records=True)
    assert outcome.exit_code == 1
    assert (
        "The schema of stream 'members' cannot be used for validate_records: it refers to "
        "'shared/discount.json#/', which is not in it"
    ) in outcome.log


def test_a_schema_of_an_older_draft_is_checked_as_that_draft_has_it(export):
    columns = {"EmailAddress": TEXT, "n": {"maximum": 5, "exclusiveMaximum": True}}
    message = schema("members", **columns)
    message["schema"]["$schema"] = "http://json-schema.org/draft-04/schema#"
    outcome = export(message, member(1, n=4), member(2, n=5), validate_records=True)
    assert outcome.totals == {"read": 2, "landed": 1, "rejected": 1}


@pytest.mark.parametrize("described", [{}, {"properties": None}, {"properties": []}])
@pytest.mark.parametrize("flattened", [False, True])
def test_a_schema_without_properties_is_used_beside_a_mapping(export, described, flattened):
    message = {**schema(), "schema": {"type": "object"} | described}
    profile = {"email": "kim@example.com", "given": "Kim"}
    separator = "__" if flattened else "."
    outcome = export(
        message,
        record(_id="a1", profile=profile),
        field_mapping={
            "email": f"profile{separator}email",
            "first_name": f"profile{separator}given",
        },
        flattening_enabled=flattened,
        flattening_max_depth=2,
    )
    assert outcome.totals == {"read": 1, "landed": 1}
    without = export(message, record(_id="a1", profile=profile))
    assert without.exit_code == 78
    assert "stream 'members': no field looks like an e-mail address" in without.log


def test_a_schema_without_properties_is_used_beside_stream_maps(sandbox, export):
    message = {**schema(), "schema": {"type": "object"}, "key_properties": ["_id"]}
    maps = {"members": {"email": "profile['email']", "__else__": None}}
    outcome = export(message, record(profile={"email": "kim@example.com"}), stream_maps=maps)
    assert outcome.totals == {"read": 1, "landed": 1}
    assert "kim@example.com" in sandbox.members("Newsletter")


def test_a_broken_date_in_a_field_that_is_not_mapped_disturbs_nobody(export):
    outcome = export(
        schema("members", EmailAddress=TEXT, seen={"type": "string", "format": "date-time"}),
        record(EmailAddress="a@example.com", seen="yesterday"),
    )
    assert outcome.totals == {"read": 1, "landed": 1}


def test_numbers_and_dates_arrive_as_text(sandbox, export):
    outcome = export(
        schema(
            "members",
            EmailAddress=TEXT,
            value={"type": "number"},
            since={"type": "string", "format": "date-time"},
        ),
        record(EmailAddress="a@example.com", value=12.50, since="2020-02-29T23:30:00+02:00"),
        field_mapping={
            "email": "EmailAddress",
            "cf:Lifetime value": "value",
            "cf:Member since": "since",
        },
    )
    assert outcome.exit_code == 0
    contact = sandbox.contact("a@example.com")
    assert contact["cf:Lifetime_value"] == "12.5"
    assert contact["cf:Member_since"] == "2020-02-29"


def test_versions_are_not_a_reason_to_stop(export):
    message = {"type": "ACTIVATE_VERSION", "stream": "members", "version": 1}
    outcome = export(message, schema(), message, member(1), message)
    assert outcome.exit_code == 0


def test_a_long_run_is_not_cut_into_small_imports_by_age(sandbox, export, monkeypatch):
    monkeypatch.setattr("singer_sdk.target_base.time.time", iter(range(0, 10**9, 1_000)).__next__)
    outcome = export(schema(), *map(member, range(5)))
    assert outcome.exit_code == 0
    imports = [seen for seen in sandbox.requests if seen.path.endswith("contacts_json_import")]
    assert len(imports) == 1
