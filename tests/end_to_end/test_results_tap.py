"""The tap of results, after real runs, as a process of its own."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from random import Random
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from cryptography.fernet import Fernet

from target_constant_contact.results_tap.settings import PROPERTIES
from target_constant_contact.sandbox import Fault
from target_constant_contact.store.opening import open_store
from target_constant_contact.store.place import StorePlace
from target_constant_contact.store.runs import RunRows
from tests.support import forks
from tests.support.commands import call
from tests.support.past_runs import keep_run, run_row, run_rows
from tests.support.process import environment
from tests.support.results import Told, full_report, read_messages, tell
from tests.support.target import TEXT, member, record, schema

if TYPE_CHECKING:
    from pathlib import Path

COMMAND = [sys.executable, "-c", "from target_constant_contact.results_cli import main; main()"]
RUN = "20261129T030000Z-0000aa"


@dataclass
class Ended:
    """A process that has ended."""

    code: int
    stdout: str
    stderr: str

    @property
    def errors(self) -> list[str]:
        return [line for line in self.stderr.splitlines() if "ERROR" in line]


def start(*words: object, env: dict[str, str] | None = None, cwd: Path | None = None) -> Ended:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    done = forks.run(
        [*COMMAND, *map(str, words)],
        kept | (env or {}),
        text=True,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


def config(folder: Path, **settings: Any) -> Path:
    path = folder / "tap.json"
    path.write_text(json.dumps(settings), encoding="utf-8")
    return path


def test_the_tap_tells_the_same_as_the_command_for_people(export: Any, tmp_path: Path):
    data = tmp_path / "data"
    export(schema(), member(1), member(2), record(EmailAddress="ada"), record())
    export(schema(), member(1), lists="Nowhere")

    told = tell(data_dir=str(data))
    listed = call("runs", "--data-dir", data, "--json").json

    records = {record["run"]: record for record in told.records["runs"]}
    assert len(records) == 2
    for row in listed:
        shown = {name: value or None for name, value in row.items()}
        found = {name: records[row["run"]][name] or None for name in row}
        assert found | {"started_at": None} == shown | {"started_at": None}
    (landed, *_) = told.records["destinations"]
    assert (landed["list_name"], landed["landed"]) == ("Newsletter", 2)
    assert sum(each["count"] for each in told.records["findings"]) == 1
    assert [each["rows"] for each in told.records["imports"]] == [2]


def test_with_addresses_the_rows_that_were_refused_are_among_them(export: Any, tmp_path: Path):
    export(schema(), member(1), record(EmailAddress="ada.example.com"))

    told = tell(data_dir=str(tmp_path / "data"), include_addresses=True)

    (row,) = told.records["rejected_addresses"]
    assert (row["address"], row["field"]) == ("ada.example.com", "EmailAddress")
    assert "ada.example.com" not in told.log


def test_the_streams_of_two_machines_come_from_one_database_by_a_user_who_may_only_read(
    export: Any, postgres: Any, tmp_path: Path
):
    """No key is needed: what is secret in the store is not looked at."""
    database = postgres.new_database()
    url, key = postgres.url(database), Fernet.generate_key().decode()
    for machine in ("one", "two"):
        folder = str(tmp_path / machine)
        export(schema(), member(machine), data_dir=folder, store_url=url, store_key=key)
    postgres.execute(f"CREATE ROLE reader_{database} LOGIN PASSWORD 'open-sesame-4711'")
    postgres.execute(f"GRANT SELECT ON runs, store TO reader_{database}", database)
    reader = postgres.url(database, f"reader_{database}", "open-sesame-4711")

    done = start("--config", config(tmp_path, store_url=reader, data_dir=str(tmp_path / "none")))

    told = read_messages(Told(stdout=done.stdout))
    assert done.code == 0, done.stderr
    assert len(told.runs()) == 2
    assert not (tmp_path / "none").exists()
    assert "open-sesame-4711" not in done.stdout + done.stderr


def test_while_machines_begin_and_end_runs_each_is_told_once(postgres: Any, tmp_path: Path):
    """They overlap, and end in another order than they began, as the tap looks again and again."""
    place = {"store_url": postgres.new_url(), "store_key": Fernet.generate_key().decode()}
    open_store(StorePlace.of_settings(place | {"data_dir": str(tmp_path)})).close()
    with ThreadPoolExecutor(3) as machines:
        begun = [machines.submit(runs_of_a_machine, n, place, tmp_path) for n in range(3)]
        told: list[tuple[str, str]] = []
        state: dict[str, Any] = {}
        are_done = False
        while not are_done:
            # Asked before the tap looks: what has ended by then is there to be told.
            are_done = all(machine.done() for machine in begun)
            found = tell(state, store_url=place["store_url"])
            state = found.state or state
            told += [(run["run"], run["status"]) for run in found.records["runs"]]

    ended = [run for run, status in told if status == "completed"]
    assert sorted(ended) == sorted(chain.from_iterable(machine.result() for machine in begun))
    assert len(told) == len(set(told))


def runs_of_a_machine(number: int, place: dict[str, str], folder: Path) -> list[str]:
    """Begin runs and end each while others are under way; return their names."""
    random = Random(number)
    names: list[str] = []
    database = open_store(StorePlace.of_settings(place | {"data_dir": str(folder)}))
    try:
        rows, under_way = RunRows(database), []
        for each in range(30):
            name = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{number:02x}{each:04x}"
            rows.put(run_row(folder, name))
            names.append(name)
            under_way.append(name)
            while len(under_way) > random.randrange(6) or (each == 29 and under_way):
                ending = under_way.pop(random.randrange(len(under_way)))
                report = full_report(ending, status="completed")
                rows.put(run_row(folder, ending, json.dumps(report)))
                time.sleep(random.random() / 50)
    finally:
        database.close()
    return names


def test_a_database_of_a_newer_program_and_one_that_is_not_there_end_with_their_codes(
    postgres: Any, tmp_path: Path
):
    url = postgres.new_url()
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE store (version integer)")
        connection.execute("INSERT INTO store VALUES (99)")
    newer = start("--config", config(tmp_path, store_url=url))
    gone = start("--config", config(tmp_path, store_url="postgresql://me:pass-4711@127.0.0.1:9/d"))

    assert (newer.code, gone.code) == (78, 75)
    assert len(newer.errors) == len(gone.errors) == 1
    assert "has version 99" in newer.errors[0]
    assert "pass-4711" not in gone.stderr
    assert "Traceback" not in newer.stderr + gone.stderr


def test_a_database_without_tables_has_no_results_and_stays_as_it_is(postgres: Any, tmp_path: Path):
    url = postgres.new_url()

    done = start("--config", config(tmp_path, store_url=url))

    assert done.code == 0
    assert "There is no store of runs yet in the database of store_url, and so" in done.stderr
    with psycopg.connect(url) as connection:
        query = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
        assert connection.execute(query).fetchone() == (0,)


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"data_dir": 5}, "data_dir: has the wrong type; it takes string"),
        ({"start_date": "yesterday"}, "start_date is no date: write one such as 2026-11-29"),
        (
            {"include_addresses": "perhaps"},
            "include_addresses: 'perhaps' is neither true nor false",
        ),
        ({"store_url": "mysql://host/d"}, "store_url is not the URL of a PostgreSQL database"),
        ({"store_schema": "mine"}, "store_schema is set without store_url"),
        ({"include_adresses": True}, "did you mean include_addresses?"),
    ],
)
def test_a_setting_that_is_wrong_is_one_line_and_78(
    tmp_path: Path, settings: dict[str, Any], line: str
):
    told = tell(**{"data_dir": str(tmp_path)} | settings)

    assert told.exit_code == 78
    assert line in told.log
    assert told.log.count("\n") == 1
    assert told.stdout == ""


@pytest.mark.parametrize("words", [[], ["--discover"], ["--test"]], ids=str)
def test_whatever_is_asked_for_the_settings_are_looked_at_first(tmp_path: Path, words: list[str]):
    done = start("--config", config(tmp_path, data_dir=5), *words)

    assert (done.code, done.stdout) == (78, "")
    (error,) = done.errors
    assert "data_dir: has the wrong type; it takes string" in error


@pytest.mark.parametrize(
    ("option", "text", "line"),
    [
        ("--state", "{", "--state: the file holds no JSON object"),
        ("--state", "[]", "--state: the file holds no JSON object"),
        ("--state", '{"bookmarks": 5}', "--state: the file holds no state of this tap"),
        ("--state", '{"bookmarks": {"runs": 5}}', "--state: the file holds no state of this tap"),
        ("--catalog", "no", "--catalog: the file holds no JSON object"),
        ("--catalog", '{"bookmarks": {}}', "--catalog: the file holds no catalog"),
        ("--catalog", '{"streams": 5}', "--catalog: the file holds no catalog"),
        ("--catalog", '{"streams": [{}]}', "--catalog: the file holds no catalog"),
        (
            "--catalog",
            '{"streams": [{"tap_stream_id": "runs"}]}',
            "--catalog: the file holds no catalog",
        ),
    ],
)
def test_a_file_that_is_something_else_is_one_line_and_78(
    tmp_path: Path, option: str, text: str, line: str
):
    (tmp_path / "file").write_text(text)

    done = start("--config", config(tmp_path, data_dir=str(tmp_path)), option, tmp_path / "file")

    assert (done.code, len(done.errors)) == (78, 1)
    assert line in done.errors[0]


def test_a_run_with_something_of_everything_is_told_without_a_warning(tmp_path: Path):
    keep_run(tmp_path, RUN, json.dumps(full_report(RUN)))

    done = start("--config", config(tmp_path, data_dir=str(tmp_path)))

    told = read_messages(Told(stdout=done.stdout))
    assert sorted(told.records) == ["destinations", "findings", "imports", "runs", "sweeps"]
    assert "WARNING" not in done.stderr


def test_settings_come_from_variables_too_and_files_win(tmp_path: Path):
    for data in ("one", "two"):
        keep_run(tmp_path / data, RUN, machine=data)
    env = {"TAP_CONSTANT_CONTACT_RESULTS_DATA_DIR": str(tmp_path / "one")}

    alone = start(env=env, cwd=tmp_path)
    both = start("--config", config(tmp_path, data_dir=str(tmp_path / "two")), env=env)

    machines = [
        read_messages(Told(stdout=done.stdout)).records["runs"][0]["machine"]
        for done in (alone, both)
    ]
    assert machines == ["one", "two"]


def test_it_goes_on_from_a_state_and_tells_only_the_selected_streams(tmp_path: Path):
    keep_run(tmp_path, RUN)
    settings = config(tmp_path, data_dir=str(tmp_path))
    catalog = json.loads(start("--config", settings, "--discover").stdout)
    for stream in catalog["streams"]:
        chosen = stream["tap_stream_id"] == "runs"
        stream["metadata"] = [{"breadcrumb": [], "metadata": {"selected": chosen}}]
    (tmp_path / "catalog.json").write_text(json.dumps(catalog))
    words = ["--config", settings, "--catalog", tmp_path / "catalog.json"]

    first = read_messages(Told(stdout=start(*words).stdout))
    (tmp_path / "state.json").write_text(json.dumps(first.state))
    second = read_messages(Told(stdout=start(*words, "--state", tmp_path / "state.json").stdout))

    assert [*first.schemas] == ["runs"]
    assert first.runs() == [RUN]
    assert second.records == {}


def test_a_catalog_that_asks_for_the_whole_table_has_it_each_time(tmp_path: Path):
    keep_run(tmp_path, RUN)
    settings = config(tmp_path, data_dir=str(tmp_path))
    catalog = json.loads(start("--config", settings, "--discover").stdout)
    for stream in catalog["streams"]:
        stream["replication_method"] = "FULL_TABLE"
    (tmp_path / "catalog.json").write_text(json.dumps(catalog))
    words = ["--config", settings, "--catalog", tmp_path / "catalog.json"]

    first = read_messages(Told(stdout=start(*words).stdout))
    (tmp_path / "state.json").write_text(json.dumps(first.state))
    second = read_messages(Told(stdout=start(*words, "--state", tmp_path / "state.json").stdout))

    assert first.runs() == second.runs() == [RUN]


def test_its_help_says_what_it_does():
    assert "Write what has become of the rows of past runs" in start("--help").stdout


def test_about_tells_the_settings_and_opens_no_store():
    program = (
        "import sys\nfrom target_constant_contact.results_cli import main\n"
        "try:\n    main()\nfinally:\n    print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "--about", "--format=json"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    about = json.loads(done.stdout)
    assert about["name"] == "tap-constant-contact-results"
    assert about["settings"]["properties"].keys() >= PROPERTIES.to_dict()["properties"].keys()
    assert about["settings"]["properties"]["store_url"]["secret"] is True
    assert not {"sqlalchemy", "psycopg", "flask"} & set(done.stderr.split())


def test_a_loader_that_is_gone_is_one_line(tmp_path: Path):
    with run_rows(tmp_path) as rows:
        rows.add(run_row(tmp_path, f"20261129T030000Z-{number:06x}") for number in range(300))
    settings = config(tmp_path, data_dir=str(tmp_path))
    command, pipe = [*COMMAND, "--config", str(settings)], subprocess.PIPE
    with forks.started(
        command, environment(tmp_path), stdout=pipe, stderr=pipe, text=True
    ) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        stderr = process.stderr.read()

    assert process.returncode == 1
    assert stderr.count("ERROR") == 1
    assert "The loader has ended and reads no more" in stderr
    assert "Traceback" not in stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_tap_that_is_stopped_has_not_ended_well_and_goes_on_from_its_state(
    tmp_path: Path, number: signal.Signals
):
    names = [f"20261129T030000Z-{number:06x}" for number in range(3_000)]
    with run_rows(tmp_path) as rows:
        rows.add(run_row(tmp_path, name) for name in names)
    settings = config(tmp_path, data_dir=str(tmp_path))
    with subprocess.Popen(
        [*COMMAND, "--config", str(settings)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        assert process.stderr
        stdout = ""
        for line in process.stdout:
            stdout += line
            if '"RECORD"' in line:
                break
        process.send_signal(number)
        stdout += process.stdout.read()
        stderr = process.stderr.read()
    told = read_messages(Told(stdout=stdout))

    assert process.returncode == 1
    assert stderr.count("ERROR") == 1
    assert f"{number.name} came before all was told" in stderr
    assert {*told.runs(), *tell(told.state, data_dir=str(tmp_path)).runs()} == {*names}


def test_without_a_standard_output_it_is_one_line(tmp_path: Path):
    keep_run(tmp_path, RUN)
    words = [*COMMAND, "--config", str(config(tmp_path, data_dir=str(tmp_path)))]
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" >&-', "sh", *words],
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 1
    assert done.stderr.count("There is no standard output") == 1
    assert "Traceback" not in done.stderr


def test_an_older_store_is_read_and_not_upgraded(tmp_path: Path):
    keep_run(tmp_path, RUN)
    with closing(sqlite3.connect(tmp_path / "store.sqlite")) as file:
        file.execute("UPDATE store SET version = 1")
        file.commit()
        assert tell(data_dir=str(tmp_path)).runs() == [RUN]
        assert file.execute("SELECT version FROM store").fetchone() == (1,)


def test_no_address_of_the_input_is_in_any_stream_unless_it_is_asked_for(
    export: Any, behave: Any, tmp_path: Path
):
    """Of rows that landed, were rejected, refused, and that name their lists themselves."""
    behave(rows_lost=1)
    people = [member(n, List="Newsletter") for n in range(4)]
    bad = [
        "ada@@example.com",
        "ben@example.com ben2@example.com",
        "cem@example",
        "x" * 60 + "@e.com",
    ]
    rows = [*people, *(record(EmailAddress=each, List="Newsletter") for each in bad)]
    fields = dict.fromkeys(("EmailAddress", "List"), TEXT)
    export(schema(**fields), *rows, lists_field="List", verify="always")

    told = tell(data_dir=str(tmp_path / "data"))

    assert told.records["runs"][0]["rejected"] >= 3
    written = told.stdout + told.log
    assert "name@example.com" in written  # an example in the words of a reason
    assert [
        each for each in ("ada@", "ben@", "ben2@", "cem@", "x@e", "member0@") if each in written
    ] == []


def test_what_a_sweep_has_done_is_told(export: Any, tmp_path: Path):
    follows = {"load_method": "overwrite", "overwrite_when": "end_of_input"}
    export(schema(), *map(member, range(9)), **follows)
    export(schema(), *map(member, range(8)), **follows)

    told = tell(data_dir=str(tmp_path / "data")).records["sweeps"]

    assert {(each["list_name"], each["outcome"]) for each in told} == {("Newsletter", "swept")}
    assert sorted(each["taken_off"] for each in told) == [0, 1]  # both began in one second


def test_an_import_that_did_not_end_is_told(export: Any, sandbox: Any, tmp_path: Path):
    sandbox.add_fault(Fault("POST", "/activities/contacts_json_import", action="quota_exceeded"))
    export(schema(), member(1))

    (run,) = tell(data_dir=str(tmp_path / "data")).records["runs"]

    assert (run["status"], run["unsettled"]) == ("failed", 1)
    assert run["error"]


def test_metric_lines_are_for_those_who_ask_and_name_the_tap(export: Any, tmp_path: Path):
    export(schema(), member(1))
    path = config(tmp_path, data_dir=str(tmp_path / "data"))

    def metrics(**env: str) -> list[str]:
        done = start("--config", path, env=env)
        assert done.code == 0, done.stderr
        return [line for line in done.stderr.splitlines() if "METRIC" in line]

    assert metrics() == []
    assert metrics(TAP_CONSTANT_CONTACT_RESULTS_LOGLEVEL="INFO")
