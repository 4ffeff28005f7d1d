"""Past runs, from what stands in the store."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from target_constant_contact.reports import history
from target_constant_contact.reports.past_run import read_run
from target_constant_contact.store.address import place_of
from target_constant_contact.store.run_row import MACHINE
from tests.support.commands import call, config_file
from tests.support.past_runs import keep_run, run_row, run_rows
from tests.support.reports import planned

if TYPE_CHECKING:
    from pathlib import Path

    from target_constant_contact.reports.past_run import PastRun
    from target_constant_contact.store.run_row import RunRow

pytestmark = pytest.mark.usefixtures("store_url")

COUNTS = {"read": 5, "landed": 4, "rejected": 1, "refused": 0, "suppressed": 0, "merged": 0}


def name_of(day: int) -> str:
    return f"202605{day:02}T040000Z-0000{day:02}"


def report(day: int, **members: Any) -> dict[str, Any]:
    return {
        "run": name_of(day),
        "started_at": f"2026-05-{day:02}T04:00:00+00:00",
        "ended_at": f"2026-05-{day:02}T04:01:30+00:00",
        "status": "completed",
        "error": None,
        "connection": "default",
        "account": "Acorn Shop",
        "requests": 12,
        "rejects_file": None,
        "totals": COUNTS,
        "destinations": [
            {"stream": "members", "lists": [{"id": "a-list", "name": "Newsletter"}], **COUNTS},
            {"stream": "members", "lists": [{"id": "b-list", "name": ""}], **COUNTS},
            {"stream": "others", "lists": [], **COUNTS},
        ],
        "rejections": [
            {"stream": "members", "reason": "zip is too long", "field": "Zip", "rows": 1}
        ],
        "imports": [
            {
                "activity_id": "an-activity",
                "stream": "members",
                "rows": 4,
                "seconds": 31.26,
                "counters": {"person_count": 4, "error_count": 0},
                "taken_up": False,
                "sent_at": 2.5,
            }
        ],
        "findings": [
            {"stream": "members", "reason": "refused: deleted", "evidence": "look-up", "rows": 2}
        ],
        "segments": [
            {"entry": 0, "stream": "vip-*", "streams": []},
            {"entry": None, "stream": "*", "streams": ["members", "others"]},
        ],
    } | members


def keep(
    data: Path, day: int, text: str | None = None, machine: str = MACHINE, **members: Any
) -> None:
    """Leave a run behind, with a report of this text or of these members."""
    content = json.dumps(report(day, **members)) if text is None else text
    keep_run(data, name_of(day), content, machine)


def keep_unfinished(data: Path, *days: int) -> None:
    with run_rows(data) as rows:
        rows.add(run_row(data, name_of(day)) for day in days)


def place(data: Path, store_url: str | None) -> str:
    """What is said of where the runs are."""
    return f"the store at {place_of(store_url)}" if store_url else str(data / "runs")


def runs(data: Path, *words: object) -> Any:
    return call("runs", "--data-dir", data, *words)


def table(answer: Any) -> list[list[str]]:
    """Header and rows; cells stand two blanks apart."""
    lines = [line for line in answer.lines if not line.startswith("--")]
    return [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in lines]


def test_runs_are_listed_newest_first(tmp_path: Path):
    for day in (2, 11, 5):
        keep(tmp_path, day)

    answer = runs(tmp_path)

    assert answer.exit_code == 0
    assert [row[0] for row in table(answer)[1:]] == [name_of(11), name_of(5), name_of(2)]


def test_columns_in_which_every_run_has_zero_are_left_out(tmp_path: Path):
    keep(tmp_path, 1)
    keep(tmp_path, 2, totals=COUNTS | {"merged": 7})

    header, newest, _ = table(runs(tmp_path))

    assert header == [
        *("run", "started (UTC)", "status", "seconds", "connection", "account"),
        *("read", "landed", "rejected", "merged"),
    ]
    assert newest == [
        *(name_of(2), "2026-05-02 04:00:00", "completed", "90", "default", "Acorn Shop"),
        *("5", "4", "1", "7"),
    ]


def test_read_and_landed_are_shown_even_when_they_are_zero(tmp_path: Path):
    keep(tmp_path, 1, totals=dict.fromkeys(COUNTS, 0))

    assert table(runs(tmp_path))[0][-2:] == ["read", "landed"]


def test_runs_are_printed_for_programs(tmp_path: Path):
    keep(tmp_path, 1, totals=COUNTS | {"unexplained": 2, "unsettled": 3})

    assert runs(tmp_path, "--json").json == [
        {
            "run": name_of(1),
            "kind": "load",
            "started_at": "2026-05-01T04:00:00+00:00",
            "status": "completed",
            "seconds": 90,
            "connection": "default",
            "account": "Acorn Shop",
            "machine": MACHINE,
            "folder": str(tmp_path / "runs" / name_of(1)),
            **COUNTS,
            "left": 0,
            "unchanged": 0,
            "blank": 0,
            "unexplained": 2,
            "unsettled": 3,
            "copies": 0,
        }
    ]


def test_a_run_without_a_report_is_unfinished(tmp_path: Path):
    keep_unfinished(tmp_path, 3)

    (row,) = runs(tmp_path, "--json").json

    assert (row["status"], row["started_at"]) == ("unfinished", "2026-05-03T04:00:00+00:00")
    assert (row["read"], row["seconds"]) == (None, None)
    assert table(runs(tmp_path))[1] == [name_of(3), "2026-05-03 04:00:00", "unfinished"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "5",
        "{}",
        "[" * 100_000,
        '{"run": 1' + "0" * 5_000 + "}",
        json.dumps(report(1, totals=None)),
        json.dumps(report(1, totals={"read": "5"})),
        json.dumps(report(1, totals={"read": True})),
        json.dumps(report(1, totals={"read": 2**63 + 1})),
        json.dumps(report(1, status=5)),
        json.dumps(report(1, started_at="yesterday")),
        json.dumps(report(1, started_at="2026-05-01T04:00:00")),
        json.dumps(report(1, ended_at=None)),
        json.dumps(report(1, destinations=[{"stream": "members", "lists": "a"}])),
        json.dumps(report(1, destinations=5)),
        json.dumps(report(1, rejections=[{}])),
        json.dumps(report(1, imports=[{"activity_id": "a", "counters": []}])),
        json.dumps(report(1, segments=[{"entry": "a", "stream": "*", "streams": []}])),
        json.dumps(report(1, imports=[{**report(1)["imports"][0], "seconds": 10**400}])),
        json.dumps(report(1, imports=[{**report(1)["imports"][0], "seconds": float("nan")}])),
    ],
    ids=lambda text: str(text[:12]),
)
def test_a_report_that_is_damaged_or_not_ours_is_unreadable(tmp_path: Path, text: str):
    keep(tmp_path, 1, text)
    keep(tmp_path, 2)

    listed = runs(tmp_path, "--json")
    shown = runs(tmp_path, "show", name_of(1))

    assert [row["status"] for row in listed.json] == ["completed", "unreadable"]
    assert listed.json[1]["started_at"] == "2026-05-01T04:00:00+00:00"
    assert shown.exit_code == 0
    assert ["status", "unreadable"] in table(shown)


def test_members_of_other_versions_are_passed_over(tmp_path: Path):
    few = {name: report(1)[name] for name in ("started_at", "ended_at", "status")}
    keep(tmp_path, 1, json.dumps(few | {"totals": {"read": 1, "teleported": 1}, "new": {}}))

    (row,) = runs(tmp_path, "--json").json

    assert (row["status"], row["read"], row["landed"]) == ("completed", 1, 0)


def test_what_a_terminal_cannot_show_is_escaped(tmp_path: Path):
    keep(tmp_path, 1, account="A\x1b[31m\ud800")

    assert r"A\x1b[31m\ud800" in runs(tmp_path).stdout


def test_moments_are_shown_in_utc(tmp_path: Path):
    keep(tmp_path, 1, started_at="2026-05-01T06:00:00+02:00")

    assert runs(tmp_path, "--json").json[0]["started_at"] == "2026-05-01T04:00:00+00:00"


@pytest.mark.parametrize("words", [(), ("show",), ("show", "latest")])
def test_no_run_is_no_error(tmp_path: Path, words: tuple[str, ...], store_url: str | None):
    answer = runs(tmp_path, *words)

    assert answer.exit_code == 0
    assert answer.stdout == f"There are no runs in {place(tmp_path, store_url)} yet.\n"
    assert runs(tmp_path, *words, "--json").json == (None if words else [])
    assert list(tmp_path.iterdir()) == []


def test_only_data_dir_matters_of_the_settings(tmp_path: Path):
    keep(tmp_path, 1)
    config = config_file(tmp_path, data_dir=str(tmp_path), batch_size_rows="many", lists=5)

    assert call("runs", "--config", config, "--json").json[0]["run"] == name_of(1)


def test_only_the_reports_that_are_shown_are_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    opened = []

    def read(row: RunRow) -> PastRun:
        opened.append(row.run)
        return read_run(row)

    monkeypatch.setattr(history, "read_run", read)
    keep_unfinished(tmp_path, *range(1, 30))

    assert len(runs(tmp_path, "--json").json) == len(opened) == 20
    opened.clear()
    runs(tmp_path, "--limit", 2)
    assert opened == [name_of(29), name_of(28)]
    opened.clear()
    runs(tmp_path, "show", name_of(3)[:8])
    assert opened == [name_of(3)]


def test_thousands_of_runs_are_listed_at_once(tmp_path: Path):
    names = [f"20260501T0{n // 3600}{n // 60 % 60:02}{n % 60:02}Z-abcdef" for n in range(5_000)]
    with run_rows(tmp_path) as rows:
        rows.add(run_row(tmp_path, name) for name in names)

    started = time.process_time()
    runs(tmp_path)

    assert time.process_time() - started < 1


@pytest.mark.parametrize("limit", ["0", "-1", "x"])
def test_a_limit_below_one_is_refused(tmp_path: Path, limit: str):
    assert runs(tmp_path, "--limit", limit).exit_code == 2


def test_show_tells_all_of_a_run(tmp_path: Path):
    keep(tmp_path, 1, status="failed", error="It broke.", rejects_file="/data/rejects")

    answer = runs(tmp_path, "show")
    rows = table(answer)

    assert answer.exit_code == 0
    for row in (
        ["run", name_of(1)],
        ["started (UTC)", "2026-05-01 04:00:00"],
        ["ended (UTC)", "2026-05-01 04:01:30"],
        ["status", "failed"],
        ["seconds", "90"],
        ["read", "5"],
        ["rejected", "1"],
        ["requests", "12"],
        ["error", "It broke."],
        ["rejects file", "/data/rejects"],
        ["machine", MACHINE],
        ["folder", str(tmp_path / "runs" / name_of(1))],
        ["stream", "lists", "read", "landed", "rejected"],
        ["members", "Newsletter", "5", "4", "1"],
        ["members", "b-list", "5", "4", "1"],
        ["others", "5", "4", "1"],
        ["rows", "stream", "reason", "field"],
        ["1", "members", "zip is too long", "Zip"],
        ["activity_id", "stream", "rows", "seconds", "person_count"],
        ["an-activity", "members", "4", "31.3", "4"],
        ["entry", "stream", "matched"],
        ["segments.0", "vip-*", "none"],
        ["all others", "*", "members, others"],
    ):
        assert row in rows
    assert not {"merged", "refused"} & {row[0] for row in rows if row}


def test_show_tells_what_was_packed_by_list(tmp_path: Path):
    packed = {"rows": 57, "copies": 129, "imports": 6, "imports_by_combination": 60}
    keep(
        tmp_path,
        1,
        totals=COUNTS | {"copies": 129},
        packed_by_list=[{"stream": "members", **packed}],
    )

    rows = table(runs(tmp_path, "show"))

    assert ["copies", "129"] in rows
    assert ["stream", "rows", "copies", "imports", "imports_by_combination"] in rows
    assert ["members", "57", "129", "6", "60"] in rows
    document = runs(tmp_path, "show", "--json").json
    assert document["packed_by_list"] == [{"stream": "members", **packed}]


def test_show_names_the_values_that_were_left_out(tmp_path: Path):
    dropped = {"values": 12, "stream": "members", "reason": "birthday is no date", "field": "dob"}
    keep(tmp_path, 1, dropped=[dropped])

    answer = runs(tmp_path, "show")

    assert "Values left out" in answer.stdout
    assert ["12", "members", "birthday is no date", "dob"] in table(answer)
    assert runs(tmp_path, "show", "--json").json["dropped"] == [dropped]


def test_show_tells_what_would_have_changed(tmp_path: Path):
    keep(tmp_path, 1, planned={"lists": [planned()]})

    answer = runs(tmp_path, "show")

    assert "What would have changed" in answer.stdout
    assert ["vips", "a-list", "Newsletter", "960", "50", "10", "900"] in table(answer)
    (shown,) = runs(tmp_path, "show", "--json").json["planned"]
    assert (shown["added"], shown["is_new"], shown["streams"]) == (50, False, ["vips"])


def test_show_names_the_imports_that_are_not_settled(tmp_path: Path):
    unsettled = {"activity_id": "an-import", "stream": "members", "rows": 40}
    keep(tmp_path, 1, unsettled_imports=[unsettled])

    answer = runs(tmp_path, "show")

    assert "Imports that are not settled" in answer.stdout
    assert ["an-import", "members", "40"] in table(answer)
    assert runs(tmp_path, "show", "--json").json["unsettled_imports"] == [unsettled]


def test_show_leaves_out_the_parts_that_are_empty(tmp_path: Path):
    keep(tmp_path, 1, totals={}, destinations=[], rejections=[], imports=[], segments=[])

    answer = runs(tmp_path, "show")

    assert ["landed", "0"] in table(answer)
    for title in ("Destinations", "Rejected rows", "Values left out", "Imports", "Segments"):
        assert title not in answer.stdout


def test_show_prints_for_programs(tmp_path: Path):
    keep(tmp_path, 1)

    shown = runs(tmp_path, "show", "--json").json

    assert shown["run"] == name_of(1)
    assert shown["ended_at"] == "2026-05-01T04:01:30+00:00"
    assert (shown["error"], shown["rejects_file"], shown["requests"]) == (None, None, 12)
    assert shown["destinations"][0]["lists"] == [{"id": "a-list", "name": "Newsletter"}]
    assert shown["destinations"][0]["landed"] == 4
    assert shown["rejections"] == report(1)["rejections"]
    assert shown["imports"] == report(1)["imports"]
    assert shown["segments"] == report(1)["segments"]


@pytest.mark.parametrize("words", [(), ("latest",), ("20260509",), (name_of(9),)])
def test_a_run_is_named_by_a_beginning_or_is_the_newest(tmp_path: Path, words: tuple[str, ...]):
    keep(tmp_path, 1)
    keep(tmp_path, 9)

    assert runs(tmp_path, "show", *words, "--json").json["run"] == name_of(9)


@pytest.mark.parametrize("wanted", ["20270101", "x", "", "../runs"])
def test_an_unknown_run_is_said(tmp_path: Path, wanted: str, store_url: str | None):
    keep(tmp_path, 1)

    answer = runs(tmp_path, "show", wanted)

    assert answer.exit_code == 78
    where = place(tmp_path, store_url)
    assert (
        f"no run {wanted!r} in {where}; see what there is: target-constant-contact runs"
        in answer.log
    )
    assert answer.stdout == ""


def test_close_matches_of_an_unknown_run_are_named(tmp_path: Path):
    keep(tmp_path, 1)

    answer = runs(tmp_path, "show", name_of(1).replace("Z", "z"))

    assert f"did you mean {name_of(1)}?" in answer.log


def test_a_beginning_of_several_runs_names_some_of_them(tmp_path: Path):
    keep_unfinished(tmp_path, *range(1, 6))

    answer = runs(tmp_path, "show", "202605")

    assert answer.exit_code == 78
    assert "5 runs begin with '202605'" in answer.log
    assert answer.log.rstrip().endswith("; write more of the name")
    assert f"{name_of(5)}, {name_of(4)}, {name_of(3)} and 2 more" in answer.log


def test_a_beginning_of_two_runs_names_both(tmp_path: Path):
    keep_unfinished(tmp_path, 1, 2)

    log = runs(tmp_path, "show", "2026").log

    assert log.strip().endswith(f"{name_of(2)}, {name_of(1)}; write more of the name")


@pytest.mark.parametrize("place", ["before", "after"])
def test_options_may_stand_before_or_after_show(tmp_path: Path, place: str):
    """`meltano invoke target:runs show` puts `--config` before."""
    data, config = tmp_path / "data", config_file(tmp_path, data_dir=str(tmp_path / "data"))
    keep(data, 1)
    options = ["--config", str(config), "--json"]

    words = [*options, "show"] if place == "before" else ["show", *options]

    assert call("runs", *words).json["run"] == name_of(1)


def test_what_stands_after_show_wins(tmp_path: Path):
    keep(tmp_path / "one", 1)
    keep(tmp_path / "two", 2)

    answer = runs(tmp_path / "one", "show", "--data-dir", tmp_path / "two", "--json")

    assert answer.json["run"] == name_of(2)


def test_the_page_of_a_run_says_on_which_machine_and_in_which_folder_its_files_are(tmp_path: Path):
    keep(tmp_path / "theirs", 1, machine="pod-7f", rejects_file="/data/rejects.singer.jsonl")
    # Where the store is a file, it is somebody's copy; a database is what they share.
    here = tmp_path / "theirs"

    rows = table(runs(here, "show"))
    shown = runs(here, "show", "--json").json

    folder = str(here / "runs" / name_of(1))
    for row in (["machine", "pod-7f"], ["folder", folder]):
        assert row in rows
    assert (shown["machine"], shown["folder"]) == ("pod-7f", folder)


def test_a_database_shows_the_runs_of_all_machines(tmp_path: Path, store_url: str | None):
    keep(tmp_path / "one", 1, machine="pod-1")
    keep(tmp_path / "two", 2, machine="pod-2")

    found = [row["machine"] for row in runs(tmp_path / "one", "--json").json]

    assert found == (["pod-2", "pod-1"] if store_url else ["pod-1"])


def test_runs_of_the_sandbox_are_found_where_its_account_is(tmp_path: Path, monkeypatch):
    with monkeypatch.context() as without:
        without.delenv("TARGET_CONSTANT_CONTACT_STORE_URL", raising=False)
        keep(tmp_path, 1)
    for value in (True, "yes"):
        config = config_file(tmp_path, data_dir=str(tmp_path), sandbox=value)
        assert call("runs", "--config", config, "--json").json[0]["run"] == name_of(1)
