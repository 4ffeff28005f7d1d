"""Past runs, from what stands in the data folder."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from target_constant_contact.reports import history
from tests.support.commands import call, config_file

if TYPE_CHECKING:
    from pathlib import Path

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


def keep(data: Path, day: int, text: str | bytes | None = None, **members: Any) -> Path:
    """Leave a run behind, with a report of this text or of these members."""
    folder = data / "runs" / name_of(day)
    folder.mkdir(parents=True)
    content = json.dumps(report(day, **members)) if text is None else text
    (folder / "report.json").write_bytes(
        content if isinstance(content, bytes) else content.encode()
    )
    return folder


def keep_unfinished(data: Path, day: int) -> None:
    (data / "runs" / name_of(day)).mkdir(parents=True)


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
            "started_at": "2026-05-01T04:00:00+00:00",
            "status": "completed",
            "seconds": 90,
            "connection": "default",
            "account": "Acorn Shop",
            **COUNTS,
            "left": 0,
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


def test_a_name_that_is_no_moment_is_no_obstacle(tmp_path: Path):
    (tmp_path / "runs" / "99999999T999999Z-abcdef").mkdir(parents=True)

    (row,) = runs(tmp_path, "--json").json

    assert (row["status"], row["started_at"]) == ("unfinished", None)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "5",
        "{}",
        b"\xff\xfe",
        "[" * 100_000,
        '{"run": 1' + "0" * 5_000 + "}",
        json.dumps(report(1, totals=None)),
        json.dumps(report(1, totals={"read": "5"})),
        json.dumps(report(1, totals={"read": True})),
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
def test_a_report_that_is_damaged_or_not_ours_is_unreadable(tmp_path: Path, text: str | bytes):
    keep(tmp_path, 1, text)
    keep(tmp_path, 2)

    listed = runs(tmp_path, "--json")
    shown = runs(tmp_path, "show", name_of(1))

    assert [row["status"] for row in listed.json] == ["completed", "unreadable"]
    assert listed.json[1]["started_at"] == "2026-05-01T04:00:00+00:00"
    assert shown.exit_code == 0
    assert ["status", "unreadable"] in table(shown)


def test_a_report_that_is_no_file_is_unreadable(tmp_path: Path):
    (tmp_path / "runs" / name_of(1) / "report.json").mkdir(parents=True)
    (tmp_path / "runs" / name_of(2)).write_text("a file where a folder should be")

    assert {row["status"] for row in runs(tmp_path, "--json").json} == {"unreadable"}


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


def test_what_is_no_run_is_passed_over(tmp_path: Path):
    keep(tmp_path, 1)
    (tmp_path / "runs" / ".DS_Store").write_text("")
    (tmp_path / "runs" / f"{name_of(1)}.bak").mkdir()

    assert [row["run"] for row in runs(tmp_path, "--json").json] == [name_of(1)]


@pytest.mark.parametrize("words", [(), ("show",), ("show", "latest")])
def test_no_run_is_no_error(tmp_path: Path, words: tuple[str, ...]):
    answer = runs(tmp_path, *words)

    assert answer.exit_code == 0
    assert answer.stdout == f"There are no runs in {tmp_path / 'runs'} yet.\n"
    assert runs(tmp_path, *words, "--json").json == (None if words else [])


def test_a_data_folder_that_cannot_be_read_is_said(tmp_path: Path):
    (tmp_path / "runs").write_text("a file where a folder should be")

    answer = runs(tmp_path)

    assert answer.exit_code == 78
    assert f"data_dir: {tmp_path / 'runs'} cannot be read (Not a directory)" in answer.log


def test_only_data_dir_matters_of_the_settings(tmp_path: Path):
    keep(tmp_path, 1)
    config = config_file(tmp_path, data_dir=str(tmp_path), batch_size_rows="many", lists=5)

    assert call("runs", "--config", config, "--json").json[0]["run"] == name_of(1)


def test_only_the_reports_that_are_shown_are_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    opened = []

    def read(folder: Path) -> history.PastRun:
        opened.append(folder.name)
        return history.PastRun(folder.name, "completed")

    monkeypatch.setattr("target_constant_contact.commands.runs.read_run", read)
    for day in range(1, 30):
        keep_unfinished(tmp_path, day)

    assert len(runs(tmp_path, "--json").json) == len(opened) == 20
    opened.clear()
    runs(tmp_path, "--limit", 2)
    assert opened == [name_of(29), name_of(28)]
    opened.clear()
    runs(tmp_path, "show", name_of(3)[:8])
    assert opened == [name_of(3)]


def test_thousands_of_runs_are_listed_at_once(tmp_path: Path):
    folder = tmp_path / "runs"
    folder.mkdir()
    for number in range(5_000):
        (folder / f"20260501T{number:06}Z-abcdef").mkdir()

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
def test_an_unknown_run_is_said(tmp_path: Path, wanted: str):
    keep(tmp_path, 1)

    answer = runs(tmp_path, "show", wanted)

    assert answer.exit_code == 78
    assert f"no run {wanted!r} in {tmp_path / 'runs'}; see what there is: runs" in answer.log
    assert answer.stdout == ""


def test_close_matches_of_an_unknown_run_are_named(tmp_path: Path):
    keep(tmp_path, 1)

    answer = runs(tmp_path, "show", name_of(1).replace("Z", "z"))

    assert f"did you mean {name_of(1)}?" in answer.log


def test_a_beginning_of_several_runs_names_some_of_them(tmp_path: Path):
    for day in range(1, 6):
        keep_unfinished(tmp_path, day)

    answer = runs(tmp_path, "show", "202605")

    assert answer.exit_code == 78
    assert "5 runs begin with '202605'" in answer.log
    assert f"{name_of(5)}, {name_of(4)}, {name_of(3)} and 2 more" in answer.log


def test_a_beginning_of_two_runs_names_both(tmp_path: Path):
    for day in (1, 2):
        keep_unfinished(tmp_path, day)

    log = runs(tmp_path, "show", "2026").log

    assert log.strip().endswith(f"{name_of(2)}, {name_of(1)}")


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
