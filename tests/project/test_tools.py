"""What nox, the workflows, pre-commit and the scripts run on is said once, or alike."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from target_constant_contact.settings.sources import ENV_PREFIX
from target_constant_contact.singer.target import TargetConstantContact

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted(ROOT.glob(".github/workflows/*.yml"))
SCRIPTS = sorted(ROOT.glob("scripts/*"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def read(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def classified() -> list[str]:
    """The Pythons of the classifiers."""
    found = [re.fullmatch(r".* :: Python :: (3\.\d+)", text) for text in PROJECT["classifiers"]]
    return [match[1] for match in found if match]


def workflow(name: str) -> dict[str, Any]:
    return yaml.safe_load(read(f".github/workflows/{name}.yml"))


def steps(path: Path) -> list[dict[str, Any]]:
    jobs = yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"].values()
    return [step for job in jobs for step in job["steps"]]


def bash(command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", command],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_workflow_tests_the_pythons_of_the_classifiers():
    strategy = workflow("test")["jobs"]["tests"]["strategy"]
    assert strategy["matrix"]["python-version"] == classified()


def test_nox_tests_the_pythons_of_the_classifiers():
    done = subprocess.run(
        [sys.executable, "-m", "nox", "--list", "--json", "--sessions", "tests"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert [run["call_spec"]["version"] for run in json.loads(done.stdout)] == classified()


def test_the_scripts_know_the_pythons_of_the_classifiers_the_newest_first():
    found = bash(". scripts/environment.sh && tested_pythons").stdout.split()
    assert found == classified()[::-1]


def test_the_oldest_python_is_tested_and_no_newer_one_is_refused():
    allowed = SpecifierSet(PROJECT["requires-python"])
    assert [version for version in ("3.10", *classified(), "3.99") if version in allowed] == [
        *classified(),
        "3.99",
    ]


def test_a_python_of_pyenv_is_found_by_its_version(tmp_path):
    folder = tmp_path / "versions" / "3.98.1" / "bin"
    folder.mkdir(parents=True)
    (folder / "python").symlink_to(sys.executable)
    found = bash(". scripts/environment.sh && find_python 3.98", PYENV_ROOT=str(tmp_path))
    assert found.stdout.strip() == str(folder / "python")
    missing = bash(". scripts/environment.sh && find_python 3.97", PYENV_ROOT=str(tmp_path))
    assert missing.returncode == 1
    assert "No suitable Python" in missing.stderr


def test_each_series_of_singer_sdk_that_the_project_takes_is_tested():
    listed = re.search(r"sdk_series=\((.*)\)", read("scripts/test-versions"))
    assert listed
    requirements = map(Requirement, PROJECT["dependencies"])
    (taken,) = [each.specifier for each in requirements if each.name == "singer-sdk"]
    assert listed[1].split() == [
        f"0.{minor}" for minor in range(200) if taken.contains(f"0.{minor}.99")
    ]


FIXED = {
    "authlib": "1.6.12",  # CVE-2026-44681
    "cryptography": "50.0",  # CVE-2026-69247
    "filelock": "3.20.3",  # CVE-2025-68146, CVE-2026-22701: links in the place of locks
    "flask": "3.1.3",  # CVE-2026-27205
    "jinja2": "3.1.6",  # CVE-2025-27516
    "protobuf": "6.33.5",  # CVE-2025-4565, CVE-2026-0994
    "pyarrow": "23.0.1",  # CVE-2026-25087
    "requests": "2.33",  # CVE-2024-47081, CVE-2026-25645
    "urllib3": "2.7",  # CVE-2026-44432
    "werkzeug": "3.1.6",  # CVE-2026-27199
}
"""The first version without a hole that is known."""


def test_no_lower_bound_has_a_known_hole():
    printed = bash(f"{sys.executable} scripts/lowest").stdout.split()
    lowest = dict(line.split("==") for line in printed)
    holes = [name for name, fixed in FIXED.items() if Version(lowest[name]) < Version(fixed)]
    assert holes == []


def test_the_lowest_version_of_each_dependency_is_known():
    groups = [PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()]
    asked = [Requirement(each) for group in groups for each in group]
    printed = bash(f"{sys.executable} scripts/lowest").stdout.split()
    lowest = {
        each.name: str(each.specifier).removeprefix("==") for each in map(Requirement, printed)
    }
    assert list(lowest) == [each.name for each in asked]
    assert all(each.specifier.contains(lowest[each.name]) for each in asked)


def test_dependencies_are_audited_each_week_the_lowest_versions_too():
    # YAML reads the key `on` as a truth value.
    triggers = workflow("audit")[True]
    (schedule,) = triggers["schedule"]
    assert re.fullmatch(r"\d+ \d+ \* \* \d", schedule["cron"])
    assert {step.get("run") for step in steps(ROOT / ".github/workflows/audit.yml")} >= {
        "scripts/audit"
    }
    script = read("scripts/audit")
    assert "for versions in newest lowest" in script
    assert "pip-audit --strict" in script


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_actions_are_pinned_by_commit_with_the_version_beside_it(path: Path):
    text = path.read_text(encoding="utf-8")
    pinned = re.findall(r"uses: [\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", text, re.MULTILINE)
    assert len(pinned) == sum("uses" in step for step in steps(path)) > 0


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_workflows_may_read_only_and_one_job_publishes(path: Path):
    found = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert found["permissions"] == {"contents": "read"}
    more = {name: job["permissions"] for name, job in found["jobs"].items() if "permissions" in job}
    assert more == ({"publish": {"id-token": "write"}} if path.stem == "release" else {})


def test_only_a_tag_of_the_projects_version_is_released():
    (check,) = [
        step["run"]
        for step in workflow("release")["jobs"]["build"]["steps"]
        if step.get("name") == "The tag is the version of the project"
    ]
    version = PROJECT["version"]
    tags = [f"v{version}", f"v{version}.1", f"v1{version}", "v"]
    codes = [bash(check, GITHUB_REF_NAME=tag).returncode for tag in tags]
    assert codes == [0, 1, 1, 1]


def test_workflows_and_nox_call_scripts_that_there_are():
    texts = [read("noxfile.py"), *(path.read_text(encoding="utf-8") for path in WORKFLOWS)]
    called = {name for text in texts for name in re.findall(r"\bscripts/([a-z-]+)[\s\",]", text)}
    assert called >= {"test", "lint", "docs", "benchmark", "build", "audit"}
    assert all(os.access(ROOT / "scripts" / name, os.X_OK) for name in called)


def test_every_module_that_scripts_run_is_there():
    texts = [read(".ci/run"), *(path.read_text(encoding="utf-8") for path in SCRIPTS)]
    # What is called with one of the project's own environments, not what a venv brings.
    run = {name for text in texts for name in re.findall(r"-m ((?:tests|benchmarks)[.\w]*)", text)}

    assert run >= {"benchmarks", "tests.docs.tables", "tests.end_to_end.faults"}
    assert [name for name in run if find_spec(name) is None] == []


def test_hooks_are_pinned_to_a_release():
    repositories = yaml.safe_load(read(".pre-commit-config.yaml"))["repos"]
    assert all(re.fullmatch(r"v?\d+\.\d+\.\d+", each["rev"]) for each in repositories)
    hooks = {hook["id"] for each in repositories for hook in each["hooks"]}
    assert hooks >= {"ruff-check", "ruff-format", "check-meltano", "typos"}


def test_the_example_of_a_dot_env_names_the_secrets():
    schema = TargetConstantContact.settings_schema()["properties"]
    secrets = [name for name, setting in schema.items() if setting.get("secret")]
    named = re.findall(r"^# ([A-Z_]+)=$", read(".env.example"), re.MULTILINE)
    assert named == [f"{ENV_PREFIX}{name.upper()}" for name in secrets]


def test_git_ignores_the_files_that_may_hold_secrets():
    ignored = read(".gitignore").splitlines()
    assert {"/config.json", "/.env"} <= set(ignored)
    assert "/.env.example" not in ignored
