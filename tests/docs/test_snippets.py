"""Whatever the pages show as YAML, JSON or Python can be used as it stands."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import yaml

import target_constant_contact
from target_constant_contact.settings.settings import Settings
from target_constant_contact.singer.target import TargetConstantContact
from tests.docs import pages

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WHAT_A_SNIPPET_LEAVES_OUT = {
    "access_token": "token",
    "accept_data_transfer": True,
    "lists": "Newsletter",
}

PARTS_OF_A_PROJECT = {"plugins", "environments", "jobs", "schedules"}
"""Keys of a `meltano.yml`."""


def _documents() -> Iterator[tuple[str, Any]]:
    for page in pages.ALL:
        for language, parse in (("yaml", yaml.safe_load), ("json", json.loads)):
            for number, block in enumerate(pages.blocks(language, pages.read(page))):
                yield f"{page.name} {language} {number}", parse(block.body)


def _configurations() -> Iterator[tuple[str, dict[str, Any]]]:
    """The target's configuration: of a Meltano project, of one environment, or on its own.

    What is of a message, of Kubernetes or of Python's logging is none.
    """
    for name, document in _documents():
        if document.keys() & PARTS_OF_A_PROJECT:
            parts = [document, *(part["config"] for part in document.get("environments", ()))]
            for part in parts:
                for loader in part.get("plugins", {}).get("loaders", ()):
                    if loader["name"] == TargetConstantContact.name:
                        yield name, loader["config"]
        elif document.get("type") != "RECORD" and not document.keys() & {"kind", "handlers"}:
            yield name, document


CONFIGURATIONS = list(_configurations())


@pytest.mark.parametrize(
    "config", [config for _, config in CONFIGURATIONS], ids=[name for name, _ in CONFIGURATIONS]
)
def test_a_configuration_in_the_pages_is_accepted(config: dict[str, Any]):
    """Nothing is wrong with it once credentials, consent and a list are filled in."""
    schema = TargetConstantContact.settings_schema()

    assert config.keys() <= schema["properties"].keys()
    Settings.parse(WHAT_A_SNIPPET_LEAVES_OUT | config, schema)


def test_the_pages_have_the_configurations_that_they_speak_of():
    """Guards the tests above against pages, or a reader of them, that show nothing."""
    shown = {name for _, config in CONFIGURATIONS for name in config}

    assert shown >= {"field_mapping", "segments", "lists", "lists_field", "create_lists"}
    assert len(CONFIGURATIONS) > 15


def test_a_schedule_in_the_pages_runs_a_job_that_stands_beside_it():
    (project,) = (document for _, document in _documents() if "schedules" in document)

    jobs = {job["name"] for job in project["jobs"]}
    assert {schedule["job"] for schedule in project["schedules"]} <= jobs


PYTHON = pages.DOCS / "reference" / "python.md"


def test_the_python_in_the_pages_does_what_it_asserts(tmp_path: Path):
    programs = [found.body for found in pages.blocks("python", pages.everything())]

    assert any("assert" in program for program in programs)
    for program in programs:
        subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=True, timeout=60)


def test_the_page_of_the_python_api_names_what_is_public():
    named = [pages.code(cells[0])[0] for cells in pages.rows(pages.read(PYTHON))]

    assert sorted(named) == sorted(target_constant_contact.__all__)
