"""From an empty project to people on a list, with Meltano itself and the lines of the tutorial."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from target_constant_contact.api.oauth.connection import AUTH_URL, Application, Connection
from target_constant_contact.sandbox import Behaviour, Sandbox
from tests.docs import pages
from tests.support.connections import Connections
from tests.support.results import answers
from tests.support.terminal import Terminal, sign_in

MELTANO = pages.ROOT / ".venv" / "bin"
TARGET = "target-constant-contact"

# The plugins of the project are installed from an index, which takes up to minutes.
pytestmark = [
    pytest.mark.skipif(
        not (MELTANO / "meltano").exists(), reason="scripts/example has not installed Meltano"
    ),
    pytest.mark.timeout(600),
]


@dataclass(frozen=True, slots=True)
class Project:
    """A Meltano project that somebody has made by the tutorial, and what its first run did.

    The tests come in any order, and most of them change the account.
    """

    folder: Path
    env: dict[str, str]
    log: str
    cities: dict[str, str]

    @property
    def data(self) -> Path:
        """Its data folder."""
        return self.folder / "output" / "constant-contact"

    def meltano(self, *words: str, **settings: object) -> subprocess.CompletedProcess[str]:
        """Run Meltano where nobody can be asked, with settings from the environment."""
        return self._run(MELTANO / "meltano", *words, **settings)

    def target(self, *words: str, **settings: object) -> subprocess.CompletedProcess[str]:
        """Run the target that Meltano has installed, without it."""
        venv = self.folder / ".meltano" / "loaders" / TARGET / "venv"
        return self._run(venv / "bin" / TARGET, *words, **settings)

    def _run(self, *words: object, **settings: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(word) for word in words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
            cwd=self.folder,
            env=self.env | _variables(settings),
        )

    def at_terminal(self, *words: str, **settings: object) -> Terminal:
        """Run Meltano at a terminal, with settings from the environment."""
        variables = self.env | _variables(settings)
        return Terminal([MELTANO / "meltano", *words], self.folder, variables)


def _variables(settings: dict[str, object]) -> dict[str, str]:
    return {
        f"TARGET_CONSTANT_CONTACT_{name.upper()}": value
        if isinstance(value, str)
        else json.dumps(value)
        for name, value in settings.items()
    }


def _environment(folder: Path) -> dict[str, str]:
    """The environment of whoever runs the tests: pip's settings for the index are in it."""
    ours = ("TARGET_CONSTANT_CONTACT_", "PYTHON", "MELTANO_", "VIRTUAL_ENV", "COV")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return kept | {
        "PATH": f"{MELTANO}{os.pathsep}{kept['PATH']}",
        "XDG_STATE_HOME": str(folder / "state"),
        # As the tutorial says of indexes that only pip's settings name.
        "MELTANO_VENV_BACKEND": "virtualenv",
        "MELTANO_CLI_DISABLE_VERSION_CHECK": "true",
        "MELTANO_SEND_ANONYMOUS_USAGE_STATS": "false",
        "NO_COLOR": "1",
    }


