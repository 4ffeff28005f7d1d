"""The whole way of a record over real sockets: from Singer messages to members of lists."""

from __future__ import annotations

import json
import stat
from datetime import UTC, datetime, timedelta

import pytest

from target_constant_contact.singer import json_lines
from tests.support.target import TEXT, imported, lines, member, record, schema, state

NEWS = "Newsletter"


def test_members_land_in_the_list_with_their_properties(sandbox, export):
    outcome = export(schema(), member(1, FirstName="Ann"), member(2, FirstName="Zoë 李"))
    assert outcome.exit_code == 0
    members = sandbox.members(NEWS)
    assert members["member1@example.com"]["first_name"] == "Ann"
    assert members["member2@example.com"]["first_name"] == "Zoë 李"
    assert outcome.totals == {"read": 2, "landed": 2}


def test_csv_lands_the_same_members(sandbox, export):
    outcome = export(
        schema(),
        member(1, FirstName='Ann "Annie", O\'Neil'),
        member(2),
        import_format="csv",
    )
    assert outcome.totals == {"read": 2, "landed": 2}
    members = sandbox.members(NEWS)
    assert members["member1@example.com"]["first_name"] == 'Ann "Annie", O\'Neil'
    assert "first_name" not in members["member2@example.com"]
    assert {seen.path for seen in sandbox.requests} >= {"/v3/activities/contacts_file_import"}


def test_a_field_may_have_any_name(sandbox, export):
    name = 'The "first" name\\\t'
    outcome = export(
        schema("members", **{"EmailAddress": TEXT, name: TEXT}),
        *(record(EmailAddress=f"m{n}@example.com", **{name: f"Ann {n}"}) for n in range(9)),
        field_mapping={"email": "EmailAddress", "first_name": name},
    )
    assert outcome.totals == {"read": 9, "landed": 9}
    assert sandbox.members(NEWS)["m7@example.com"]["first_name"] == "Ann 7"


def test_a_second_run_changes_nothing(sandbox, export):
    messages = [schema(), *(member(number, FirstName="Ann") for number in range(20))]
    assert export(*messages).exit_code == 0
    before = sandbox.members(NEWS)
    outcome = export(*messages)
    assert outcome.totals == {"read": 20, "landed": 20}
    assert sandbox.members(NEWS) == before


def test_every_row_is_accounted_for_in_its_place(sandbox, export):
    """Landed, rejected, suppressed, merged, left, blank: per stream and list."""
    outcome = export(
        schema(),
        member(1),
        member(1, FirstName="Ann"),
        record(EmailAddress="una.subscribed@example.com"),
        record(EmailAddress="not an address"),
        record(EmailAddress=None, FirstName="Nameless"),
        record(EmailAddress=None),
        member(2, _sdc_deleted_at="2026-01-05T10:00:00Z"),
        record(EmailAddress="del.eted@example.net"),
    )
    assert outcome.totals == {
        "read": 8,
        "landed": 2,
        "rejected": 2,
        "suppressed": 1,
        "merged": 1,
        "left": 1,
        "blank": 1,
    }
    assert "una.subscribed@example.com" not in sandbox.members(NEWS)
    assert "del.eted@example.net" in sandbox.members(NEWS)


def test_rejected_rows_can_be_corrected_and_piped_back_in(sandbox, export):
    outcome = export(
        schema(), member(1), record(EmailAddress="ann#example.com", FirstName="Ann"), state(1)
    )
    message = outcome.rejected[1]
    assert message["record"]["_reject_field"] == "EmailAddress"
    assert "@" in message["record"]["_reject_reason"]
    text = lines(*outcome.rejected).replace("ann#example.com", "ann@example.com")
    again = export(text=text)
    assert again.totals == {"read": 1, "landed": 1}
    assert sandbox.contact("ann@example.com")["first_name"] == "Ann"


