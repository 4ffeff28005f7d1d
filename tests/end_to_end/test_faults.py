"""docs/reference/faults.md says what really happens."""

from __future__ import annotations

import time
from functools import cache

import pytest

from target_constant_contact.sandbox.control.faults import FaultBook
from tests.end_to_end import faults
from tests.end_to_end.faults import AT_ONCE, ENDPOINTS, FAULTS, SEVERAL, TIMES, Case

pytestmark = pytest.mark.no_cover
"""Coverage is measured by the other tests, and there are hundreds of runs here."""

CASES = [
    pytest.param(endpoint, name, times, id=f"{endpoint.title}-{name}-{times}")
    for endpoint in ENDPOINTS
    for name in FAULTS
    for times in TIMES
    if faults.may_meet(endpoint, name, times)
]


@cache
def tables() -> dict[str, dict[tuple[str, str], str]]:
    return {times: faults.written(times) for times in (*TIMES, "at once")}


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.title)
def test_without_a_fault_everything_is_done(endpoint):
    case = faults.undisturbed(endpoint)
    assert (case.exit_code, case.state_out, case.all_accounted) == (0, True, True)


@pytest.mark.parametrize(("endpoint", "name", "times"), CASES)
def test_a_fault_does_what_the_table_says(endpoint, name, times):
    """Otherwise look whether it should, and run `scripts/fault-tables`."""
    case = Case.of(endpoint, faults.fault_of(endpoint, name, times))
    assert case.cell(faults.undisturbed(endpoint)) == tables()[times][endpoint.title, name]


@pytest.mark.parametrize("name", AT_ONCE)
@pytest.mark.parametrize("kind", SEVERAL)
def test_faults_that_come_at_once_do_what_the_table_says(kind, name):
    expected = faults.written("at once")[name, kind]
    assert faults.cell_at_once(SEVERAL[kind], name) == expected


@pytest.mark.parametrize("kind", SEVERAL)
def test_several_imports_are_on_their_way_at_once(kind, monkeypatch):
    """Otherwise the table of these would be one of faults that come one by one."""
    under_way, most = set(), 0
    real = FaultBook.meet

    def meet(book, method, path):
        nonlocal most
        trouble = real(book, method, path)
        if method == "POST" and path.endswith("_import"):
            now = time.monotonic()
            under_way.add(now + trouble.seconds)
            most = max(most, sum(end > now for end in under_way))
        return trouble

    monkeypatch.setattr(FaultBook, "meet", meet)
    Case.of(SEVERAL[kind], faults.faults_at_once(SEVERAL[kind], "two answers cut after")[0])
    assert most > 1


@pytest.mark.parametrize("times", [*TIMES, "at once"])
def test_no_fault_lets_state_out_early_or_imports_rows_twice(times):
    """A row may come twice only where nobody can know whether it was taken."""
    for (request, name), cell in tables()[times].items():
        assert "STATE OUT" not in cell, (request, name)
        assert "Unexpected" not in cell, (request, name)
