"""What a run does by what earlier ones have remembered: unchanged members, and departures."""

from __future__ import annotations

from functools import partial

import pytest

from target_constant_contact.sandbox import Fault
from target_constant_contact.segments import loads
from tests.support.target import TEXT, record, schema, state
from tests.support.year import Account

IMPORT = "/activities/contacts_json_import"
UNCHANGED = {"send_unchanged": "never"}
OVERWRITE = {"load_method": "overwrite"}
COLUMNS = {"EmailAddress": TEXT, "FirstName": TEXT}


def people(stream="members", /, **names):
    """A stream with the first name of each person."""
    rows = (
        record(stream, EmailAddress=f"{key}@example.com", FirstName=name)
        for key, name in names.items()
    )
    return [schema(stream, **COLUMNS), *rows, state("end")]


def first_name(sandbox, key):
    return sandbox.contact(f"{key}@example.com").get("first_name")


def take_off(sandbox, key, name="Newsletter"):
    """Somebody leaves a list, as an administrator has it done."""
    Account(sandbox).leave(name, f"{key}@example.com")


def exports_of(sandbox):
    return sum(each["kind"] == "contact_exports" for each in sandbox.activities())


@pytest.fixture
def later(monkeypatch):
    """The first day from which days are counted is so many days earlier: it is later now."""

    def move(days):
        monkeypatch.setattr(
            "target_constant_contact.run.remembering.FIRST_DAY",
            loads.FIRST_DAY.fromordinal(loads.FIRST_DAY.toordinal() - days),
        )

    return move


class TestUnchanged:
    def test_members_who_have_not_changed_are_not_sent(self, export, sandbox):
        export(*people(ann="Ann", bob="Bob"), **UNCHANGED)
        outcome = export(*people(ann="Ann", bob="Robert", cy="Cy"), **UNCHANGED)
        assert outcome.exit_code == 0
        assert outcome.states == ["end"]
        assert outcome.totals == {"read": 3, "landed": 2, "unchanged": 1}
        assert "3 read = 2 landed + 1 unchanged" in outcome.log
        assert first_name(sandbox, "bob") == "Robert"

    def test_a_night_without_changes_sends_nothing(self, export):
        export(*people(ann="Ann", bob="Bob"), **UNCHANGED)
        outcome = export(*people(ann="Ann", bob="Bob"), **UNCHANGED)
        assert outcome.totals == {"read": 2, "unchanged": 2}
        assert outcome.report["imports"] == []

    def test_by_default_everybody_is_sent(self, export):
        export(*people(ann="Ann"))
        assert export(*people(ann="Ann")).totals == {"read": 1, "landed": 1}

    def test_what_was_changed_by_hand_stays(self, export, sandbox):
        export(*people(ann="Ann"), **UNCHANGED)
        export(*people(ann="By hand"))
        export(*people(ann="Ann"), **UNCHANGED)
        assert first_name(sandbox, "ann") == "By hand"

    @pytest.mark.parametrize(("days", "sent"), [(6, 0), (7, 1)])
    def test_after_some_days_members_are_sent_again(self, export, later, days, sent):
        export(*people(ann="Ann"), send_unchanged=7)
        later(days)
        outcome = export(*people(ann="Ann"), send_unchanged=7)
        assert outcome.totals.get("landed", 0) == sent
        assert outcome.totals.get("unchanged", 0) == 1 - sent

    def test_the_days_are_counted_from_the_last_time_that_they_were_sent(self, export, later):
        export(*people(ann="Ann"), send_unchanged=7)
        later(5)
        export(*people(ann="Ann"), send_unchanged=7)
        later(8)
        assert export(*people(ann="Ann"), send_unchanged=7).totals["landed"] == 1

    def test_a_member_goes_to_a_list_that_is_new(self, export, sandbox):
        sandbox.create_list("VIP")
        export(*people(ann="Ann"), **UNCHANGED)
        outcome = export(*people(ann="Ann"), lists=["Newsletter", "VIP"], **UNCHANGED)
        assert outcome.totals == {"read": 1, "landed": 1}
        assert "ann@example.com" in sandbox.members("VIP")

    def test_the_later_of_two_rows_wins_also_when_it_alone_is_unchanged(self, export, sandbox):
        rows = [
            record(EmailAddress="ann@example.com", FirstName="First"),
            record(EmailAddress="ann@example.com", FirstName="Second"),
        ]
        for _ in range(2):
            export(schema(**COLUMNS), *rows, **UNCHANGED)
        assert first_name(sandbox, "ann") == "Second"

    def test_so_it_does_over_streams(self, export, sandbox):
        sandbox.create_list("VIP")
        run = partial(
            export,
            segments=[{"stream": "vips", "lists": "VIP"}],
            **UNCHANGED,
        )
        run(*people(ann="Ann"), *people("vips", ann="Annie"))
        assert first_name(sandbox, "ann") == "Annie"
        outcome = run(*people(ann="Anna"), *people("vips", ann="Annie"))
        assert outcome.totals == {"read": 2, "landed": 2}
        assert first_name(sandbox, "ann") == "Annie"

    def test_whom_the_service_refused_is_sent_again(self, export, behave):
        behave(flagged_addresses=frozenset({"bob@example.com"}))
        export(*people(ann="Ann", bob="Bob"), **UNCHANGED)
        behave(flagged_addresses=frozenset())
        outcome = export(*people(ann="Ann", bob="Bob"), **UNCHANGED)
        assert outcome.totals == {"read": 2, "landed": 1, "unchanged": 1}

    def test_what_an_interrupted_run_may_have_changed_is_sent_again(self, export, sandbox):
        export(*people(ann="Ann", bob="Bob"), **UNCHANGED)
        sandbox.add_fault(Fault("POST", IMPORT, nth=2, action="quota_exceeded"))
        names = {"ann": "Other", "bob": "Other"}
        assert export(*people(**names), batch_size_rows=1, **UNCHANGED).exit_code == 75
        export(*people(ann="Ann", bob="Bob"), **UNCHANGED)
        assert first_name(sandbox, "ann") == first_name(sandbox, "ann").title() == "Ann"

    def test_a_dry_run_says_who_would_be_sent(self, export):
        export(*people(ann="Ann"), **UNCHANGED)
        outcome = export(*people(ann="Ann", bob="Bob"), dry_run=True, **UNCHANGED)
        assert outcome.totals == {"read": 2, "unsettled": 1, "unchanged": 1}


