"""STATE, order, sums, limits and errors when the service does not do what one hopes."""

from __future__ import annotations

import pytest

from target_constant_contact.imports import sender
from target_constant_contact.sandbox import Fault
from tests.support.target import member, record, schema, state

IMPORT = "/activities/contacts_json_import"


def imports(sandbox) -> list:
    return [seen for seen in sandbox.requests if seen.path.endswith("contacts_json_import")]


# STATE


def test_state_comes_out_in_order_and_the_last_one_at_the_end(export):
    messages = [schema()]
    for number in range(30):
        messages += [member(number), state(number)]
    outcome = export(*messages, batch_size_rows=5)
    assert outcome.states == sorted(outcome.states)
    assert outcome.states[-1] == 29


def test_state_without_rows_comes_out_at_once(sandbox, export):
    outcome = export(state("start"))
    assert outcome.states == ["start"]
    assert sandbox.requests == []


@pytest.mark.parametrize("value", [1.5, 0.1, 12345678901234567890, "Zoë", None, {"a": [1, {}]}])
def test_state_comes_out_as_it_came(export, value):
    """Numbers included, which are decimals in between."""
    assert export(schema(), member(1), state(value)).states == [value]


def test_an_empty_state_never_comes_out(export):
    outcome = export(schema(), member(1), {"type": "STATE", "value": {}})
    assert outcome.exit_code == 0
    assert outcome.stdout == ""


@pytest.mark.parametrize(("action", "code"), [("fail", 1), ("cancel", 1), ("time_out", 75)])
def test_state_stops_before_the_rows_of_an_activity_that_ended_badly(sandbox, export, action, code):
    sandbox.add_fault(Fault("POST", IMPORT, nth=2, action=action))
    messages = [schema()]
    for number in range(30):
        messages += [member(number), state(number + 1)]
    outcome = export(*messages, batch_size_rows=10)
    assert outcome.exit_code == code
    # The second one to arrive, of whichever batch it is.
    landed = sandbox.members("Newsletter")
    first_lost = min(n for n in range(30) if f"member{n}@example.com" not in landed)
    assert max(outcome.states, default=0) <= first_lost
    assert outcome.totals["unsettled"] >= 10
    assert sum(outcome.totals.values()) == 2 * outcome.totals["read"]
    assert outcome.report["status"] == "failed"
    assert outcome.report["error"] in outcome.log


def test_state_of_rejected_rows_comes_out_once_they_are_in_the_file(export):
    outcome = export(schema(), record(EmailAddress="bad"), state(1))
    assert outcome.states == [1]
    assert len(outcome.rejected) == 2


def test_a_run_that_rejects_too_much_fails_and_keeps_its_state(export):
    messages = [schema(), *map(member, range(8)), record(EmailAddress="x"), state("end")]
    outcome = export(*messages, max_rejected_percent=10)
    assert outcome.exit_code == 65
    assert outcome.states == []
    assert "11.1 % of the rows of stream 'members'" in outcome.log
    assert export(*messages, max_rejected_percent=12).states == ["end"]


def test_rows_that_the_service_refuses_count_as_rejected(export):
    """The service knows more of e-mail addresses than the lenient check here."""
    messages = [schema(), member(1), record(EmailAddress="ann@exämple.com"), state("end")]
    outcome = export(*messages, max_rejected_percent=10)
    assert outcome.totals == {"read": 2, "landed": 1, "refused": 1}
    assert outcome.exit_code == 65
    assert outcome.states == []
    assert export(*messages, max_rejected_percent=50).states == ["end"]


# Counters


@pytest.mark.parametrize("person_count", ["unique", "rows", "landed"])
@pytest.mark.parametrize("header_row_counted", [True, False])
def test_a_good_run_succeeds_whatever_the_counters_turn_out_to_mean(
    behave, export, person_count, header_row_counted
):
    behave(person_count=person_count, header_row_counted=header_row_counted)
    outcome = export(
        schema(), *map(member, range(10)), record(EmailAddress="una.subscribed@example.com")
    )
    assert outcome.exit_code == 0
    assert outcome.totals == {"read": 11, "landed": 10, "suppressed": 1}
    assert "WARNING" not in outcome.log


