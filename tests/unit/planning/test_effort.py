"""What sending would take, in numbers and in words."""

from __future__ import annotations

import pytest

from target_constant_contact.imports.pace import SENDS_PER_POLL
from target_constant_contact.planning.effort import effort_of
from target_constant_contact.segments.ways import POLLS


def effort(**values):
    given = {
        "imports": 100,
        "size": 250_000_000,
        "prepared": 3,
        "requests_today": 40,
        "requests_per_day": 10_000,
        "requests_per_second": 4,
        "import_seconds": None,
    }
    return effort_of(**given | values)


def test_each_import_is_a_request_and_so_are_the_questions_after_them():
    assert effort().requests == 3 + 100 + 100 // SENDS_PER_POLL + POLLS


def test_without_imports_nobody_asks_after_any():
    assert effort(imports=0).requests == 3


def test_the_time_is_that_of_the_requests_at_their_pace():
    assert effort().seconds == pytest.approx(120 * 1.04 / 4)
    assert effort(requests_per_second=8).seconds == pytest.approx(120 * 1.04 / 8)


def test_all_of_it_is_said():
    assert effort().in_words() == (
        "100 imports with 250.00 MB, about 120 requests (1.2 % of the day's 10,000, 40 are used "
        "today), about 1 minute beside the time that Constant Contact takes for an import"
    )


def test_the_size_of_little_is_no_zero():
    assert effort(imports=1, size=200).in_words().startswith("1 import with 200 bytes, about")


def test_how_long_an_import_took_is_added():
    assert (
        effort(import_seconds=300.0)
        .in_words()
        .endswith("about 6 minutes if an import takes 300 s as in the latest run")
    )


def test_little_is_no_minute_and_what_is_not_known_is_not_said():
    words = effort(imports=1, requests_today=None).in_words()
    assert "used today" not in words
    assert "less than a minute" in words