def test_each_stream_goes_to_the_list_of_the_first_segment_that_matches(sandbox, export):
    segments = [
        {"stream": "loyal*", "lists": "Loyalty members"},
        {"stream": "loyalty", "lists": "Product updates"},
        {"stream": "mapped", "lists": ["Product updates"], "field_mapping": {"email": "Mail2"}},
    ]
    outcome = export(
        schema("loyalty"),
        schema("mapped", Mail=TEXT, Mail2=TEXT),
        schema("other"),
        record("loyalty", EmailAddress="a@example.com"),
        record("mapped", Mail="no@example.com", Mail2="b@example.com"),
        record("other", EmailAddress="c@example.com"),
        segments=segments,
    )
    assert outcome.exit_code == 0
    assert "a@example.com" in sandbox.members("Loyalty members")
    assert sandbox.members("Product updates").keys() == {"b@example.com"}
    assert "c@example.com" in sandbox.members(NEWS)
    assert len(outcome.report["destinations"]) == 3


def test_a_record_names_its_own_lists_by_name_id_or_several(sandbox, export):
    ids = sandbox.lists()
    outcome = export(
        schema("members", EmailAddress=TEXT, lists={}),
        record(EmailAddress="a@example.com", lists="Loyalty members"),
        record(EmailAddress="b@example.com", lists=ids["Product updates"]),
        record(EmailAddress="c@example.com", lists="Product updates, Loyalty members"),
        record(EmailAddress="d@example.com", lists=["Loyalty members", ids["Product updates"]]),
        record(EmailAddress="e@example.com", lists=" "),
        lists_field="lists",
    )
    assert outcome.exit_code == 0
    places = {key: sandbox.contact(f"{key}@example.com")["lists"] for key in "abcde"}
    assert places == {
        "a": ["Loyalty members"],
        "b": ["Product updates"],
        "c": ["Loyalty members", "Product updates"],
        "d": ["Loyalty members", "Product updates"],
        "e": ["Newsletter"],
    }
    assert len(outcome.report["destinations"]) == 3
    imports = [seen for seen in sandbox.requests if seen.path.endswith("contacts_json_import")]
    assert len(imports) == 3


def test_a_record_that_names_an_unknown_list_or_none_is_rejected(sandbox, export):
    outcome = export(
        schema("members", EmailAddress=TEXT, list=TEXT),
        record(EmailAddress="a@example.com", list="Loyalty member"),
        record(EmailAddress="b@example.com", list=None),
        record(EmailAddress="c@example.com", list="Newsletter"),
        lists=None,
        lists_field="list",
    )
    assert outcome.totals == {"read": 3, "landed": 1, "rejected": 2}
    reasons = [row["record"]["_reject_reason"] for row in outcome.rejected[1:]]
    assert "did you mean 'Loyalty members'?" in reasons[0]
    assert reasons[1] == "record names no list, and no lists are set beside lists_field"
    assert sandbox.contact("a@example.com") is None


def test_more_lists_than_a_contact_can_be_on_are_rejected(sandbox, export):
    names = [f"List {number}" for number in range(51)]
    for name in names:
        sandbox.create_list(name)
    outcome = export(
        schema("members", EmailAddress=TEXT, lists={"type": "array"}),
        record(EmailAddress="a@example.com", lists=names),
        record(EmailAddress="b@example.com", lists=names[:50]),
        lists_field="lists",
    )
    assert outcome.totals == {"read": 2, "landed": 1, "rejected": 1}


def test_lists_are_created_on_request(sandbox, export):
    outcome = export(
        schema("members", EmailAddress=TEXT, list=TEXT),
        record(EmailAddress="a@example.com", list="Brand new"),
        record(EmailAddress="b@example.com", list=None),
        lists="Also new",
        lists_field="list",
        create_lists=True,
    )
    assert outcome.exit_code == 0
    assert "a@example.com" in sandbox.members("Brand new")
    assert "b@example.com" in sandbox.members("Also new")


def test_custom_fields_are_found_by_name_and_by_label(sandbox, export):
    outcome = export(
        schema("members", EmailAddress=TEXT, id=TEXT, tier=TEXT),
        record(EmailAddress="a@example.com", id="C-1", tier="gold"),
        field_mapping={"email": "EmailAddress", "cf:customer_id": "id", "cf:Loyalty tier": "tier"},
    )
    assert outcome.exit_code == 0
    contact = sandbox.contact("a@example.com")
    assert contact["cf:customer_id"] == "C-1"
    assert contact["cf:Loyalty_tier"] == "Gold"


