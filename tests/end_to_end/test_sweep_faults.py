"""docs/reference/faults.md says what really becomes of a sweep."""

from __future__ import annotations

from functools import cache

import pytest

from tests.end_to_end import faults, sweep_faults
from tests.end_to_end.sweep_faults import KINDS, PART, STEPS

pytestmark = pytest.mark.no_cover


@cache
def written() -> dict[tuple[str, str], str]:
    return faults.written(PART)


@pytest.mark.parametrize("way", ["ids", "scratch"])
def test_without_a_fault_everybody_is_where_they_belong(way):
    case = sweep_faults.undisturbed(way)
    assert (case.exit_code, case.right, case.next_is_right) == (0, True, True)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.title)
def test_a_fault_does_what_the_table_says(step, kind):
    """Otherwise look whether it should, and run `scripts/fault-tables`."""
    assert sweep_faults.case_of(step, kind).cell(step) == written()[step.title, kind]
