"""How Sphinx makes the site: see `scripts/docs`."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from sphinx.application import Sphinx

ROOT: Final = Path(__file__).parents[1]
_PROJECT: Final = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
_REPOSITORY: Final[str] = _PROJECT["urls"]["Repository"]
_SECTION: Final = re.compile(r"^## (.+)\n((?:(?!## ).*\n?)*)", re.MULTILINE)
_PAGE: Final = re.compile(r"^- \[.+?\]\(((?!\.\.).+?)\.md\)", re.MULTILINE)
_OUT_OF_DOCS: Final = re.compile(r"\]\((?:\.\./)+(?!(?:explanation|how-to|reference|tutorial)/)")

project = _PROJECT["name"]
author = _PROJECT["authors"][0]["name"]
version = release = _PROJECT["version"]
project_copyright = author

extensions = ["myst_parser", "sphinx_copybutton"]
nitpicky = True
myst_heading_anchors = 4

html_theme = "furo"
html_title = f"{project} {version}"
html_static_path = ["site.css"]
html_css_files = ["site.css"]
html_theme_options = {
    "source_repository": f"{_REPOSITORY}/",
    "source_branch": "main",
    "source_directory": "docs/",
}


def _lead_to_the_repository(_app: Sphinx, _page: str, source: list[str]) -> None:
    """Files outside of docs/ are linked for readers of the repository; the site has no copy."""
    source[0] = _OUT_OF_DOCS.sub(f"]({_REPOSITORY}/blob/main/", source[0])


def _navigate_as_the_index_lists(_app: Sphinx, page: str, source: list[str]) -> None:
    """The navigation comes from the lists of pages: readers of the repository see only these."""
    if page == "index":
        for caption, listed in _SECTION.findall(source[0]):
            if pages := _PAGE.findall(listed):
                tree = "\n".join((f":caption: {caption}", ":hidden:", "", *pages))
                source[0] += f"\n```{{toctree}}\n{tree}\n```\n"


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.connect("source-read", _navigate_as_the_index_lists)
    app.connect("source-read", _lead_to_the_repository)
