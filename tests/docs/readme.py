"""Reading the README: sections, marked parts, code blocks and tables."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PATH = ROOT / "README.md"

_FENCE = re.compile(
    r"^(?P<indent> *)```(?P<language>\w+)\n(?P<body>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL
)
_CODE = re.compile(r"`([^`]+)`")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced code block."""

    language: str
    body: str


def read() -> str:
    """The whole README."""
    return PATH.read_text(encoding="utf-8")


def blocks(language: str, text: str | None = None) -> list[Block]:
    """The code blocks in a language, without the indentation of a list around them."""
    found = _FENCE.finditer(text or read())
    return [
        Block(
            match["language"], re.sub(f"^{match['indent']}", "", match["body"], flags=re.MULTILINE)
        )
        for match in found
        if match["language"] == language
    ]


def section(title: str) -> str:
    """What stands between a heading and the next one of the same or a higher level."""
    match = re.search(
        rf"^(?P<level>##+) {re.escape(title)}\n(?P<body>.*?)(?=^##(?!#)|\Z)",
        read(),
        re.MULTILINE | re.DOTALL,
    )
    assert match, f"the README has no section {title!r}"
    return re.split(rf"^{match['level']} ", match["body"], maxsplit=1, flags=re.MULTILINE)[0]


def marked(name: str) -> str:
    """What stands between ``<!-- name -->`` and ``<!-- /name -->``."""
    _, found, rest = read().partition(f"<!-- {name} -->\n")
    assert found, f"the README has no part {name!r}"
    return rest.partition(f"<!-- /{name} -->")[0]


def rows(text: str) -> list[list[str]]:
    """The cells of every table row in a text, without the heads of the tables."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    rules = {number for number, line in enumerate(lines) if set(line) <= set("|- ")}
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for number, line in enumerate(lines)
        if number not in rules and number + 1 not in rules
    ]


def code(text: str) -> list[str]:
    """The code spans in a text, its code blocks left out."""
    return _CODE.findall(_FENCE.sub("", text))