class TestDepartures:
    def test_who_has_left_the_list_is_not_put_back(self, export, sandbox):
        for _ in range(2):
            export(*people(ann="Ann", bob="Bob"), **OVERWRITE)
        take_off(sandbox, "bob")
        for _ in range(2):
            outcome = export(*people(ann="Ann", bob="Bob"), **OVERWRITE)
            assert outcome.totals == {"read": 2, "landed": 1, "suppressed": 1}
            assert outcome.report["withheld"] == [
                {"stream": "members", "reason": "left the list", "rows": 1}
            ]
        assert "bob@example.com" not in sandbox.members("Newsletter")

    def test_departures_can_be_overruled(self, export, sandbox):
        for _ in range(2):
            export(*people(ann="Ann"), **OVERWRITE)
        take_off(sandbox, "ann")
        outcome = export(*people(ann="Ann"), respect_departures=False, **OVERWRITE)
        assert outcome.totals == {"read": 1, "landed": 1}
        assert "ann@example.com" in sandbox.members("Newsletter")

    def test_they_can_be_respected_by_a_load_that_only_adds(self, export, sandbox):
        run = partial(export, respect_departures=True)
        for _ in range(2):
            run(*people(ann="Ann"))
        take_off(sandbox, "ann")
        assert run(*people(ann="Ann")).totals == {"read": 1, "suppressed": 1}

    def test_who_was_put_back_by_hand_is_sent_again(self, export, sandbox):
        for _ in range(2):
            export(*people(ann="Ann"), **OVERWRITE)
        take_off(sandbox, "ann")
        export(*people(ann="Ann", bob="Bob"), **OVERWRITE)
        export(*people("others", ann="Ann"))
        outcome = export(*people(ann="Ann", bob="Bob"), **OVERWRITE)
        assert outcome.totals == {"read": 2, "landed": 2}

    def test_whom_the_service_has_refused_has_not_left(self, export, behave):
        behave(flagged_addresses=frozenset({"bob@example.com"}))
        for _ in range(2):
            export(*people(ann="Ann", bob="Bob"), **OVERWRITE)
        behave(flagged_addresses=frozenset())
        outcome = export(*people(ann="Ann", bob="Bob"), **OVERWRITE)
        assert outcome.totals == {"read": 2, "landed": 2}

    def test_whom_we_have_taken_off_can_come_back(self, export, sandbox):
        settings = OVERWRITE | {"overwrite_when": "end_of_input"}
        for _ in range(2):
            export(*people(ann="Ann", bob="Bob"), **settings)
        export(*people(ann="Ann"), **settings)
        assert "bob@example.com" not in sandbox.members("Newsletter")
        outcome = export(*people(ann="Ann", bob="Bob"), **settings)
        assert outcome.totals == {"read": 2, "landed": 2}
        assert "bob@example.com" in sandbox.members("Newsletter")

    def test_whom_a_row_has_taken_off_can_come_back(self, export, sandbox):
        for _ in range(2):
            export(*people(ann="Ann", bob="Bob"), **OVERWRITE)
        left = record(EmailAddress="bob@example.com", _sdc_deleted_at="2026-09-21")
        export(schema(**COLUMNS, _sdc_deleted_at=TEXT), *people(ann="Ann")[1:], left, **OVERWRITE)
        assert "bob@example.com" not in sandbox.members("Newsletter")
        outcome = export(*people(ann="Ann", bob="Bob"), **OVERWRITE)
        assert outcome.totals == {"read": 2, "landed": 2}

    def test_who_has_left_is_still_in_the_segment(self, export, sandbox):
        """A sweep would otherwise take them for somebody who has left it."""
        settings = OVERWRITE | {"overwrite_when": "end_of_input"}
        for _ in range(2):
            export(*people(ann="Ann", bob="Bob"), **settings)
        take_off(sandbox, "bob")
        outcome = export(*people(ann="Ann", bob="Bob"), **settings)
        assert outcome.exit_code == 0
        assert outcome.report["swept"][0]["taken_off"] == 0

    def test_a_short_quota_is_not_spent_on_them(self, export, sandbox, monkeypatch):
        for _ in range(2):
            export(*people(ann="Ann", bob="Bob"), **OVERWRITE)
        take_off(sandbox, "bob")
        export(*people(ann="Ann", bob="Bob"), **OVERWRITE)
        take_off(sandbox, "ann")
        monkeypatch.setattr("target_constant_contact.segments.departures.EXPORT", 10**9)
        outcome = export(*people(ann="Ann", bob="Bob"), **OVERWRITE)
        assert outcome.totals == {"read": 2, "landed": 1, "suppressed": 1}
        assert "too few requests are left of the day's" in outcome.log

    def test_a_list_is_read_by_one_export(self, export, sandbox):
        export(*people(ann="Ann"), **OVERWRITE)
        assert exports_of(sandbox) == 0
        export(*people(ann="Ann"), **OVERWRITE)
        assert exports_of(sandbox) == 1

    def test_a_person_who_is_not_on_the_list_is_no_unchanged_member(self, export, sandbox):
        """Somebody was counted as landed, and is not there."""
        settings = UNCHANGED | {"respect_departures": True}
        export(*people(ann="Ann", bob="Bob"), **settings)
        take_off(sandbox, "bob")
        outcome = export(*people(ann="Ann", bob="Bob"), **settings)
        assert outcome.totals == {"read": 2, "landed": 1, "unchanged": 1}

    def test_verification_sees_to_it_that_unchanged_members_are_on_the_list(self, export, sandbox):
        settings = UNCHANGED | {"verify": "always"}
        for _ in range(2):
            export(*people(ann="Ann", bob="Bob"), **settings)
        take_off(sandbox, "bob")
        outcome = export(*people(ann="Ann", bob="Bob"), **settings)
        assert outcome.totals == {"read": 2, "landed": 1, "unchanged": 1}
        assert "bob@example.com" in sandbox.members("Newsletter")
