"""What the project says of itself: its version, its Pythons, its packages, its page in an index."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib

from tests.docs import pages
from tests.docs.error_lines import PACKAGE

PYPROJECT = tomllib.loads((pages.ROOT / "pyproject.toml").read_text(encoding="utf-8"))
FILES = f"{PYPROJECT['project']['urls']['Repository']}/blob/main/"


def test_the_changelog_begins_with_this_version():
    newest = re.findall(r"^## (\S+)", pages.read(pages.CHANGELOG), re.MULTILINE)[0]

    assert newest == PYPROJECT["project"]["version"]


def test_the_pythons_are_those_that_the_package_takes():
    minors = [
        int(classifier.rpartition(".")[2])
        for classifier in PYPROJECT["project"]["classifiers"]
        if re.fullmatch(r"Programming Language :: Python :: 3\.\d+", classifier)
    ]
    said = f"Python 3.{min(minors)} to 3.{max(minors)}"

    assert said in pages.section(pages.README, "Try it")
    assert set(re.findall(r"Python 3\.\d+ to 3\.\d+", pages.everything())) == {said}


def test_the_house_has_the_packages_that_the_contributing_page_names():
    modules = {path.stem for path in PACKAGE.glob("*.py")} - {"__init__", "__main__"}
    folders = {f"{path.parent.name}/" for path in PACKAGE.glob("*/__init__.py")}

    assert sorted(name for row in _house() for name in row) == sorted(modules | folders)


def test_the_contributing_page_has_the_packages_in_the_order_of_the_import_rules():
    contracts = PYPROJECT["tool"]["importlinter"]["contracts"]
    (layers,) = (
        contract["layers"]
        for contract in contracts
        if contract["type"] == "layers" and contract["containers"] == [PACKAGE.name]
    )
    storeys = {
        name.strip(): storey for storey, layer in enumerate(layers) for name in layer.split("|")
    }
    in_the_page = [storeys[name.rstrip("/")] for row in _house() for name in row]

    assert in_the_page == sorted(in_the_page)


def _house() -> list[list[str]]:
    """The names in each row of the table of packages."""
    table = pages.section(pages.CONTRIBUTING, "The house")
    return [pages.code(cells[0]) for cells in pages.rows(table)]


def test_the_files_that_the_contributing_page_names_exist():
    named = {
        span
        for span in pages.code(pages.read(pages.CONTRIBUTING))
        if re.fullmatch(r"(benchmarks|docs|examples|scripts|tests|\.ci)/[\w./-]*", span)
    }

    assert named
    assert {name for name in named if not (pages.ROOT / name).exists()} == set()


def test_the_package_page_leads_to_the_repository():
    """A package index has no files beside the README, so its links have to be whole."""
    shown = subprocess.run(
        [sys.executable, "-m", "hatch_fancy_pypi_readme", "pyproject.toml"],
        cwd=pages.ROOT,
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    ).stdout
    links = re.findall(r"\]\(([^()\s]+)\)", shown)
    files = [link.removeprefix(FILES) for link in links if link.startswith(FILES)]

    assert [link for link in links if not link.startswith(("https://", "#"))] == []
    assert files == [link for link in pages.links(pages.README) if not re.match("https:|#", link)]
    assert not re.search(r"<(a|img)\b|^\[[^\]]+\]: ", shown, re.MULTILINE)


def test_the_package_page_is_the_one_that_is_built():
    assert PYPROJECT["project"]["dynamic"] == ["readme"]
    needed = PYPROJECT["build-system"]["requires"]
    assert [package for package in needed if package.startswith("hatch-fancy-pypi-readme")]
    urls = {"Changelog", "Documentation", "Homepage", "Issues", "Repository"}
    assert PYPROJECT["project"]["urls"].keys() >= urls