def test_people_with_a_date_of_consent_are_imported_with_explicit_sms_permission(sandbox, export):
    outcome = export(
        schema("members", EmailAddress=TEXT, sms=TEXT, consent=TEXT),
        record(EmailAddress="a@example.com", sms="212-555-0123", consent="2024-07-03"),
        record(EmailAddress="b@example.com", sms="212-555-0124"),
        field_mapping={
            "email": "EmailAddress",
            "sms_number": "sms",
            "sms_consent_date": "consent",
        },
    )
    assert outcome.totals == {"read": 2, "landed": 2}
    imports = [seen for seen in sandbox.requests if seen.path.endswith("contacts_json_import")]
    assert len(imports) == 2


@pytest.mark.parametrize("import_format", ["json", "csv"])
@pytest.mark.parametrize("at_once", [1, 1 << 60], ids=["in chunks", "alone"])
def test_no_consent_is_claimed_for_a_date_on_which_nobody_can_have_given_it(
    sandbox, export, monkeypatch, import_format, at_once
):
    monkeypatch.setattr(json_lines, "SHORTEST_CHUNK", at_once)
    tomorrow, later = (datetime.now(UTC).date() + timedelta(days=days) for days in (1, 3))
    dates = ["1970-01-01", "1999-12-31T23:59:59Z", "9998-12-31", str(later), "19700101"]
    outcome = export(
        schema("members", EmailAddress=TEXT, sms=TEXT, consent={}),
        *(member(n, sms="212-555-0123", consent=day) for n, day in enumerate(dates)),
        *(member(n, sms="212-555-0124", consent=str(tomorrow)) for n in (8, 9)),
        field_mapping={
            "email": "EmailAddress",
            "sms_number": "sms",
            "sms_consent_date": "consent",
        },
        import_format=import_format,
    )
    assert outcome.totals == {"read": 7, "landed": 2, "rejected": 5}
    (reason,) = outcome.report["rejections"]
    assert (reason["field"], reason["rows"]) == ("consent", 5)
    assert reason["reason"].startswith("sms_consent_date is not between 2000 and today")
    assert not {f"member{n}@example.com" for n in range(5)} & sandbox.members("Newsletter").keys()


def test_nested_fields_birthdays_and_addresses_arrive(sandbox, export):
    outcome = export(
        schema(
            "members",
            mail=TEXT,
            born=TEXT,
            address={"type": "object", "properties": {"city": TEXT}},
        ),
        record(mail="a@example.com", born="1980-05-12T00:00:00Z", address={"city": "Λάρισα"}),
        field_mapping={"email": "mail", "birthday": "born", "city": "address.city"},
    )
    assert outcome.exit_code == 0
    contact = sandbox.contact("a@example.com")
    assert (contact["birthday_month"], contact["birthday_day"]) == (5, 12)
    assert contact["city"] == "Λάρισα"


def test_automatic_matching_says_what_it_chose(export):
    outcome = export(
        schema("members", e_mail=TEXT, given_name=TEXT), record(e_mail="a@example.com")
    )
    assert outcome.exit_code == 0
    assert (
        "Stream members goes to Newsletter; fields matched by name: "
        "email <- e_mail, first_name <- given_name"
    ) in outcome.log


def test_the_line_of_a_stream_says_what_is_not_sent_and_where_each_row_goes(export):
    """Of the columns of taps and of a rejects file nothing is said."""
    names = ("Email", "EMAIL", "state", "colour", "where", "_sdc_batched_at", "_reject_reason")
    outcome = export(schema("members", **dict.fromkeys(names, TEXT)), lists_field="where")
    assert (
        "Stream members goes to the lists in 'where', else Newsletter; fields matched by name: "
        "email <- Email; not sent: EMAIL (means email, as Email does), "
        "state (may not be of an address), colour\n"
    ) in outcome.log