def _typed(part: str, folder: Path, env: dict[str, str]) -> str:
    """What the lines of a part of the pages print when they are typed into a shell."""
    (lines,) = pages.blocks("bash", pages.marked(part))
    done = subprocess.run(
        ["bash", "-ec", lines.body],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=500,
        cwd=folder,
        env=env,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def _write_into(path: Path, shown: dict[str, Any]) -> None:
    """Put plugins that a page shows into a project: below those of their name, or as new ones."""
    project = yaml.safe_load(path.read_text(encoding="utf-8"))
    for kind, plugins in shown["plugins"].items():
        there = defaultdict(dict, {each["name"]: each for each in project["plugins"].get(kind, ())})
        for plugin in plugins:
            there[plugin["name"]] = there[plugin["name"]] | plugin
        project["plugins"][kind] = list(there.values())
    path.write_text(yaml.safe_dump(project, sort_keys=False), encoding="utf-8")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """All that the tutorial tells one to type, down to the first run."""
    folder = tmp_path_factory.mktemp("meltano")
    (folder / TARGET).symlink_to(pages.ROOT)
    env = _environment(folder)
    _typed("tutorial lines", folder, env)
    made = folder / "segments"
    (segment,) = pages.blocks("text", pages.marked("tutorial segment"))
    (made / "vip_customers.jsonl").write_text(segment.body, encoding="utf-8")
    (shown,) = pages.blocks("yaml", pages.marked("tutorial project"))
    _write_into(made / "meltano.yml", yaml.safe_load(shown.body))
    log = _typed("tutorial run", made, env)
    with Sandbox(made / "output" / "constant-contact" / "sandbox.sqlite") as sandbox:
        cities = {key: contact["city"] for key, contact in sandbox.members("VIP").items()}
    return Project(made, env, log, cities)


def test_an_empty_project_and_the_lines_of_the_tutorial_bring_people_onto_a_list(project: Project):
    (shown,) = pages.blocks("text", pages.marked("tutorial output"))

    assert [line for line in shown.body.splitlines() if line not in project.log] == []
    assert project.cities == {"ada@example.com": "Hull", "ben@example.com": "York"}


def test_meltano_describes_the_settings_and_hides_the_secrets(project: Project):
    url = "postgresql://me:open-sesame@host/d"
    listed = project.meltano("config", "list", "--all", TARGET, store_url=url).stdout
    text = " ".join(listed.split())

    assert "TARGET_CONSTANT_CONTACT_STORE_URL" in text
    assert "open-sesame" not in text
    assert "Must be `true`: personal data leaves for Constant Contact" in text
    assert "max_new_lists [env: TARGET_CONSTANT_CONTACT_MAX_NEW_LISTS] current value: 10" in text


def test_every_command_can_be_called_by_meltano(project: Project):
    listed = project.meltano("invoke", "--list-commands", TARGET).stdout

    assert f"{TARGET}:login" in listed
    assert "Connect to an account" in listed
    lists = project.meltano("invoke", f"{TARGET}:lists")
    with Sandbox(project.data / "sandbox.sqlite") as sandbox:
        line = rf"VIP +{len(sandbox.members('VIP'))}$"
    assert re.search(line, lists.stdout, re.MULTILINE), lists.stdout + lists.stderr


_TAP = """#!/usr/bin/env python3
import json, os, sys
text = {"type": "string"}
schema = {"properties": {"login": text, "given": text, "address": {"type": "object"}}}
stream = {"stream": "vip_customers"}
print(json.dumps({"type": "SCHEMA", "key_properties": [], "schema": schema, **stream}))
for name in os.environ["PEOPLE"].split():
    row = {"login": name + "@example.com", "given": name, "address": {"city": "York"}}
    print(json.dumps({"type": "RECORD", "record": row, **stream}))
sys.stdout.flush()
sys.exit(int(os.environ["CODE"]))
"""


def test_a_list_follows_its_segment_unless_the_tap_has_failed(project: Project):
    """The blocks of the page, in one run of Meltano each."""
    (shown,) = pages.blocks("yaml", pages.marked("sweep project"))
    tap = project.folder / "tap.py"
    tap.write_text(_TAP, encoding="utf-8")
    tap.chmod(0o700)
    own = {"name": "tap-own", "namespace": "tap_own", "executable": str(tap)}
    plugins = yaml.safe_load(shown.body)["plugins"] | {"extractors": [own]}
    _write_into(project.folder / "meltano.yml", {"plugins": plugins})

    def night(people: str, code: int) -> tuple[int, set[str]]:
        project.env.update(PEOPLE=people, CODE=str(code))
        words = ("run", "tap-own", TARGET, "constant-contact:sweep")
        done = project.meltano(*words, load_method="overwrite", overwrite_scope="all")
        with Sandbox(project.data / "sandbox.sqlite") as sandbox:
            return done.returncode, {key.partition("@")[0] for key in sandbox.members("VIP")}

    assert night("ada ben cem", 0) == (0, {"ada", "ben", "cem"})
    assert night("ada", 3) == (1, {"ada", "ben", "cem"})
    assert night("ada ben", 0) == (0, {"ada", "ben"})
    # It had come to its end, and only Meltano knows that it failed.
    assert night("ada", 3) == (1, {"ada", "ben"})


def test_the_levels_of_the_targets_lines_reach_the_log_of_meltano(project: Project):
    done = project.meltano("run", "tap-vip", TARGET, batch_size_rows=0)

    assert done.returncode == 1
    line = r"\[error +\] target-constant-contact +batch_size_rows: 0 is less than the minimum of 1"
    assert re.search(line, done.stderr), done.stderr


def test_what_lines_say_in_numbers_are_fields_in_a_log_of_json(project: Project):
    done = project.meltano("--log-format=json", "run", "tap-vip", TARGET)

    assert done.returncode == 0, done.stderr
    log = _events(done.stderr)
    (end,) = [event for event in log if event.get("status") == "completed"]
    report = json.loads(Path(end["report_file"]).read_text(encoding="utf-8"))
    assert (end["level"], end["run"]) == ("info", report["run"])
    assert {name: end[name] for name in report["totals"]} == report["totals"]
    assert end["requests"] == report["requests"]
    (settled,) = [event for event in log if "activity_id" in event]
    (sent,) = report["imports"]
    (place,) = report["destinations"]
    assert settled["activity_id"] == sent["activity_id"]
    assert settled["list_ids"] == [item["id"] for item in place["lists"]]
    assert (settled["run"], settled["stream"]) == (report["run"], "vip_customers")
    assert (settled["rows"], settled["landed"]) == (sent["rows"], end["landed"])


def test_an_error_is_one_in_a_log_of_json_too(project: Project):
    done = project.meltano("--log-format=json", "run", "tap-vip", TARGET, max_rejected_percent="x")

    ours = [event for event in _events(done.stderr) if event.get("name") == TARGET]
    errors = [event for event in ours if event["level"] == "error"]
    assert [event["exit_code"] for event in errors] == [78]
    assert "max_rejected_percent" in errors[0]["event"]


def test_the_sums_of_a_sweep_are_fields_too(project: Project):
    done = project.meltano(
        "--log-format=json", "invoke", f"{TARGET}:sweep", load_method="overwrite"
    )

    (end,) = [event for event in _events(done.stderr) if event.get("kind") == "sweep"]
    swept = json.loads(Path(end["report_file"]).read_text(encoding="utf-8"))["swept"]
    # Of how many depends on which tests came before.
    for name in ("before", "stay", "taken_off"):
        assert end[name] == sum(each[name] for each in swept)


def test_metrics_are_in_the_log_of_meltano_if_they_are_asked_for(project: Project):
    def metrics(**variables: str) -> dict[tuple[str, str], float]:
        project.env.update(variables)
        done = project.meltano("--log-format=json", "run", "tap-vip", TARGET)
        told = [event["metric_info"] for event in _events(done.stderr) if "metric_info" in event]
        return {(each["metric"], each["tags"].get("place", "")): each["value"] for each in told}

    assert metrics() == {}
    told = metrics(TARGET_CONSTANT_CONTACT_LOGLEVEL="INFO")
    del project.env["TARGET_CONSTANT_CONTACT_LOGLEVEL"]
    assert told["record_count", "landed"] == 2
    assert told.keys() >= {(name, "") for name in ("batch_count", "job_duration", "requests_left")}


def test_no_field_of_a_log_of_json_has_an_address_in_it(project: Project):
    """At level debug, with a list and a field that are called like one."""
    tap = project.folder / "tap.py"
    own = {"name": "tap-called", "namespace": "tap_own", "executable": str(tap)}
    _write_into(project.folder / "meltano.yml", {"plugins": {"extractors": [own]}})
    tap.write_text(_TAP.replace('"given"', '"of ada@example.com"'), encoding="utf-8")
    tap.chmod(0o700)
    project.env.update(PEOPLE="ada ben cem@", CODE="0")
    done = project.meltano(
        *("--log-format=json", "--log-level=debug", "run", "tap-called", TARGET),
        lists="List of ada@example.com",
        field_mapping={"email": "login", "first_name": "of ada@example.com"},
        max_rejected_percent=100,
    )

    ours = [event for event in _events(done.stderr) if event.get("name") == TARGET]
    assert "rejected" in json.dumps(ours)
    assert "<address>" in json.dumps(ours)
    assert "@example" not in json.dumps(ours).replace("name@example.com", "")


def _events(log: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.splitlines() if line.startswith("{")]


def test_login_by_meltano_asks_at_the_terminal(project: Project):
    with Sandbox(behaviour=Behaviour(device_interval=0)) as account:
        service = {"api_url": account.api_url, "auth_url": account.auth_url, "sandbox": False}
        words = ["invoke", f"{TARGET}:login", "--connection", "shop", "--device"]
        words += ["--client-id", "sandbox-app"]
        with project.at_terminal(*words, **service) as terminal:
            sign_in(terminal, account)
            assert terminal.wait() == 0, terminal.everything
    assert "Connection 'shop' is stored in" in terminal.stdout
    assert "sandbox-secret" not in terminal.everything
    assert Connections(project.data).read("shop").rotating is True


def test_logout_by_meltano_asks_at_the_terminal_and_says_what_to_pass_without_one(project: Project):
    store = Connections(project.data)
    store.write(Connection("default", Application("app", None, AUTH_URL), "first-token"))
    alone = project.meltano("invoke", f"{TARGET}:logout")
    assert alone.returncode == 78
    assert re.search(r"\[error +\] .*logout asks before .* 'default'; pass --yes", alone.stderr)
    assert store.read("default") is not None

    with project.at_terminal("invoke", f"{TARGET}:logout") as terminal:
        terminal.see("Remove connection 'default'? [y/N]: ")
        terminal.type("y")
        assert terminal.wait() == 0, terminal.everything
    assert store.read("default") is None


def test_the_results_of_the_runs_reach_a_warehouse_once_and_answer_its_questions(
    project: Project, monkeypatch: pytest.MonkeyPatch
):
    """The lines of the page, a loader from the index, and the questions of the example."""
    # All rows of it are rejected: a load that has failed is among the results.
    failed = project.meltano("run", "tap-vip", TARGET, field_mapping={"email": "given"})
    (shown,) = pages.blocks("yaml", pages.marked("results project"))
    _typed("results lines", project.folder, project.env)
    _write_into(project.folder / "meltano.yml", yaml.safe_load(shown.body))
    _typed("results run", project.folder, project.env)
    files = {path.stem: path for path in (project.folder / "output" / "results").iterdir()}
    loaded = {name: path.read_text(encoding="utf-8") for name, path in files.items()}
    again = project.meltano("run", "tap-constant-contact-results", "target-jsonl")

    assert failed.returncode == 1
    assert loaded.keys() >= {"runs", "destinations", "imports", "findings"}
    listed = json.loads(project.target("runs", "--json", data_dir=str(project.data)).stdout)
    runs = [json.loads(line) for line in loaded["runs"].splitlines()]
    assert {run["run"]: run["status"] for run in runs} == {
        run["run"]: run["status"] for run in listed
    }
    assert again.returncode == 0, again.stderr
    assert {name: path.read_text(encoding="utf-8") for name, path in files.items()} == loaded
    told = "".join(loaded.values()) + again.stderr
    assert not re.search(r"(ada|ben|cem)@example\.com", told)
    newest, _, reasons = answers(project.folder, monkeypatch)
    assert {row["list_name"] for row in newest} >= {"VIP"}
    assert {row["kind"] for row in reasons} == {"rejected"}


def test_an_entry_of_segments_that_matches_no_stream_is_warned_of_with_what_is_close(
    project: Project,
):
    done = project.meltano(
        "run", "tap-vip", TARGET, segments=[{"stream": "vip_custmers", "lists": "Best"}]
    )

    assert done.returncode == 0, done.stderr
    (warning,) = [line for line in done.stderr.splitlines() if "[warning" in line]
    assert "vip_custmers" in warning
    assert "did you mean 'vip_customers'?" in warning


def test_a_setting_with_a_bad_value_is_named(project: Project):
    """By its name: Meltano hands all settings on as variables, wherever it has them from."""
    done = project.meltano("invoke", f"{TARGET}:check", max_rejected_percent="lots")

    assert done.returncode == 78
    assert re.search(r"^FAILED .*max_rejected_percent .*: 'lots'", done.stdout, re.MULTILINE)


def test_a_misspelt_dry_run_does_not_send_and_a_number_that_is_none_is_named(project: Project):
    """Meltano would take the first for false, and stop at the second without its name."""
    done = project.meltano("run", "tap-vip", TARGET, dry_run="no way", batch_size_rows="lots")

    assert done.returncode == 1
    assert re.search(r"dry_run.*: 'no way' is neither true nor false", done.stderr)
    assert re.search(r"batch_size_rows.*: 'lots' is no whole number", done.stderr)
    assert "landed" not in done.stderr


def test_a_variable_with_a_bad_value_is_named(project: Project):
    """Meltano itself stops at a text where it wants a number, so this is without it."""
    done = project.target("--config=ENV", sandbox=True, lists="VIP", batch_size_rows="lots")

    assert done.returncode == 78
    assert "TARGET_CONSTANT_CONTACT_BATCH_SIZE_ROWS" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_settings_file_that_is_not_there_is_named(project: Project):
    done = project.meltano("invoke", f"{TARGET}:check", "--config", "no-such-file.json")

    assert done.returncode == 78
    assert "no-such-file.json" in done.stderr
    assert "please report" not in done.stderr.lower()


def test_a_wrong_host_is_named_with_the_cause(project: Project):
    done = project.meltano(
        "run",
        "tap-vip",
        TARGET,
        sandbox=False,
        access_token="a-token-of-the-day",
        accept_data_transfer=True,
        api_url="https://api.nowhere.invalid/v3",
    )

    assert done.returncode == 1
    (error,) = [line for line in done.stderr.splitlines() if "[error" in line and TARGET in line]
    assert "api.nowhere.invalid" in error
