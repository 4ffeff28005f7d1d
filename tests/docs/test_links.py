"""Every link between the pages leads somewhere, and every page is found."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tests.docs import pages

INDEX = pages.DOCS / "index.md"
LINKED = [*pages.ALL, pages.CHANGELOG]
INSIDE_THE_SITE = [page for page in pages.ALL if page.is_relative_to(pages.DOCS) and page != INDEX]


def _name(page: Path) -> str:
    return str(page.relative_to(pages.ROOT))


def _relative_links(page: Path) -> list[str]:
    return [link for link in pages.links(page) if not re.match(r"[a-z]+:", link)]


def _target(page: Path, link: str) -> Path:
    name = link.partition("#")[0]
    return Path(os.path.normpath(page.parent / name)) if name else page


def _leads_somewhere(page: Path, link: str) -> bool:
    target, anchor = _target(page, link), link.partition("#")[2]
    if not target.is_relative_to(pages.ROOT) or not target.is_file():
        return False
    return not anchor or anchor in pages.anchors(target)


def _linked_pages(page: Path) -> list[Path]:
    """The pages of the site that a page links, in its order."""
    targets = (_target(page, link) for link in _relative_links(page))
    return [target for target in targets if target in INSIDE_THE_SITE]


@pytest.mark.parametrize("page", LINKED, ids=_name)
def test_every_link_of_a_page_leads_somewhere(page: Path):
    assert [link for link in _relative_links(page) if not _leads_somewhere(page, link)] == []


@pytest.mark.parametrize(
    "link",
    [
        "docs/reference/limits.md",
        "docs/reference/limits.md#too-many-requests",
        "#try-it",
        "LICENSE",
    ],
)
def test_a_link_that_leads_somewhere_is_accepted(link: str):
    assert _leads_somewhere(pages.README, link)


@pytest.mark.parametrize(
    "link",
    [
        "docs/reference/limits.md#nowhere",
        "docs/nowhere.md",
        "docs",
        "../elsewhere.md",
        "#nowhere",
    ],
)
def test_a_link_that_leads_nowhere_is_noticed(link: str):
    assert not _leads_somewhere(pages.README, link)


def test_the_index_lists_every_page_once():
    """The site's navigation is made of these lists."""
    assert sorted(_linked_pages(INDEX)) == sorted(INSIDE_THE_SITE)


def test_the_readme_names_every_page_where_it_says_where_to_read_on():
    read_on = pages.section(pages.README, "Read on")

    assert [page for page in INSIDE_THE_SITE if f"]({_name(page)})" not in read_on] == []


def test_no_two_headings_of_a_page_have_the_same_anchor():
    for page in pages.ALL:
        headings = re.findall(r"^#+ (.+)$", pages.without_blocks(pages.read(page)), re.MULTILINE)
        assert len(pages.anchors(page)) == len(headings), page


def test_the_readme_is_short():
    assert len(pages.read(pages.README).splitlines()) <= 200
