"""A run that was interrupted is taken up by the next one, and a finished one never is."""

from __future__ import annotations

from functools import partial

import pytest

from target_constant_contact.exceptions import InterruptedRunError
from target_constant_contact.sandbox import Fault
from target_constant_contact.verification.verifier import Verifier
from tests.support.stores import Store
from tests.support.target import imported, member, schema, state

IMPORT = "/activities/contacts_json_import"


@pytest.fixture(params=["file", "server"])
def store(request, tmp_path):
    """An empty store, on each database."""
    if request.param == "file":
        return Store(tmp_path)
    return Store(tmp_path, request.getfixturevalue("postgres").new_url())


@pytest.fixture
def export(export, store):
    """Run an export, with that store."""
    return partial(export, **store.settings())


def members(count):
    return [schema(), *map(member, range(count)), state("end")]


def interrupted(sandbox, export, rows=6):
    """A run that ends because the day's requests are used up, after two of its three imports."""
    sandbox.add_fault(Fault("POST", IMPORT, nth=3, action="quota_exceeded"))
    outcome = export(*members(rows), batch_size_rows=2)
    assert outcome.exit_code == 75
    assert sum(imported(sandbox)) == 4
    return outcome


def test_what_the_interrupted_run_has_imported_is_not_sent_again(sandbox, export):
    interrupted(sandbox, export)
    outcome = export(*members(6), batch_size_rows=2)
    assert outcome.exit_code == 0
    assert outcome.states == ["end"]
    assert outcome.totals == {"read": 6, "landed": 6}
    assert sum(imported(sandbox)) == 6
    assert sorted(record["taken_up"] for record in outcome.report["imports"]) == [False, True, True]
    assert "asking what became of its 2 imports" in outcome.log
    assert (
        "2 of 2 imports of interrupted runs were taken up, with 4 rows; rows of others are sent "
        "again"
    ) in outcome.log
    # One line for both of them.
    assert outcome.log.count("taken up") == 1


def test_imports_that_are_not_settled_at_the_end_are_told_of(sandbox, export, behave, monkeypatch):
    """Their rows are with the service, whatever the error says of the others."""
    monkeypatch.setattr("target_constant_contact.run.run.GIVE_UP_SECONDS", 0)
    behave(seconds_to_finish=3600)
    outcome = interrupted(sandbox, export)
    assert (
        "2 imports with 4 rows were accepted and are not settled; the next run asks what became "
        "of them"
    ) in outcome.log
    assert [(one["stream"], one["rows"]) for one in outcome.report["unsettled_imports"]] == [
        ("members", 2),
        ("members", 2),
    ]


def test_a_run_that_has_settled_everything_tells_of_no_such_imports(export):
    outcome = export(*members(6), batch_size_rows=2)
    assert outcome.report["unsettled_imports"] == []
    assert "not settled" not in outcome.log


def test_the_next_night_really_sends(sandbox, export):
    interrupted(sandbox, export)
    for _ in range(2):
        assert export(*members(6), batch_size_rows=2).exit_code == 0
    assert sum(imported(sandbox)) == 6 + 6


def test_a_run_that_failed_with_everything_settled_is_not_taken_up(sandbox, behave, export):
    behave(flagged_addresses=frozenset({"member1@example.com"}))
    assert export(*members(2), max_rejected_percent=0).exit_code == 65
    assert export(*members(2)).exit_code == 0
    assert sum(imported(sandbox)) == 4


def test_a_run_that_the_contract_has_stopped_is_taken_up(sandbox, export):
    """The data are at fault, but it is not known of every row what became of it."""
    assert export(*members(6), batch_size_rows=2, max_new_contacts=5).exit_code == 65
    assert sum(imported(sandbox)) == 4
    assert export(*members(6), batch_size_rows=2).exit_code == 0
    assert sum(imported(sandbox)) == 6


def test_a_run_that_was_stopped_while_it_verified_is_taken_up(sandbox, export, monkeypatch):
    def stopped(_verifier):
        raise InterruptedRunError("SIGTERM came before the run was finished.")

    with monkeypatch.context() as patched:
        patched.setattr(Verifier, "explain", stopped)
        assert export(*members(6), batch_size_rows=2).exit_code == 1
    assert export(*members(6), batch_size_rows=2).exit_code == 0
    assert sum(imported(sandbox)) == 6


def test_changed_rows_are_sent(sandbox, export):
    interrupted(sandbox, export)
    messages = [schema(), *(member(n, FirstName="New") for n in range(6)), state("end")]
    outcome = export(*messages, batch_size_rows=2)
    assert outcome.exit_code == 0
    assert sum(imported(sandbox)) == 4 + 6
    names = {sandbox.contact(f"member{n}@example.com")["first_name"] for n in range(6)}
    assert names == {"New"}


def test_an_import_with_errors_is_sent_again(sandbox, behave, export):
    """Whatever was wrong with it may have been mended in the account."""
    # One address of each import, since any two of them are made.
    flagged = {f"member{n}@example.com" for n in (1, 3, 5)}
    behave(flagged_addresses=frozenset(flagged))
    interrupted(sandbox, export)
    behave(flagged_addresses=frozenset())
    outcome = export(*members(6), batch_size_rows=2)
    assert outcome.totals == {"read": 6, "landed": 6}
    assert sum(imported(sandbox)) == 4 + 6


def test_an_export_to_other_lists_takes_nothing_up(sandbox, export):
    interrupted(sandbox, export)
    outcome = export(*members(6), batch_size_rows=2, lists="Loyalty members")
    assert outcome.exit_code == 0
    assert len(sandbox.members("Loyalty members")) >= 6
    assert sum(imported(sandbox)) == 4 + 6


def test_another_format_is_other_content(sandbox, export):
    interrupted(sandbox, export)
    assert export(*members(6), batch_size_rows=3, import_format="csv").exit_code == 0
    assert sum(imported(sandbox)) == 4 + 6


def test_a_dry_run_leaves_what_is_to_be_taken_up(sandbox, export):
    interrupted(sandbox, export)
    assert export(*members(6), batch_size_rows=2, dry_run=True).exit_code == 0
    assert export(*members(6), batch_size_rows=2).exit_code == 0
    assert sum(imported(sandbox)) == 6


def test_rows_kept_by_an_interrupted_run_are_deleted(sandbox, behave, export):
    behave(flagged_addresses=frozenset({"member1@example.com"}))
    first = interrupted(sandbox, export)
    (folder,) = first.data_dir.glob("runs/*")
    left = folder / "unverified"
    left.mkdir()
    (left / "1").write_text("member1@example.com")
    export(*members(6), batch_size_rows=2)
    assert not left.exists()


def test_what_is_stored_of_an_interrupted_run_holds_no_address(sandbox, export, store):
    interrupted(sandbox, export)
    entries = store.rows("entries")
    assert sorted(entry["state"] for entry in entries) == ["not taken", "settled", "settled"]
    assert len(store.rows("fingerprints")) == 3
    for table in ("exports", "open_runs", "entries", "fingerprints"):
        for row in store.rows(table):
            assert not any("@example" in str(value) for value in row.values())
            assert not any(b"example" in v for v in row.values() if isinstance(v, bytes))


def test_a_run_that_ends_well_leaves_nothing_of_what_was_sent(sandbox, export, store):
    interrupted(sandbox, export)
    assert len(store.rows("open_runs")) == 1
    assert export(*members(6), batch_size_rows=2).exit_code == 0
    for table in ("open_runs", "entries", "fingerprints"):
        assert store.rows(table) == []
    assert len(store.rows("exports")) == 1
