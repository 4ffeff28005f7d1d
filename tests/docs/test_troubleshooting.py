"""The table of errors knows every error line, and no line that is not printed."""

from __future__ import annotations

import re
from functools import cache

from tests.docs import pages
from tests.docs.error_lines import ErrorLine, error_lines, error_modules

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
def _lines() -> list[ErrorLine]:
    """When a test asks: each process that collects the tests would read the whole source."""
    return sorted(error_lines())


@cache
def _pattern(row: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, _fragments(row))), re.DOTALL)


def test_every_error_line_is_in_the_table():
    assert [line for line in _lines() if not any(_explains(row, line) for row in ROWS)] == []


def test_every_line_of_the_table_is_printed():
    assert [row for row in ROWS if len("".join(_fragments(row))) <= 12] == []
    assert [row for row in ROWS if not any(_explains(row, line) for line in _lines())] == []


def test_every_row_says_what_to_do():
    assert all(cells[1] for cells in pages.rows(TABLES))


def test_every_module_with_errors_is_represented():
    assert {line.module for line in _lines()} >= error_modules()
