"""Every way in which the service can lose a row is seen, and the row is named."""

from __future__ import annotations

import pytest

from target_constant_contact.exceptions import InterruptedRunError
from target_constant_contact.sandbox import Fault
from target_constant_contact.verification import verifier
from tests.support.target import member, record, schema, state

IMPORT = "/activities/contacts_json_import"
ROWS = 10
NEW = "member4@example.com"


def found(outcome):
    """Address, reason and evidence of the rows in the rejects file."""
    rows = [line["record"] for line in outcome.rejected if line["type"] == "RECORD"]
    return {
        (row["EmailAddress"], row["_reject_reason"], row.get("_reject_evidence", ""))
        for row in rows
    }


def members(*more):
    return [schema(), *(member(number, FirstName=f"N{number}") for number in range(ROWS)), *more]


def test_a_row_that_vanishes_from_the_middle_is_named_and_holds_state_back(behave, export):
    behave(dropped_addresses=frozenset({NEW}))
    outcome = export(*members(state("end")))
    assert outcome.exit_code == 65
    assert outcome.states == []
    assert outcome.totals == {"read": ROWS, "landed": ROWS - 1, "unexplained": 1}
    assert found(outcome) == {(NEW, "unexplained: not in the account", "look-up of the address")}


def test_rows_beyond_the_bytes_that_the_service_reads_are_named(behave, export):
    """It drops them without a word."""
    behave(truncate_at_bytes=400)
    outcome = export(*members(state("end")))
    assert outcome.exit_code == 65
    assert outcome.totals["landed"] + outcome.totals["unexplained"] == ROWS
    assert len(found(outcome)) == outcome.totals["unexplained"] > 0


def test_a_row_that_vanishes_of_somebody_who_is_a_member_already_stays_unexplained(behave, export):
    """The list proves nothing then: only that the values are the old ones."""
    export(*members(state("first")))
    behave(dropped_addresses=frozenset({NEW}))
    changed = member(4, FirstName="Changed")
    outcome = export(*members(changed, state("second")))
    assert outcome.exit_code == 65
    assert outcome.states == []
    assert outcome.totals["unexplained"] == 1
    assert found(outcome) == {
        (NEW, "unexplained: on the list with other values", "the list read back")
    }


def test_an_address_that_the_service_flags_is_named_as_refused(behave, export):
    behave(flagged_addresses=frozenset({NEW}))
    outcome = export(*members(state("end")))
    assert outcome.exit_code == 0
    assert outcome.states == ["end"]
    assert outcome.totals == {"read": ROWS, "landed": ROWS - 1, "refused": 1}
    assert found(outcome) == {(NEW, "refused: not in the account", "look-up of the address")}


def test_the_service_s_own_lines_name_a_row_without_any_further_request(behave, export, sandbox):
    behave(flagged_addresses=frozenset({NEW}), line_errors=True)
    outcome = export(*members())
    assert outcome.totals == {"read": ROWS, "landed": ROWS - 1, "refused": 1}
    assert found(outcome) == {
        (
            NEW,
            "refused: counted as an error: Invalid email address",
            "line number in the activity's errors",
        )
    }
    assert not any(request.path.endswith("contact_exports") for request in sandbox.requests)


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("gone.unsubscribed@example.com", "suppressed: unsubscribed"),
    ],
)
def test_people_who_unsubscribed_are_named_and_are_no_error(export, address, reason):
    outcome = export(*members(record(EmailAddress=address), state("end")), max_rejected_percent=0)
    assert outcome.exit_code == 0
    assert outcome.states == ["end"]
    assert outcome.totals == {"read": ROWS + 1, "landed": ROWS, "suppressed": 1}
    assert found(outcome) == {(address, reason, "look-up of the address")}
    assert outcome.report["findings"] == [
        {
            "stream": "members",
            "reason": reason,
            "evidence": "look-up of the address",
            "rows": 1,
        }
    ]


def test_a_failed_activity_is_named_and_fails_the_run(sandbox, export):
    sandbox.add_fault(Fault("POST", IMPORT, action="fail"))
    outcome = export(*members(state("end")))
    assert outcome.exit_code == 1
    assert outcome.states == []
    assert outcome.totals == {"read": ROWS, "unsettled": ROWS}
    (activity,) = [item for item in sandbox.activities() if item["rows"]]
    assert f"{activity['activity_id']} ended as 'failed'; its 10 rows" in outcome.log


def test_with_verify_always_a_clean_import_is_read_back_too(export, sandbox):
    outcome = export(*members(), verify="always")
    assert outcome.exit_code == 0
    assert outcome.totals == {"read": ROWS, "landed": ROWS}
    exports = [item for item in sandbox.activities() if item["kind"] == "contact_exports"]
    assert len(exports) == 1


def test_with_verify_never_the_counters_are_all_there_is(behave, export, sandbox):
    behave(flagged_addresses=frozenset({NEW}))
    outcome = export(*members(), verify="never")
    assert outcome.totals == {"read": ROWS, "landed": ROWS - 1, "refused": 1}
    assert outcome.rejected == []
    assert not any(request.path.endswith("contact_exports") for request in sandbox.requests)


