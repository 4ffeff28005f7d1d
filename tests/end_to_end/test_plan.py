"""What would change in the account, as plans tell it, and that nothing does."""

from __future__ import annotations

import pytest

from target_constant_contact.exceptions import ApiError
from target_constant_contact.planning import list_copies
from target_constant_contact.sandbox import Fault
from tests.support.commands import call, config_file
from tests.support.plans import named
from tests.support.target import TEXT, member, record, schema

NO_AT = "e-mail address does not have exactly one @; give one address such as name@example.com"
OVERWRITE = {"load_method": "overwrite"}


def test_a_list_shows_who_would_be_added_updated_and_left_as_they_are(plan):
    plan.load(schema(), *named("ann", "bob", "cid", FirstName="Old"))

    found = plan(
        schema(),
        *named("ann", FirstName="New"),
        *named("bob", FirstName="Old"),
        *named("dan", "eve", FirstName="Any"),
    )

    (one,) = found["lists"]
    assert one["list_name"] == "Newsletter"
    assert one["streams"] == ["members"]
    numbers = {name: one[name] for name in ("people", "added", "updated", "unchanged", "before")}
    assert numbers == {"people": 4, "added": 2, "updated": 1, "unchanged": 1, "before": 5}
    assert one["changes"] == {"first_name": 1}
    assert found["would_change"] is True


def test_capitals_and_blanks_around_a_value_are_no_change(plan):
    plan.load(schema(), *named("ann", FirstName="Ann"))
    found = plan(schema(), *named("Ann", FirstName=" ANN "))
    assert found["lists"][0]["unchanged"] == 1
    assert found["would_change"] is False


def test_what_a_row_does_not_say_is_no_change(plan):
    plan.load(schema(), *named("ann", FirstName="Ann"))
    assert plan(schema(), *named("ann", FirstName=None))["would_change"] is False


def test_of_two_rows_of_a_person_the_later_one_counts_also_in_another_import(plan):
    plan.load(schema(), *named("ann", FirstName="Last"))
    rows = [*named("ann", FirstName="First"), *map(member, range(5))]
    found = plan(schema(), *rows, *named("ann", FirstName="Last"), batch_size_rows=2)
    assert found["effort"]["imports"] > 1
    assert found["lists"][0]["unchanged"] == 1


def test_all_kinds_of_properties_are_compared(plan, sandbox):
    fields = {
        "email": "mail",
        "birthday": "dob",
        "anniversary": "wed",
        "mobile_phone": "tel",
        "street": "street",
        "street2": "street2",
        "work_city": "city",
        "cf:Score": "score",
        "cf:Since": "since",
    }
    for label, kind in (("Score", "number"), ("Since", "date")):
        sandbox.create_custom_field(label, kind)
    columns = schema(**dict.fromkeys(fields.values(), TEXT))
    values = {
        "mail": "ann@example.com",
        "dob": "1980-04-05",
        "wed": "2001-02-03",
        "tel": "(617) 555-0100",
        "street": "1 Main Street",
        "street2": "Apt 2",
        "city": "Boston",
        "score": "12.50",
        "since": "2020-01-31",
    }
    plan.settings = {"field_mapping": fields}
    plan.load(columns, record(**values))

    same = plan(columns, record(**values | {"score": "12.5", "tel": "617 555 0100"}))
    assert same["lists"][0]["unchanged"] == 1
    assert same["lists"][0]["not_compared"] == ["street2"]
    others = {name: value for name, value in values.items() if name != "mail"}
    changed = {"dob": "1981-05-06", "wed": "2002-02-03", "tel": "617 555 0101", "score": "13"}
    changed |= {"street": "2 Main Street", "city": "Salem", "since": "2021-01-31"}
    different = plan(columns, record(**values | others | changed))
    assert set(different["lists"][0]["changes"]) == {
        "birthday_month",
        "birthday_day",
        "anniversary",
        "mobile_phone",
        "street",
        "work_city",
        "cf:Score",
        "cf:Since",
    }


def test_a_column_that_the_account_does_not_tell_is_named_and_not_compared(plan, monkeypatch):
    plan.load(schema(), *named("ann", FirstName="Ann"))
    monkeypatch.setattr(list_copies.ListCopies, "_copied", without_names(list_copies))
    (one,) = plan(schema(), *named("ann", FirstName="Other"))["lists"]
    assert one["not_compared"] == ["first_name"]
    assert one["unchanged"] == 1
    assert "not compared, as the account does not tell it: first_name" in (
        plan.print(schema(), *named("ann", FirstName="Other")).stdout
    )


