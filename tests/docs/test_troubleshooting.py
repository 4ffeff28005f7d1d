"""The table of errors knows every error line, and no line that is not printed."""

from __future__ import annotations

import re
from functools import cache

import pytest

from tests.docs import pages
from tests.docs.error_lines import GAP, ErrorLine, error_lines, error_modules

LINES = sorted(error_lines())
TABLES = pages.read(pages.DOCS / "reference" / "error-lines.md")
ROWS = [pages.code(cells[0])[0] for cells in pages.rows(TABLES)]

_PLACEHOLDER = re.compile(r"<[^<>]*>|\.\.\.")


def _fragments(text: str) -> list[str]:
    """The fixed parts of a row."""
    return [part.strip(" :") for part in _PLACEHOLDER.split(text) if part.strip(" :")]


def _explains(row: str, line: ErrorLine) -> bool:
    """Whether the fixed parts of a row stand in a line, in their order."""
    return _pattern(row).search(line.text) is not None


@cache
def _pattern(row: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, _fragments(row))), re.DOTALL)


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.text.replace(GAP, "_")[:60])
def test_an_error_line_is_in_the_table(line: ErrorLine):
    assert [row for row in ROWS if _explains(row, line)], line


@pytest.mark.parametrize("row", ROWS)
def test_a_line_of_the_table_is_printed(row: str):
    assert len("".join(_fragments(row))) > 12
    assert [line for line in LINES if _explains(row, line)]


def test_every_row_says_what_to_do():
    assert all(cells[1] for cells in pages.rows(TABLES))


def test_every_module_with_errors_is_represented():
    assert {line.module for line in LINES} >= error_modules()
