"""The questions of the example, answered from what the tap has told, and the plugin for Meltano."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import yaml

from target_constant_contact.results_tap.tap import TapConstantContactResults
from tests.docs import extractor, loader, pages, told
from tests.support.results import QUESTIONS, Told, answers, keep_report, tell

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

DAYS = ("20261001T030000Z-00000a", "20261128T030000Z-00000b", "20261129T030000Z-00000c")


def append(folder: Path, told: Told) -> None:
    """Add records to files, as target-jsonl does."""
    folder.mkdir(parents=True, exist_ok=True)
    for stream, records in told.records.items():
        with (folder / f"{stream}.jsonl").open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(record) + "\n" for record in records)


def list_of(number: str, read: int, landed: int) -> dict[str, Any]:
    # As the service names lists: DuckDB takes a column of such texts for more than texts.
    list_id = f"0c3a1e0{number}-9d2b-11ef-8b5e-fa163e123590"
    lists = [{"id": list_id, "name": f"List {number}"}]
    return {"stream": "members", "lists": lists, "read": read, "landed": landed}


def test_the_questions_are_answered_from_the_lines_of_all_nights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    data = tmp_path / "data"
    results = tmp_path / "output" / "results"
    state: dict[str, Any] = {}
    for day, rows in zip(DAYS, (90, 100, 50), strict=True):
        places = [list_of("a", rows, rows - 4), list_of("b", 7, 7)]
        keep_report(data, day, destinations=places)
        found = tell(state, data_dir=str(data))
        append(results, found)
        state = found.state
    # The last night came twice, because the loader was killed before it had told its state.
    append(results, found)

    newest, changes, reasons = answers(tmp_path, monkeypatch)

    assert [(row["list_name"], row["read"], row["landed"]) for row in newest] == [
        ("List a", 50, 46),
        ("List b", 7, 7),
    ]
    assert [(row["list_name"], row["rows_before"], row["percent"]) for row in changes] == [
        ("List a", 100, -50.0),
        ("List b", 7, 0.0),
    ]
    # Of two nights: the first one is longer ago than 30 days.
    assert [(row["kind"], row["rows"], row["runs"]) for row in reasons] == [
        ("withheld", 6, 2),
        ("rejected", 4, 2),
        ("not_landed", 2, 2),
    ]


def test_the_page_names_each_question():
    asked = [
        line[5:] for line in pages.read(QUESTIONS).splitlines() if line[:2] == "--" and "?" in line
    ]
    page = pages.one_line(pages.section(_PAGE, "Questions"))

    assert len(asked) == len([line for line in page.split(" - ") if "?" in line]) == 3
    for question in asked:
        assert question.partition(",")[0].strip(" .?123") in page


_PAGE = pages.DOCS / "how-to" / "results-in-the-warehouse.md"


def test_the_definition_of_the_plugin_is_what_about_says():
    """Otherwise run `scripts/docs-tables`."""
    assert pages.read(extractor.PLUGIN) == extractor.plugin()


def test_the_extractor_of_meltano_yml_is_what_about_says():
    """Otherwise run `scripts/docs-tables`."""
    _, _, rest = pages.read(loader.PROJECT).partition(extractor.START)

    assert rest.partition(loader.END)[0] == loader.indented(extractor.declared())


def test_meltano_hides_the_secret_and_knows_all_settings():
    definition = yaml.safe_load(pages.read(extractor.PLUGIN))
    settings = {setting["name"]: setting for setting in definition["settings"]}

    assert settings.keys() == told.about(TapConstantContactResults).keys()
    assert {name for name, setting in settings.items() if setting.get("sensitive")} == {"store_url"}
    assert {"catalog", "discover", "state"} <= {*definition["capabilities"]}


def test_the_page_names_all_streams_and_the_job_is_that_of_the_example():
    project = yaml.safe_load(pages.read(loader.PROJECT))
    jobs = {job["name"]: job["tasks"] for job in project["jobs"]}

    assert jobs["results-to-warehouse"] == ["tap-constant-contact-results target-jsonl"]
    assert {*tell_streams()} <= {*pages.code(pages.read(_PAGE))}


def tell_streams() -> list[str]:
    config = {"data_dir": "/nowhere", "include_addresses": True}
    return [*TapConstantContactResults(config=config).streams]
