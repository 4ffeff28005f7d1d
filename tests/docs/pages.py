"""Reading the pages for people: sections, marked parts, code blocks, tables and links."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
README: Final = ROOT / "README.md"
CONTRIBUTING: Final = ROOT / "CONTRIBUTING.md"
CHANGELOG: Final = ROOT / "CHANGELOG.md"
SECURITY: Final = ROOT / "SECURITY.md"
DOCS: Final = ROOT / "docs"
ALL: Final = (README, CONTRIBUTING, SECURITY, *sorted(DOCS.rglob("*.md")))
"""The pages that say how things are; the changelog also says how they were."""

_FENCE = re.compile(
    r"^(?P<indent> *)```(?P<language>[\w{}]+)\n(?P<body>.*?)^(?P=indent)```$",
    re.MULTILINE | re.DOTALL,
)
_CODE = re.compile(r"`([^`]+)`")
_LINK = re.compile(r"\]\(([^()\s]+)\)")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced code block."""

    language: str
    body: str


def read(page: Path) -> str:
    """A whole page."""
    return page.read_text(encoding="utf-8")


def everything() -> str:
    """All pages, one after the other."""
    return "\n".join(map(read, ALL))


def one_line(text: str) -> str:
    """A text without its line breaks, to look for sentences in."""
    return " ".join(text.split())


def blocks(language: str, text: str) -> list[Block]:
    """The code blocks in a language, without the indentation of a list around them."""
    return [
        Block(
            match["language"], re.sub(f"^{match['indent']}", "", match["body"], flags=re.MULTILINE)
        )
        for match in _FENCE.finditer(text)
        if match["language"] == language
    ]


def section(page: Path, title: str) -> str:
    """What stands between a heading and the next one of the same or a higher level."""
    text = read(page)
    match = re.search(rf"^(?P<level>#+) {re.escape(title)}\n", text, re.MULTILINE)
    assert match, f"{page.name} has no section {title!r}"
    level = len(match["level"])
    return re.split(rf"^#{{1,{level}}} ", text[match.end() :], maxsplit=1, flags=re.MULTILINE)[0]


def page_of(part: str) -> Path:
    """The only page that has ``<!-- part -->``."""
    found = [page for page in ALL if f"<!-- {part} -->\n" in read(page)]
    assert len(found) == 1, f"part {part!r} stands on {[page.name for page in found]}"
    return found[0]


def marked(part: str) -> str:
    """What stands between ``<!-- part -->`` and ``<!-- /part -->``."""
    _, _, rest = read(page_of(part)).partition(f"<!-- {part} -->\n")
    inside, end, _ = rest.partition(f"<!-- /{part} -->")
    assert end, f"part {part!r} has no end"
    return inside


def rows(text: str) -> list[list[str]]:
    """The cells of every table row in a text, without the heads of the tables."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    rules = {number for number, line in enumerate(lines) if set(line) <= set("|- :")}
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for number, line in enumerate(lines)
        if number not in rules and number + 1 not in rules
    ]


def code(text: str) -> list[str]:
    """The code spans in a text, its code blocks left out."""
    return _CODE.findall(without_blocks(text))


def without_blocks(text: str) -> str:
    """A text without its code blocks."""
    return _FENCE.sub("", text)


def links(page: Path) -> list[str]:
    """Where the links of a page lead, those in code left out."""
    return _LINK.findall(_CODE.sub("", without_blocks(read(page))))


def anchors(page: Path) -> set[str]:
    """What a link can name behind ``#``, as hosting sites and the built site make it."""
    headings = re.findall(r"^#+ (.+)$", without_blocks(read(page)), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).replace(" ", "-").lower() for heading in headings}