def test_what_an_explicit_mapping_leaves_out_is_named_too(export):
    address = {"type": "object", "properties": {"city": TEXT}}
    outcome = export(
        schema("members", mail=TEXT, address=address, state=TEXT, Title=TEXT),
        field_mapping={"email": "mail", "city": "address.city", "job_title": "Title"},
    )
    assert (
        "fields mapped: email <- mail, city <- address.city, job_title <- Title; not sent: state\n"
    ) in outcome.log


def test_no_address_that_is_the_name_of_a_column_is_logged(export):
    outcome = export(schema("members", **{"mail": TEXT, "a\u202eb": TEXT, "ada@example.com": TEXT}))
    assert "not sent: a\\u202eb, <address>\n" in outcome.log


@pytest.mark.parametrize("mapping", [None, {"email": "Email", "first_name": "First Name"}])
def test_columns_are_found_without_what_cannot_be_seen_in_their_names(sandbox, export, mapping):
    columns = ("\ufeffEmail", "First\u00a0Name", "\u200bwhere")
    values = ("ada@example.com", "Ada", "Loyalty members")
    outcome = export(
        schema("members", **dict.fromkeys(columns, TEXT)),
        record(**dict(zip(columns, values, strict=True))),
        field_mapping=mapping,
        lists_field="where",
    )
    assert outcome.exit_code == 0
    assert sandbox.members("Loyalty members")["ada@example.com"]["first_name"] == "Ada"


def test_an_address_in_a_list_of_objects_is_an_error_that_names_the_way_to_it(export):
    items = {"type": "object", "properties": {"value": TEXT, "label": TEXT}}
    columns = {"email": {"type": ["array", "null"], "items": items}}
    unmapped = export(schema("people", **columns))
    mapped = export(schema("people", **columns), field_mapping={"email": "email"})
    assert (unmapped.exit_code, mapped.exit_code) == (78, 78)
    assert "(fields: email); set field_mapping.email to email.0.value\n" in unmapped.log
    assert "field 'email' (for email) has parts; set field_mapping.email to email.0.value\n" in (
        mapped.log
    )


def test_rows_are_sent_in_batches_of_the_configured_size(sandbox, export):
    outcome = export(schema(), *map(member, range(25)), batch_size_rows=10)
    assert outcome.totals == {"read": 25, "landed": 25}
    assert imported(sandbox) == [10, 10, 5]


def test_the_last_value_of_an_address_wins_over_batches_and_streams(sandbox, behave, export):
    """Although activities finish in any order."""
    behave(seconds_to_start=0, seconds_to_finish=(0.0, 0.1))
    rows = [member(number % 7, FirstName=f"v{number}") for number in range(60)]
    outcome = export(schema(), *rows, batch_size_rows=3)
    assert outcome.exit_code == 0
    latest = {row["record"]["EmailAddress"]: row["record"]["FirstName"] for row in rows}
    members = sandbox.members(NEWS)
    assert {key: members[key]["first_name"] for key in latest} == latest


def test_an_empty_input_is_a_run_without_rows(sandbox, export):
    outcome = export()
    assert outcome.exit_code == 0
    assert outcome.totals == {}
    assert sandbox.requests == []


def test_a_dry_run_does_everything_but_the_sending(sandbox, export):
    outcome = export(
        schema(),
        member(1),
        record(EmailAddress="bad"),
        state(1),
        dry_run=True,
        accept_data_transfer=False,
    )
    assert outcome.exit_code == 0
    assert outcome.totals == {"read": 2, "rejected": 1, "unsettled": 1}
    assert outcome.states == []
    assert outcome.report["status"] == "dry run"
    posted = [seen.path for seen in sandbox.requests if seen.method != "GET"]
    assert posted == ["/v3/activities/contact_exports"]
    assert sandbox.contact("member1@example.com") is None


def test_more_profiles_than_an_export_may_have_are_refused_before_they_are_sent(sandbox, export):
    outcome = export(
        schema(), *map(member, range(12)), max_profiles_per_export=10, batch_size_rows=5
    )
    assert outcome.exit_code == 78
    assert "max_profiles_per_export" in outcome.log
    assert len([key for key in sandbox.members(NEWS) if key.startswith("member")]) <= 10


