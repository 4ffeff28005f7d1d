"""What the tap has of each run."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from target_constant_contact.redaction import redacted
from target_constant_contact.reports.runs_in_order import PAGE
from target_constant_contact.results_tap.settings import TapSettings
from target_constant_contact.results_tap.tap import TapConstantContactResults
from target_constant_contact.store.run_row import MACHINE
from tests.support.past_runs import keep_run
from tests.support.results import Told, full_report, keep_rejects, keep_report, tell
from tests.support.target import record, schema

if TYPE_CHECKING:
    from pathlib import Path

RUN = "20261129T030000Z-0000aa"
ENDED = "2026-11-29T03:01:30+00:00"
OF_RUN = {"run": RUN, "ended_at": ENDED}
ZERO = dict.fromkeys(
    [
        *("read", "landed", "rejected", "refused", "suppressed", "merged", "left"),
        *("unchanged", "blank", "unexplained", "unsettled"),
    ],
    0,
)


@pytest.fixture
def told(tmp_path: Path) -> Told:
    keep_report(tmp_path, RUN)
    return tell(data_dir=str(tmp_path))


def test_a_run_has_its_sums(told: Told, tmp_path: Path):
    assert told.records["runs"] == [
        {
            **OF_RUN,
            "kind": "load",
            "status": "failed",
            "started_at": "2026-11-29T03:00:00+00:00",
            "seconds": 90,
            "connection": "default",
            "account": "Acorn Shop",
            "machine": MACHINE,
            "folder": str(tmp_path / "runs" / RUN),
            "error": "2 of 9 rows of members were rejected",
            "requests": 12,
            **ZERO,
            "read": 9,
            "landed": 4,
            "rejected": 2,
            "refused": 1,
            "merged": 2,
            "copies": 3,
        }
    ]


def test_each_stream_and_list_has_its_sums_of_rows_that_have_several_lists_too(told: Told):
    both = {"refused": 1, "merged": 2}
    place = {**OF_RUN, "stream": "members", **ZERO}
    newsletter = {"list_id": "list-a", "list_name": "Newsletter"}
    assert told.records["destinations"] == [
        place | newsletter | both | {"read": 7, "landed": 4},
        place | {"list_id": "list-b", "list_name": "VIP"} | both | {"read": 4, "landed": 1},
        place | {"list_id": "none", "list_name": None, "read": 2, "rejected": 2},
    ]


def test_imports_have_what_the_service_counted_and_those_that_had_not_ended_have_not(told: Told):
    assert told.records["imports"] == [
        {
            **OF_RUN,
            "activity_id": "activity-1",
            "stream": "members",
            "rows": 4,
            "is_settled": True,
            "seconds": 31.25,
            "is_taken_up": True,
            "counters": {"person_count": 4, "error_count": 1},
        },
        {
            **OF_RUN,
            "activity_id": "activity-2",
            "stream": "members",
            "rows": 2,
            "is_settled": False,
            "seconds": None,
            "is_taken_up": None,
            "counters": None,
        },
    ]


def test_findings_tell_all_that_has_not_landed_and_why(told: Told):
    found = [
        [each[name] for name in ("kind", "number", "reason", "field", "evidence", "count")]
        for each in told.records["findings"]
    ]
    assert found == [
        ["rejected", 1, "zip is too long", "Zip", None, 2],
        ["withheld", 1, "has left the list", None, None, 3],
        ["not_landed", 1, "refused: deleted", None, "look-up", 1],
        ["dropped", 1, "no date", "born", None, 4],
    ]


def test_sweeps_tell_what_became_of_the_people_on_each_list(told: Told):
    assert told.records["sweeps"] == [
        {
            **OF_RUN,
            "number": 1,
            "stream": "members",
            "list_id": "list-a",
            "list_name": "Newsletter",
            "outcome": "swept",
            "before": 9,
            "stay": 7,
            "taken_off": 2,
            "not_ours": 0,
            "left_by_themselves": 0,
            "way": None,
            "requests": 0,
            "reason": None,
        }
    ]


def test_a_sweep_has_no_sums_of_rows(tmp_path: Path):
    report = full_report(RUN, kind="sweep")
    del report["totals"], report["destinations"]
    keep_run(tmp_path, RUN, json.dumps(report))

    (run,) = tell(data_dir=str(tmp_path)).records["runs"]

    assert (run["kind"], run["read"], run["landed"]) == ("sweep", None, None)


def test_a_damaged_report_is_a_run_that_is_unreadable(tmp_path: Path):
    keep_run(tmp_path, RUN, '{"run"')

    told = tell(data_dir=str(tmp_path))

    (run,) = told.records["runs"]
    assert (run["status"], run["ended_at"], run["read"]) == ("unreadable", None, None)
    assert [*told.records] == ["runs"]
    assert tell(told.state, data_dir=str(tmp_path)).records == {}


@pytest.mark.parametrize(
    "members",
    [{"totals": {"read": 2**63}}, {"requests": 10**30}, {"ended_at": "9999-12-31T23:59:59-14:00"}],
    ids=str,
)
def test_a_number_or_time_that_no_warehouse_takes_makes_a_report_unreadable(
    tmp_path: Path, members: dict[str, Any]
):
    keep_report(tmp_path, RUN, **members)

    (run,) = tell(data_dir=str(tmp_path)).records["runs"]

    assert run["status"] == "unreadable"


def test_what_others_wrote_is_shown_without_addresses_secrets_and_hidden_characters(tmp_path: Path):
    keep_report(
        tmp_path,
        RUN,
        error="ada@example.com \0 Bearer abcdefgh12345678\ud800",
        rejections=[{"stream": "ada@example.com", "reason": "\x1b[2J", "field": "", "rows": 1}],
        imports=[full_report(RUN)["imports"][0] | {"counters": {"ada@example.com": 1}}],
    )

    told = tell(data_dir=str(tmp_path))

    assert "ada@example.com" not in told.stdout + told.log
    assert "abcdefgh12345678" not in told.stdout
    assert told.records["runs"][0]["error"].startswith(r"<address> \x00 Bearer ")
    assert told.records["findings"][0]["reason"] == r"\x1b[2J"


def test_the_password_of_the_store_is_a_secret():
    place = {"store_url": "postgresql://me:words-of-a-password@127.0.0.1/d"}
    TapSettings.parse(place, TapConstantContactResults.settings_schema())
    assert redacted("it quotes words-of-a-password") == "it quotes ***"


def test_streams_that_are_masked_alike_have_one_record_for_their_key(tmp_path: Path):
    newsletter = [{"id": "list-a", "name": "Newsletter"}]
    streams = ("of_ada@example.com", "of_ben@example.com")
    places = [{"stream": stream, "lists": newsletter, "read": 2, "landed": 1} for stream in streams]
    keep_report(tmp_path, RUN, destinations=places)

    (place,) = tell(data_dir=str(tmp_path)).records["destinations"]

    assert (place["stream"], place["list_id"]) == ("<address>", "list-a")
    assert (place["read"], place["landed"]) == (4, 2)


def test_without_a_store_there_are_no_records_and_none_is_made(tmp_path: Path):
    told = tell(data_dir=str(tmp_path / "data"))

    assert (told.exit_code, told.records) == (0, {})
    assert f"There is no store of runs yet in {tmp_path / 'data'}, and so" in told.log
    assert not (tmp_path / "data").exists()


def test_more_runs_than_a_page_holds_are_told_in_their_order(tmp_path: Path):
    names = [f"20261129T03{n // 60:02}{n % 60:02}Z-0000aa" for n in range(2 * PAGE + 1)]
    for name in reversed(names):
        keep_report(tmp_path, name)

    assert tell(data_dir=str(tmp_path)).runs() == names


# Addresses.


def rejected(reason: str, field: str = "", **values: Any) -> dict[str, Any]:
    return record(**values, _reject_reason=reason, _reject_field=field)


def test_without_being_asked_for_there_is_no_stream_with_addresses(told: Told):
    assert sorted(told.schemas) == ["destinations", "findings", "imports", "runs", "sweeps"]


def test_rejected_rows_are_told_with_their_addresses_when_asked_for(tmp_path: Path):
    keep_report(tmp_path, RUN)
    keep_rejects(
        tmp_path,
        RUN,
        schema(),
        rejected(
            "no address: ada@example", "EmailAddress", EmailAddress=" ada@example ", by="x@y.z"
        ),
        rejected("zip is too long", EmailAddress=None, details=[{"login": "ben@example.com"}]),
        rejected("no e-mail address", FirstName="Cem"),
    )

    told = tell(data_dir=str(tmp_path), include_addresses=True)

    rows = told.records["rejected_addresses"]
    assert [(row["number"], row["address"]) for row in rows] == [
        (1, "ada@example"),
        (2, "ben@example.com"),
        (3, None),
    ]
    assert rows[0] == {
        **OF_RUN,
        "number": 1,
        "stream": "members",
        "address": "ada@example",
        "reason": "no address: <address>",
        "field": "EmailAddress",
        "evidence": None,
    }
    assert "ben@example.com" not in told.log


def test_the_rejected_rows_of_a_run_that_is_under_way_are_not_read_yet(tmp_path: Path):
    keep_run(tmp_path, RUN)
    keep_rejects(tmp_path, RUN, schema(), rejected("too long", EmailAddress="ada@example.com"))

    told = tell(data_dir=str(tmp_path), include_addresses=True)

    assert told.runs() == [RUN]
    assert "rejected_addresses" not in told.records


def test_the_rejected_rows_of_other_machines_are_named_and_the_rest_is_told(tmp_path: Path):
    keep_report(tmp_path, RUN)

    told = tell(data_dir=str(tmp_path), include_addresses=True)

    assert told.runs() == [RUN]
    assert f"The rejected rows of run {RUN} are not in {tmp_path / 'runs' / RUN}" in told.log


def test_a_file_of_rejected_rows_that_somebody_has_broken_does_not_hold_up_the_others(
    tmp_path: Path,
):
    other = "20261129T040000Z-0000bb"
    for run in (RUN, other):
        keep_report(tmp_path, run)
    keep_rejects(tmp_path, RUN, schema(), {"type": "NOTE"})
    keep_rejects(tmp_path, other, schema(), rejected("too long", EmailAddress="ada@example.com"))

    told = tell(data_dir=str(tmp_path), include_addresses=True)

    assert told.exit_code == 0
    assert told.runs("rejected_addresses") == [other]
    assert "Line 2 of" in told.log
