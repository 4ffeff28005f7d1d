"""docs/reference/faults.md says what really happens to a run that has trouble with its store."""

from __future__ import annotations

from functools import cache

import pytest

from tests.end_to_end import faults
from tests.end_to_end.store_faults import ASKED, LOST, OTHERS, START, cell
from tests.support.postgres import Postgres

pytestmark = pytest.mark.no_cover
"""Coverage is measured by the other tests."""

KINDS = LOST | OTHERS
LOSSES = [(name, moment) for moment in (START, *ASKED) for name in LOST]
OTHER = [(name, moment) for name, kind in OTHERS.items() for moment in kind.moments]


@pytest.fixture(scope="module")
def own_server():
    with Postgres() as server:
        yield server


@cache
def tables() -> dict[tuple[str, str], str]:
    """Cells by fault and moment."""
    lost = {(name, moment): text for (moment, name), text in faults.written("store lost").items()}
    return lost | faults.written("store")


@pytest.mark.parametrize(("name", "moment"), [*LOSSES, *OTHER])
def test_a_fault_of_the_store_does_what_the_table_says(own_server, name, moment):
    """Otherwise look whether it should, and run `scripts/fault-tables`."""
    assert cell(own_server, KINDS[name], moment) == tables()[name, moment]


def test_no_fault_of_the_store_lets_state_out_early_and_the_next_run_does_what_is_left():
    assert tables().keys() >= {*LOSSES, *OTHER}
    for found, text in tables().items():
        assert "STATE OUT" not in text, found
        assert text.startswith("done") or "then done" in text or not text, found
        assert text[:7] in {"", "done", "exit 75", "exit 77", "exit 78"}, found