def test_merged_rows_are_no_further_profiles(export):
    outcome = export(schema(), *[member(1)] * 5, member(2), max_profiles_per_export=2)
    assert outcome.exit_code == 0


def test_the_batch_that_would_exceed_the_profiles_is_not_sent(sandbox, export):
    outcome = export(
        schema(), *map(member, range(12)), max_profiles_per_export=9, batch_size_rows=5
    )
    assert outcome.exit_code == 78
    assert len([key for key in sandbox.members(NEWS) if key.startswith("member")]) <= 9


@pytest.mark.parametrize("value", [True, 1.5, {"id": "x"}, [["Newsletter"]]])
def test_lists_that_are_no_text_are_a_reason_to_reject_the_row(sandbox, export, value):
    outcome = export(
        schema("members", EmailAddress=TEXT, list={}),
        record(EmailAddress="a@example.com", list=value),
        lists_field="list",
        create_lists=True,
    )
    assert outcome.totals == {"read": 1, "rejected": 1}
    assert len(sandbox.lists()) == 4


def test_a_contact_beyond_the_byte_limit_is_rejected_and_the_others_land(sandbox, export):
    names = [sandbox.create_custom_field(f"Note {number}") for number in range(20)]
    fields = {f"f{number}": name for number, name in enumerate(names)}
    outcome = export(
        schema("members", EmailAddress=TEXT, **dict.fromkeys(fields, TEXT)),
        record(EmailAddress="a@example.com", f0="short"),
        record(EmailAddress="b@example.com", **dict.fromkeys(fields, "漢" * 255)),
        field_mapping={"email": "EmailAddress"}
        | {f"cf:{name}": field for field, name in fields.items()},
        batch_size_bytes=10_000,
    )
    assert outcome.totals == {"read": 2, "landed": 1, "rejected": 1}
    assert "larger than batch_size_bytes" in outcome.rejected[1]["record"]["_reject_reason"]


@pytest.mark.parametrize("limit", [10_000, 50_000])
def test_no_body_exceeds_the_configured_bytes(sandbox, export, limit):
    rows = [member(number, FirstName="é" * 40) for number in range(1_000)]
    outcome = export(schema(), *rows, batch_size_bytes=limit)
    assert outcome.totals == {"read": 1_000, "landed": 1_000}
    imports = [seen for seen in sandbox.requests if seen.path.endswith("contacts_json_import")]
    assert max(seen.body_bytes for seen in imports) <= limit
    total = sum(seen.body_bytes for seen in imports)
    assert len(imports) <= total // limit + 2


def test_the_folder_and_the_files_of_a_run_are_its_owners(export):
    outcome = export(schema(), record(EmailAddress="bad"))
    for path in [outcome.data_dir, *outcome.data_dir.rglob("*")]:
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o700 if path.is_dir() else 0o600), path


def test_addresses_and_tokens_stand_in_no_log_and_no_report(sandbox, export):
    secret = sandbox.access_token
    outcome = export(
        schema(),
        member(1, FirstName="Annabella"),
        record(EmailAddress="wrong@@example.com", FirstName="Berthold"),
        record(EmailAddress=["nested@example.com"]),
    )
    assert outcome.totals["rejected"] == 2
    shown = outcome.log + json.dumps(outcome.report) + outcome.stdout
    for private in ("example.com", "Annabella", "Berthold", secret):
        assert private not in shown.replace("name@example.com", "")


def test_the_account_of_the_settings_is_not_compared_with_the_sandbox(export):
    outcome = export(
        schema(), member(1), state("end"), sandbox=True, access_token=None, account="Another Co."
    )
    assert outcome.exit_code == 0, outcome.log
    assert outcome.states == ["end"]


def test_an_input_without_a_message_is_told_of(export):
    """The tap may have died, and the shell may not have told."""
    outcome = export()
    assert outcome.exit_code == 0
    assert "Nothing was read: no SCHEMA has come" in outcome.log
    assert "Nothing was read" not in export(schema()).log
