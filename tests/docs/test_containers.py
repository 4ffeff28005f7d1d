"""What the page about containers shows for other programs can be used as it stands."""

from __future__ import annotations

import ast
import json
import os
import re
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from cryptography.fernet import Fernet

from target_constant_contact.data_folder import DataFolder
from target_constant_contact.settings.schema import PROPERTIES
from target_constant_contact.store.address import url_fault
from target_constant_contact.store.opening import open_store
from target_constant_contact.store.place import StorePlace
from tests.docs import pages

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.postgres import Postgres

PAGE = pages.DOCS / "how-to" / "containers-and-machines.md"
TEXT = pages.read(PAGE)
CRON_JOB, WORKFLOW = (yaml.safe_load(block.body) for block in pages.blocks("yaml", TEXT))
DOCKERFILE, _ = (block.body for block in pages.blocks("dockerfile", TEXT))
(AIRFLOW,) = (block.body for block in pages.blocks("py", TEXT))
PREFIX = "TARGET_CONSTANT_CONTACT_"
SECONDS_OF_AN_ENDING = 20


def _job() -> dict[str, Any]:
    return CRON_JOB["spec"]["jobTemplate"]["spec"]


def _pod() -> dict[str, Any]:
    return _job()["template"]["spec"]


def _container() -> dict[str, Any]:
    (container,) = _pod()["containers"]
    return container


def _step() -> dict[str, Any]:
    """The step of the workflow that runs the image."""
    return WORKFLOW["jobs"]["segments"]["steps"][-1]


def _called(function: str) -> dict[str, ast.expr]:
    """The named arguments of a call in the part for Airflow."""
    (call,) = (
        node
        for node in ast.walk(ast.parse(AIRFLOW))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == function
    )
    return {str(keyword.arg): keyword.value for keyword in call.keywords}


def _told_to_a_scheduler() -> dict[int, str]:
    """What the page about schedules says of each exit code."""
    rows = pages.rows(pages.read(pages.DOCS / "how-to" / "schedule.md"))
    return {int(code): cells[1] for cells in rows for code in cells[0].split(", ")}


def _program(folder: Path, name: str, lines: str, shell: str = "/usr/bin/env bash") -> None:
    """A program that stands in for one that is not at hand."""
    path = folder / name
    path.write_text(f"#!{shell}\n{lines}\n", encoding="utf-8")
    path.chmod(0o755)