def test_rows_that_vanish_at_the_service_are_named_and_hold_state_back(behave, export):
    """What Constant Contact dropped without a word must be sent again, so the tap has to wait."""
    behave(rows_lost=3)
    outcome = export(schema(), *map(member, range(10)), state(1))
    assert outcome.exit_code == 65
    assert outcome.states == []
    assert outcome.totals == {"read": 10, "landed": 7, "unexplained": 3}
    assert "3 rows of stream 'members' are unexplained" in outcome.log
    rows = [line["record"] for line in outcome.rejected if line["type"] == "RECORD"]
    assert {row["EmailAddress"] for row in rows} == {
        f"member{number}@example.com" for number in (7, 8, 9)
    }
    assert {row["_reject_reason"] for row in rows} == {"unexplained: not in the account"}
    assert {row["_reject_evidence"] for row in rows} == {"look-up of the address"}


def test_without_counters_the_list_read_back_tells_what_has_landed(behave, export):
    behave(report_counters=False)
    outcome = export(schema(), *map(member, range(10)), state(1))
    assert outcome.exit_code == 0
    assert outcome.states == [1]
    assert outcome.totals == {"read": 10, "landed": 10}


def test_without_counters_and_without_verification_nothing_is_known_to_have_landed(behave, export):
    behave(report_counters=False)
    outcome = export(schema(), *map(member, range(10)), state(1), verify="never")
    assert outcome.exit_code == 65
    assert outcome.states == []
    assert outcome.totals == {"read": 10, "unexplained": 10}


# Errors and retries


