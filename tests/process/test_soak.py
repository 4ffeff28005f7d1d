"""A run through trouble of every kind ends with the right account."""

from __future__ import annotations

import pytest

from tests.process.soak import Soaked, soak
from tests.support.stores import Store

BATCH = 400


@pytest.mark.long
@pytest.mark.parametrize("import_format", ["json", "csv"])
def test_a_run_through_faults_of_every_kind_ends_as_if_there_were_none(
    tmp_path, postgres, import_format
):
    """One with each store; the large one is `python -m tests.process.soak`."""
    store = Store(tmp_path / "machines", postgres.new_url() if import_format == "json" else None)
    found = soak(tmp_path, 8_000, BATCH, 30, 1, store, import_format=import_format)
    assert found.exit_code == 0, found.log
    assert found.same
    assert found.state == 8_000
    losses = found.log.count(Soaked.LOSS)
    assert losses
    # A file is recognized by its name when its answer is lost; JSON is sent again to be safe.
    assert 0 <= found.twice <= (losses * BATCH if import_format == "json" else 0)