def _run(script: str, folder: Path, **variables: str) -> subprocess.Popen[str]:
    """Run a script as GitHub and the image do, with the programs of a folder."""
    search = os.pathsep.join((str(folder), os.environ["PATH"]))
    return subprocess.Popen(
        ["bash", "-c", script],
        cwd=folder,
        env={**os.environ, "PATH": search, **variables},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def test_every_variable_is_a_setting():
    names = set(re.findall(rf"{PREFIX}(\w*[A-Z])", TEXT))

    assert {"STORE_URL", "STORE_KEY", "CLIENT_SECRET"} <= names
    assert {name.lower() for name in names} <= PROPERTIES.to_dict()["properties"].keys()


def test_no_secret_stands_in_what_a_repository_holds():
    assert _container().keys() & {"env"} == set()
    assert all(
        re.fullmatch(r"\$\{\{ secrets\.\w+ \}\}", value) for value in _step()["env"].values()
    )
    assert re.findall(rf"{PREFIX}\w+", DOCKERFILE + AIRFLOW) == [f"{PREFIX}DATA_DIR"]


def test_all_three_run_the_image_with_the_secret_of_the_page():
    made = "kubectl create secret generic segments --from-env-file=secrets.env"

    assert made in TEXT
    assert _container()["envFrom"] == [{"secretRef": {"name": "segments"}}]
    called = _called("KubernetesPodOperator")
    assert ast.unparse(called["secrets"]) == "[Secret('env', None, 'segments')]"
    assert ast.literal_eval(called["image"]) == _container()["image"]


def test_a_job_is_given_up_where_the_page_about_schedules_calls_a_person():
    ignored, given_up = _job()["podFailurePolicy"]["rules"]

    people = {code for code, told in _told_to_a_scheduler().items() if told.startswith("call")}
    assert given_up["action"] == "FailJob"
    assert given_up["onExitCodes"] == {"operator": "In", "values": sorted(people)}
    assert ignored["onPodConditions"] == [{"type": "DisruptionTarget"}]
    assert _pod()["restartPolicy"] == "Never"


def test_the_exit_codes_that_the_page_names_are_told_to_a_scheduler():
    named = {int(code) for code in re.findall(r"\b(?:code is|code|with) (\d+)\b", TEXT)}

    assert named >= {1, 75, 77}
    assert named <= _told_to_a_scheduler().keys()


def test_a_container_gets_what_a_run_needs():
    limits = pages.read(pages.DOCS / "reference" / "limits.md")
    (enough,) = re.findall(r"(\d+) MiB are enough for a container", limits)
    resources = _container()["resources"]
    called = _called("V1ResourceRequirements")

    for asked in (resources["requests"], ast.literal_eval(called["requests"])):
        assert asked["memory"] == f"{enough}Mi"
    assert _pod()["terminationGracePeriodSeconds"] > SECONDS_OF_AN_ENDING
    grace = _called("KubernetesPodOperator")["termination_grace_period"]
    assert ast.literal_eval(grace) > SECONDS_OF_AN_ENDING
    assert f"within {SECONDS_OF_AN_ENDING} seconds" in TEXT


def test_the_user_of_the_image_is_the_one_of_the_pod():
    (uid,) = re.findall(r"useradd .*--uid (\d+) segments", DOCKERFILE)

    assert _pod()["securityContext"] == {"runAsNonRoot": True, "runAsUser": int(uid)}
    assert "USER segments\nWORKDIR /home/segments\n" in DOCKERFILE


def _command() -> str:
    """What the image runs; tini hands it signals, as a process group."""
    words = dict(re.findall(r"^(ENTRYPOINT|CMD) (.*)$", DOCKERFILE, re.MULTILINE))
    assert json.loads(words["ENTRYPOINT"]) == ["tini", "-g", "--", "bash", "-c"]
    (script,) = json.loads(words["CMD"])
    return script


@pytest.mark.parametrize(("of_tap", "of_target", "code"), [(0, 75, 75), (3, 0, 3), (3, 78, 78)])
def test_the_image_ends_with_the_code_of_the_target_or_else_of_the_tap(
    of_tap: int, of_target: int, code: int, tmp_path: Path
):
    _program(tmp_path, "tap-jsonl", f"exit {of_tap}")
    _program(tmp_path, "target-constant-contact", f"cat; exit {of_target}")

    with _run(_command(), tmp_path) as running:
        running.communicate(timeout=60)

    assert running.returncode == code


SLOW_TO_END = """
import os, signal, sys, time
def end(*_):
    time.sleep(0.5)
    # Not `print`: the signal may come within the other one.
    os.write(1, b"STATE\\n")
    sys.exit(1)
signal.signal(signal.SIGTERM, end)
print("begun", flush=True)
while True:
    time.sleep(60)
"""


def test_the_image_waits_for_the_target_that_is_asked_to_stop(tmp_path: Path):
    _program(tmp_path, "tap-jsonl", "exec sleep 60")
    _program(tmp_path, "target-constant-contact", SLOW_TO_END, sys.executable)
    with _run(_command(), tmp_path) as running:
        assert running.stdout
        assert running.stdout.readline() == "begun\n"
        os.killpg(running.pid, signal.SIGTERM)
        last, _ = running.communicate(timeout=60)

    assert last == "STATE\n"
    assert running.returncode == 1


@pytest.mark.parametrize(("code", "times"), [(75, 3), (78, 1), (0, 1)])
def test_the_workflow_tries_again_what_is_to_be_tried_later(code: int, times: int, tmp_path: Path):
    _program(tmp_path, "docker", f'cat "$4" >> seen; exit {code}')
    _program(tmp_path, "sleep", 'echo "$1"')
    given = {f"{PREFIX}STORE_KEY": "key", f"{PREFIX}CLIENT_SECRET": ""}
    with _run(f"set -e\n{_step()['run']}", tmp_path, RUNNER_TEMP=str(tmp_path), **given) as running:
        slept, _ = running.communicate(timeout=60)

    assert running.returncode == code
    assert len(slept.splitlines()) == times - 1
    seen = (tmp_path / "seen").read_text(encoding="utf-8").splitlines()
    assert seen == [f"{PREFIX}STORE_KEY=key"] * times


def test_the_database_of_the_page_takes_the_store_with_the_url_of_the_page(
    postgres: Postgres, tmp_path: Path
):
    (made,) = pages.blocks("sql", pages.marked("database"))
    (secrets,) = pages.blocks("text", pages.marked("secrets"))
    (url,) = re.findall(rf"{PREFIX}STORE_URL=(.*)", secrets.body)
    for statement in made.body.splitlines():
        postgres.execute(statement)
    assert not url_fault(url)
    here = url.replace("db.example.com:5432", f"127.0.0.1:{postgres.port}").partition("?")[0]
    key = Fernet.generate_key().decode()

    open_store(StorePlace(DataFolder(tmp_path), here, key=key)).close()

    assert ("connections", "segments") in postgres.execute(
        "SELECT tablename, tableowner FROM pg_tables", "segments"
    )