def test_a_custom_field_that_is_called_as_a_property_is_not_taken_for_it(plan, sandbox):
    sandbox.create_custom_field("First name", "string")
    fields = {"email": "EmailAddress", "first_name": "FirstName", "cf:First name": "Other"}
    plan.settings = {"field_mapping": fields}
    columns = schema(EmailAddress=TEXT, FirstName=TEXT, Other=TEXT)
    rows = named("ann", FirstName="Ann", Other="Nan")
    plan.load(columns, *rows)

    found = plan(columns, *rows)

    assert found["would_change"] is False
    assert found["lists"][0]["not_compared"] == ["first_name", "cf:First_name"]


def without_names(module):
    """Exports of a service that calls its columns otherwise."""
    copied = module.ListCopies._copied

    def change(self, list_id, wanted, rows):
        return copied(self, list_id, wanted, ({"email": row["email"]} for row in rows))

    return change


def test_of_a_list_that_nobody_is_on_everything_is_told(plan, sandbox):
    sandbox.create_list("Empty")
    (one,) = plan(schema(), *named("ann", FirstName="Ann"), lists="Empty")["lists"]
    assert (one["added"], one["not_compared"]) == (1, [])


@pytest.mark.parametrize("mapped", [True, False])
def test_a_list_that_is_read_early_tells_of_streams_that_come_later(plan, mapped):
    fields = {"a": {"first_name": "FirstName"}, "b": {"last_name": "LastName"}}
    plan.settings = {
        "respect_departures": True,
        "segments": [
            {"stream": stream, "lists": "Newsletter"}
            | ({"field_mapping": {"email": "EmailAddress", **found}} if mapped else {})
            for stream, found in fields.items()
        ],
    }

    def rows(first, last):
        return [
            schema("a", EmailAddress=TEXT, FirstName=TEXT),
            record("a", EmailAddress="ann@example.com", FirstName=first),
            schema("b", EmailAddress=TEXT, LastName=TEXT),
            record("b", EmailAddress="bob@example.com", LastName=last),
        ]

    plan.load(*rows("Ann", "Old"))
    (one,) = plan(*rows("Ann", "New"))["lists"]
    assert (one["updated"], one["changes"]) == (1, {"last_name": 1})
    assert one["not_compared"] == []


def test_each_list_is_read_once_whoever_asks(plan):
    plan.settings = {
        "lists_field": "where",
        "respect_departures": True,
        "load_method": "overwrite",
        "max_removed_percent": 100,
    }
    columns = schema(EmailAddress=TEXT, FirstName=TEXT, where=TEXT)
    rows = [
        record(EmailAddress=f"m{number}@example.com", where=name)
        for number in range(4)
        for name in ("Newsletter", "Product updates")
    ]
    plan.load(columns, *rows)
    call("sweep", "--config", config_file(plan.folder, **plan.config))
    before = len(plan.exports)

    plan(columns, *rows[2:])

    assert len(plan.exports) - before == 2
    assert sorted(plan.exports[before:]) == sorted(
        [[list_id] for list_id in {ids[0] for ids in plan.exports}]
    )


def test_who_is_on_another_list_that_was_read_is_a_contact_already(plan):
    plan.settings = {"lists_field": "where"}
    columns = schema(EmailAddress=TEXT, where=TEXT)
    plan.load(columns, record(EmailAddress="ann@example.com", where="Newsletter"))
    found = plan(
        columns,
        record(EmailAddress="ann@example.com", where="Newsletter"),
        record(EmailAddress="ann@example.com", where="Product updates"),
        record(EmailAddress="bob@example.com", where="Product updates"),
    )
    assert [one["list_name"] for one in found["lists"]] == ["Product updates", "Newsletter"]
    by_name = {one["list_name"]: one for one in found["lists"]}
    assert (by_name["Product updates"]["added"], by_name["Product updates"]["known"]) == (2, 1)
    assert by_name["Newsletter"]["added"] == 0


def test_a_list_that_would_be_made_is_not_and_everybody_is_new_on_it(plan, sandbox):
    found = plan(schema(), *named("ann"), lists="Brand new", create_lists=True)
    (one,) = found["lists"]
    assert (one["is_new"], one["added"], one["before"]) == (True, 1, 0)
    assert plan.exports == []
    assert "Brand new" not in sandbox.lists()
    text = plan.print(schema(), *named("ann")).stdout
    assert text.startswith("members -> Brand new: would be made\n  1 would be added\n")