@pytest.mark.parametrize(
    "action",
    ["throttled", "error_500", "error_503", "garbage", "empty", "drop_before", "drop_after"],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/contact_lists"), ("POST", IMPORT), ("GET", "/activities/*")],
)
def test_a_passing_fault_costs_a_request_and_nothing_else(sandbox, export, method, path, action):
    sandbox.add_fault(Fault(method, path, action=action))
    outcome = export(schema(), *map(member, range(3)), state("end"))
    assert outcome.exit_code == 0
    assert outcome.states == ["end"]
    assert outcome.totals == {"read": 3, "landed": 3}
    assert len(sandbox.requests) == outcome.report["requests"]


def test_a_service_that_stays_down_ends_the_run_as_try_later(sandbox, export):
    sandbox.add_fault(Fault("POST", IMPORT, action="error_503", times=None))
    outcome = export(schema(), member(1), state("end"))
    assert outcome.exit_code == 75
    assert outcome.states == []
    assert "POST /activities/contacts_json_import" in outcome.log


def test_a_used_up_quota_ends_the_run_at_once(sandbox, export):
    sandbox.add_fault(Fault("POST", IMPORT, nth=2, action="quota_exceeded", times=None))
    outcome = export(
        schema(),
        *map(member, range(50)),
        state("end"),
        batch_size_rows=10,
        max_activities_in_flight=1,
    )
    assert outcome.exit_code == 75
    assert outcome.states == []
    assert len(imports(sandbox)) == 2
    assert "00:00 UTC" in outcome.log


def test_our_own_count_of_the_day_ends_the_run_as_try_later(export):
    outcome = export(schema(), member(1), state("end"), requests_per_day=2)
    assert outcome.exit_code == 75
    assert outcome.states == []


def test_a_full_queue_is_waited_for(sandbox, export, monkeypatch):
    monkeypatch.setattr(sender, "QUEUE_FULL_SECONDS", 0.01)
    sandbox.add_fault(Fault("POST", IMPORT, action="queue_full", times=2))
    outcome = export(schema(), member(1))
    assert outcome.exit_code == 0
    assert len(imports(sandbox)) == 3


@pytest.mark.parametrize("action", ["unauthorized", "forbidden"])
def test_a_token_that_is_not_accepted_asks_to_sign_in(sandbox, export, action):
    sandbox.add_fault(Fault("GET", "/contact_lists", action=action, times=None))
    outcome = export(schema(), member(1), state("end"))
    assert outcome.exit_code == 77
    assert outcome.states == []


def test_an_activity_that_gets_stuck_ends_the_run_as_try_later(sandbox, export):
    sandbox.add_fault(Fault("POST", IMPORT, action="stuck"))
    outcome = export(schema(), member(1), state("end"), import_timeout_minutes=0.005)
    assert outcome.exit_code == 75
    assert outcome.states == []
    assert "import_timeout_minutes" in outcome.log


def test_no_more_activities_are_in_flight_than_allowed(sandbox, behave, export):
    behave(seconds_to_start=0.05, seconds_to_finish=0.05, max_queued_activities=2)
    outcome = export(
        schema(), *map(member, range(40)), batch_size_rows=5, max_activities_in_flight=2
    )
    assert outcome.exit_code == 0
    assert len(imports(sandbox)) == 8
    assert {seen.status for seen in imports(sandbox)} == {201}


# What is wrong with the settings is said before anything is sent


def test_faults_that_only_the_account_shows_are_reported_together(sandbox, export):
    outcome = export(
        schema(),
        member(1),
        lists="Newsleter",
        segments=[
            {
                "stream": "members",
                "lists": ["Loyalty member"],
                "field_mapping": {"email": "EmailAddress", "cf:customer_di": "FirstName"},
            }
        ],
    )
    assert outcome.exit_code == 78
    for part in ("'Newsleter'", "did you mean 'Newsletter'", "'Loyalty member'", "customer_di"):
        assert part in outcome.log
    assert {seen.method for seen in sandbox.requests} == {"GET"}


def test_a_stream_without_an_email_address_is_a_fault_of_the_settings(sandbox, export):
    outcome = export(schema("orders", id={"type": "integer"}), record("orders", id=1))
    assert outcome.exit_code == 78
    assert "stream 'orders'" in outcome.log
    assert not imports(sandbox)


def test_a_stream_without_a_list_is_a_fault_that_says_how_to_drop_it(export):
    outcome = export(schema("orders"), lists=None, segments=[{"stream": "m*", "lists": ["x"]}])
    assert outcome.exit_code == 78


def test_a_lists_field_that_the_stream_lacks_is_a_fault(export):
    outcome = export(schema(), member(1), lists_field="FirstNam")
    assert outcome.exit_code == 78
    assert "'FirstNam'" in outcome.log
    assert "FirstName" in outcome.log


def test_nothing_is_created_while_a_setting_is_wrong(sandbox, export):
    outcome = export(
        schema(),
        lists="Brand new",
        create_lists=True,
        field_mapping={"email": "EmailAddress", "cf:unknown": "FirstName"},
    )
    assert outcome.exit_code == 78
    assert "Brand new" not in sandbox.lists()


@pytest.mark.parametrize("lists", [",", ",".join(f"List {n}" for n in range(51))])
def test_a_text_that_names_no_list_or_too_many_is_a_fault(export, lists):
    outcome = export(schema(), member(1), lists=lists, create_lists=True, max_new_lists=60)
    assert outcome.exit_code == 78
    assert "a contact can be on 1 to 50" in outcome.log


# Input


def test_a_batch_message_is_refused_with_a_way_out(export):
    message = {"type": "BATCH", "stream": "members", "encoding": {}, "manifest": []}
    outcome = export(schema(), member(1), message, state("end"))
    assert outcome.exit_code == 1
    assert "batch_config" in outcome.log
    assert outcome.states == []


def test_a_broken_line_ends_the_run_without_its_content(sandbox, export):
    text = '{"type": "SCHEMA", "stream": "s", "schema": {"properties": {"email": {}}}}\n{"x'
    outcome = export(text=text)
    assert outcome.exit_code == 1
    assert "Line 2 of the input is not JSON" in outcome.log
    assert not imports(sandbox)


@pytest.mark.parametrize("keys", [["id"], ["emailaddress"], ["FirstName", "id"], None, 7])
@pytest.mark.parametrize("maps", [{}, {"members": {"FirstName": "'Kim'"}}])
def test_keys_that_are_missing_or_in_another_case_do_not_matter(export, keys, maps):
    """Nothing here needs them."""
    message = schema() | {"key_properties": keys}
    outcome = export(message, *map(member, range(6)), stream_maps=maps)
    assert outcome.exit_code == 0
    assert outcome.totals == {"read": 6, "landed": 6}


def test_a_record_before_its_schema_ends_the_run(export):
    outcome = export(member(1), schema())
    assert outcome.exit_code == 1
    assert "before a corresponding schema" in outcome.log


def test_a_record_for_the_alias_of_another_stream_ends_the_run(export):
    outcome = export(schema("people"), member(1), stream_maps={"people": {"__alias__": "members"}})
    assert outcome.exit_code == 1
    assert "'members' came before a corresponding schema" in outcome.log
