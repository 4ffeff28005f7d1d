"""docs/reference/faults.md says what really happens."""

from __future__ import annotations

from functools import cache

import pytest

from tests.end_to_end import faults
from tests.end_to_end.faults import ENDPOINTS, FAULTS, TIMES, Case, Endpoint

pytestmark = pytest.mark.no_cover
"""Coverage is measured by the other tests, and there are hundreds of runs here."""

CASES = [
    pytest.param(endpoint, name, times, id=f"{endpoint.title}-{name}-{times}")
    for endpoint in ENDPOINTS
    for name in FAULTS
    for times in TIMES
]


@cache
def undisturbed(endpoint: Endpoint) -> Case:
    return Case.of(endpoint)


@cache
def tables() -> dict[str, dict[tuple[str, str], str]]:
    return {times: faults.written(times) for times in TIMES}


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.title)
def test_without_a_fault_everything_is_done(endpoint):
    case = undisturbed(endpoint)
    assert (case.exit_code, case.state_out, case.all_accounted) == (0, True, True)


@pytest.mark.parametrize(("endpoint", "name", "times"), CASES)
def test_a_fault_does_what_the_table_says(endpoint, name, times):
    """Otherwise look whether it should, and run `scripts/fault-tables`."""
    case = Case.of(endpoint, faults.fault_of(endpoint, name, times))
    assert case.cell(undisturbed(endpoint)) == tables()[times][endpoint.title, name]


@pytest.mark.parametrize("times", TIMES)
def test_no_fault_lets_state_out_early_or_imports_rows_twice(times):
    """A row may come twice only where nobody can know whether it was taken."""
    for (request, name), cell in tables()[times].items():
        assert "STATE OUT" not in cell, (request, name)
        assert "Unexpected" not in cell, (request, name)