def test_rows_that_are_held_back_are_named_with_the_words_of_a_run(plan, tmp_path):
    never = tmp_path / "never.txt"
    never.write_text("ann@example.com\n")
    found = plan(
        schema(),
        *named("ann", "una.subscribed", "kay", "kay"),
        record(EmailAddress="bad"),
        record(EmailAddress=None),
        *named("gone", _sdc_deleted_at="2020-01-01"),
        suppression_file=str(never),
    )
    (one,) = found["lists"]
    assert one["people"] == 1
    assert {(place, reason): rows for place, reason, rows in one["held_back"]} == {
        ("suppressed", "in suppression_file"): 1,
        ("suppressed", "unsubscribed"): 1,
        ("merged", ""): 1,
        ("blank", ""): 1,
        ("left", ""): 1,
        (
            "rejected",
            f"{NO_AT} (field 'EmailAddress')",
        ): 1,
    }


def test_who_has_left_the_list_and_who_has_not_changed_are_held_back_too(plan):
    plan.settings = {"load_method": "overwrite", "send_unchanged": "never"}
    for _ in range(2):
        plan.load(schema(), *named("ann", "bob"))
    with plan.sandbox._account.store.writing() as db:
        db.execute(
            "DELETE FROM memberships WHERE contact_seq ="
            " (SELECT seq FROM contacts WHERE email_key = 'bob@example.com')"
        )
    (one,) = plan(schema(), *named("ann", "bob", "cid"))["lists"]
    assert {(place, reason) for place, reason, _ in one["held_back"]} == {
        ("unchanged", ""),
        ("suppressed", "left the list"),
    }
    assert (one["people"], one["added"]) == (1, 1)
    # It was not noted: the load finds it out by itself.
    assert plan.load(schema(), *named("ann", "bob", "cid")).totals["suppressed"] == 1


def test_rows_whose_lists_are_not_known_are_told_by_themselves(plan):
    columns = schema(EmailAddress=TEXT, where=TEXT)
    found = plan(columns, record(EmailAddress="a@example.com", where=None), lists_field="where")
    assert found["elsewhere"] == []
    found = plan(columns, record(EmailAddress="a@example.com", where="Nowhere"))
    (held,) = found["elsewhere"]
    assert held[0] == "rejected"
    assert held[1].startswith("record names a list that does not exist")
    text = plan.print(columns, record(EmailAddress="a@example.com", where="Nowhere")).stdout
    assert "Rows of no known list\n  1 row would be rejected" in text


def test_who_would_be_taken_off_is_told_with_the_brake(plan):
    plan.settings = {"segments": [{"stream": "members", "lists": "Newsletter", **OVERWRITE}]}
    plan.load(schema(), *map(member, range(40)))
    few = plan(schema(), *map(member, range(4, 40)))["taken_off"]
    assert [(one["outcome"], one["taken_off"]) for one in few] == [("planned", 4)]
    many = plan(schema(), *map(member, range(20, 40)))["taken_off"]
    assert [one["outcome"] for one in many] == ["refused"]
    assert "20 people would leave the list, 50 % of 40" in many[0]["reason"]
    assert "max_removed_percent" in plan.print(schema(), *map(member, range(20, 40))).stdout


def test_leavers_that_a_tap_names_would_be_taken_off(plan):
    plan.load(schema(), *map(member, range(40)))
    gone = [member(number, _sdc_deleted_at="2020-01-01") for number in range(3)]
    found = plan(schema(), *gone, member(0, FirstName="Back"))
    assert [(one["outcome"], one["taken_off"]) for one in found["taken_off"]] == [("planned", 2)]
    assert found["would_change"] is True


def test_who_is_named_as_a_leaver_and_missing_in_the_segment_is_taken_off_once(plan):
    plan.settings = {"segments": [{"stream": "members", "lists": "Newsletter", **OVERWRITE}]}
    plan.load(schema(), *map(member, range(40)))
    gone = member(0, _sdc_deleted_at="2020-01-01")
    found = plan(schema(), gone, *map(member, range(1, 40)))["taken_off"]
    assert sum(one["taken_off"] for one in found) == 1


