"""Loads and sweeps that are killed at any moment end in the right account, and leave nothing."""

from __future__ import annotations

import pytest

from tests.process.bench import Bench, forking
from tests.process.sweep_kills import SETTINGS, SMALL_PAGES, series, undisturbed, write_night
from tests.support.stores import Store

WAYS = {"pages of the list": "", "scratch list": SMALL_PAGES}


@pytest.fixture(scope="module")
def nights(tmp_path_factory):
    folder = tmp_path_factory.mktemp("nights")
    paths = folder / "first", folder / "second"
    for night, path in enumerate(paths):
        write_night(path, night)
    return paths


@pytest.mark.parametrize("way", WAYS)
def test_after_five_kills_of_load_and_sweep_the_account_is_as_if_nothing_had_happened(
    tmp_path, nights, postgres, way
):
    """A store in a file; then one on a server, with another machine for each run."""
    with forking(tmp_path, WAYS[way]) as forks:
        expected = undisturbed(tmp_path / "expected", forks, nights)
        for seed, url in enumerate((None, postgres.new_url())):
            folder = tmp_path / str(seed)
            store = Store(tmp_path / f"machines-{seed}", url)
            bench = Bench(folder, nights[0], forks, SETTINGS, seed, store=store)
            found = series(bench, expected, nights, seed)
            bench.close()
            assert found.codes == (0, 0), bench.log()
            assert found.same
            assert found.left == 0
        expected[0].close()