def test_a_read_back_that_fails_leaves_the_counters_and_a_warning(behave, export, sandbox):
    behave(flagged_addresses=frozenset({NEW}))
    sandbox.add_fault(Fault("POST", "/activities/contact_exports", action="forbidden", times=None))
    outcome = export(*members(state("end")))
    assert outcome.exit_code == 0
    assert outcome.totals == {"read": ROWS, "landed": ROWS - 1, "refused": 1}
    assert "could not be found out" in outcome.log


def test_rejected_rows_of_a_run_can_be_sent_again(behave, export, sandbox):
    """The file is a Singer stream; what was dropped once lands the second time."""
    behave(dropped_addresses=frozenset({NEW}))
    first = export(*members(), lists="Newsletter")
    behave(dropped_addresses=frozenset())
    second = export(*first.rejected)
    assert second.totals == {"read": 1, "landed": 1}
    assert sandbox.contact(NEW)["first_name"] == "N4"


def test_no_address_reaches_the_log_or_the_report(behave, export):
    behave(flagged_addresses=frozenset({NEW}), line_errors=True)
    outcome = export(*members(record(EmailAddress="una.subscribed@example.com")))
    assert "@example" not in outcome.log
    assert "@example" not in str(outcome.report)


def test_nothing_that_was_kept_for_verification_stays(behave, export):
    behave(flagged_addresses=frozenset({NEW}))
    outcome = export(*members())
    (folder,) = outcome.data_dir.glob("runs/*")
    names = ["rejects.singer.jsonl", "report.html", "report.json"]
    assert sorted(path.name for path in folder.iterdir()) == names


def test_a_row_that_vanishes_behind_clean_counters_holds_state_back(behave, export):
    """What the read-back is going to find is not known when the import is counted."""
    behave(dropped_addresses=frozenset({NEW}), dropped_are_counted=True)
    outcome = export(*members(state("end")), verify="always")
    assert outcome.exit_code == 65
    assert outcome.states == []
    assert outcome.totals == {"read": ROWS, "landed": ROWS - 1, "unexplained": 1}


def test_more_rows_missing_than_counted_hold_state_back(behave, export):
    behave(
        flagged_addresses=frozenset({"member5@example.com"}),
        dropped_addresses=frozenset({NEW}),
        dropped_are_counted=True,
    )
    outcome = export(*members(state("end")))
    assert outcome.exit_code == 65
    assert outcome.states == []
    assert outcome.totals == {"read": ROWS, "landed": ROWS - 2, "refused": 1, "unexplained": 1}


def test_state_waits_for_no_more_than_the_rows_that_are_to_be_explained(behave, export):
    behave(dropped_addresses=frozenset({"member9@example.com"}), dropped_are_counted=True)
    rows = [message for n in range(ROWS) for message in (member(n), state(n + 1))]
    outcome = export(schema(), *rows, verify="always", batch_size_rows=1)
    assert outcome.exit_code == 65
    assert outcome.states[-1] == ROWS - 1


def test_state_does_not_wait_for_the_end_when_a_read_back_in_between_explains_the_rows(
    export, monkeypatch
):
    """One suppressed row at the beginning does not hold a long run's STATE back."""
    monkeypatch.setattr(verifier, "EARLY_SECONDS", 0.0)
    rows = [message for n in range(30) for message in (member(n), state(n + 1))]
    first = record(EmailAddress="una.subscribed@example.com")
    options = {"batch_size_rows": 1, "max_activities_in_flight": 1}
    outcome = export(schema(), first, *rows, **options)
    assert outcome.exit_code == 0
    assert len(outcome.states) > 1
    assert outcome.states[-1] == 30
    assert outcome.totals == {"read": 31, "landed": 30, "suppressed": 1}


def test_a_signal_during_the_verification_finds_state_still_held_back(behave, export, monkeypatch):
    def stopped(_verifier):
        raise InterruptedRunError("SIGTERM came before the run was finished.")

    monkeypatch.setattr(verifier.Verifier, "explain", stopped)
    behave(flagged_addresses=frozenset({NEW}))
    outcome = export(*members(state("end")))
    assert outcome.exit_code == 1
    assert outcome.states == []


def test_lines_that_name_every_missing_row_let_state_go_at_once(behave, export, monkeypatch):
    """So it goes although the run does not come to its verification."""

    def stopped(_verifier):
        raise InterruptedRunError("SIGTERM came before the run was finished.")

    monkeypatch.setattr(verifier.Verifier, "explain", stopped)
    behave(flagged_addresses=frozenset({NEW}), line_errors=True)
    outcome = export(*members(state("end")))
    assert outcome.states == ["end"]
    assert len(outcome.rejected) == 2


def test_destinations_beyond_those_that_are_read_back_let_state_go(behave, export, monkeypatch):
    monkeypatch.setattr(verifier, "MAX_READ_BACKS", 0)
    behave(flagged_addresses=frozenset({NEW}))
    outcome = export(*members(state("end")))
    assert outcome.exit_code == 0
    assert outcome.states == ["end"]
    assert "were not read back" in outcome.log