class TestAListThatCannotBeRead:
    @pytest.mark.parametrize(
        "fault",
        [
            Fault("POST", "/activities/contact_exports", "forbidden", times=None),
            Fault("POST", "/activities/contact_exports", "error_503", times=None),
            Fault("POST", "/activities/contact_exports", "fail", times=None),
            Fault("POST", "/activities/contact_exports", "quota_exceeded", times=None),
            Fault("GET", "/contact_exports/*", "forbidden", times=None),
            Fault("GET", "/contact_exports/*", "garbage", times=None),
        ],
        ids=lambda fault: f"{fault.method} {fault.action}",
    )
    def test_it_is_told_and_the_rest_is_planned_without_it(self, plan, sandbox, fault):
        sandbox.add_fault(fault)
        answer = plan.print(schema(), *named("ann", "bob"), record(EmailAddress="bad"))
        assert answer.exit_code == 0
        first, second, *_ = answer.lines
        assert first.startswith("members -> Newsletter: 2 people would be sent; not compared (", 0)
        assert second.startswith("  1 row would be rejected")
        assert "1 import" in answer.stdout

    def test_what_was_read_of_it_tells_nothing(self, plan, monkeypatch):
        def breaking_off(*_):
            for number in range(1_000):
                yield {"email": f"m{number}@example.com", "First name": "Old"}
            raise ApiError("The file is not CSV", status=200)

        monkeypatch.setattr(list_copies, "exported", breaking_off)
        (one,) = plan(schema(), *named("m1", "m2"))["lists"]
        assert one["fault"] == "not compared (The file is not CSV)"
        assert (one["people"], one["known"]) == (2, 0)

    def test_the_other_lists_are_compared(self, plan, sandbox):
        plan.settings = {"lists_field": "where"}
        sandbox.add_fault(Fault("POST", "/activities/contact_exports", "forbidden", nth=2))
        columns = schema(EmailAddress=TEXT, where=TEXT)
        names = ("Newsletter", "Product updates", "Loyalty members")
        found = plan(columns, *(record(EmailAddress="a@example.com", where=n) for n in names))
        assert sorted(bool(one["fault"]) for one in found["lists"]) == [False, False, True]

    def test_too_few_requests_are_said_and_none_is_made(self, plan):
        plan.settings = {"requests_per_day": 12}
        answer = plan.print(schema(), *named("ann"))
        assert answer.exit_code == 0
        assert "not compared, as " in answer.stdout
        assert plan.exports == []

    def test_of_very_many_lists_only_some_are_read(self, plan, monkeypatch):
        monkeypatch.setattr(list_copies, "MOST_READ", 1)
        plan.settings = {"lists_field": "where"}
        columns = schema(EmailAddress=TEXT, where=TEXT)
        names = ("Newsletter", "Product updates")
        found = plan(columns, *(record(EmailAddress="a@example.com", where=n) for n in names))
        assert sorted(one["fault"] for one in found["lists"]) == [
            "",
            "not compared, as a plan reads at most 1 list",
        ]

    def test_lists_that_would_be_made_are_none_of_them(self, plan, monkeypatch):
        monkeypatch.setattr(list_copies, "MOST_READ", 2)
        names = ("Newsletter", "Brand new", "Another new")
        columns = schema(EmailAddress=TEXT, where=TEXT)
        rows = (record(EmailAddress="a@example.com", where=name) for name in names)
        found = plan(columns, *rows, lists_field="where", create_lists=True)
        assert [one["fault"] for one in found["lists"]] == ["", "", ""]

    @pytest.mark.parametrize("respects", [False, True])
    def test_nobody_is_said_to_leave_it(self, plan, sandbox, respects):
        plan.settings = {"segments": [{"stream": "members", "lists": "Newsletter", **OVERWRITE}]}
        plan.settings["respect_departures"] = respects
        plan.load(schema(), *map(member, range(40)))
        sandbox.add_fault(Fault("POST", "/activities/contact_exports", "forbidden", times=None))
        found = plan(schema(), *map(member, range(4, 40)))
        assert [(one["outcome"], one["taken_off"]) for one in found["taken_off"]] == [
            ("unknown", 0)
        ]

    @pytest.mark.parametrize(
        ("settings", "rows"),
        [
            ({}, named("ann", "bob", _sdc_deleted_at="2020-01-01")),
            ({**OVERWRITE, "send_unchanged": "never"}, named("cid")),
            (
                {**OVERWRITE, "send_unchanged": "never", "overwrite_when": "end_of_input"},
                named("cid"),
            ),
        ],
    )
    def test_whoever_may_leave_it_would_be_a_change(self, plan, sandbox, settings, rows):
        """Also where nobody would be sent to it."""
        plan.settings = {**settings, "verify": "never", "respect_departures": False}
        plan.load(schema(), *named("ann", "bob", "cid"))
        sandbox.add_fault(Fault("POST", "/activities/contact_exports", "forbidden", times=None))
        answer = plan.print(schema(), *rows, options=["--exit-code"])
        assert "would be taken off" in answer.stdout
        assert answer.stdout.endswith("Something would change; nothing was changed now.\n")
        assert answer.exit_code == 2
