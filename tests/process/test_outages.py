"""A run that loses its database for a while, or its ways to it, ends as if nothing had happened.

More of them: `python -m tests.process.outages --rounds 20`.
"""

from __future__ import annotations

import pytest

from tests.process.bench import Bench, forking
from tests.process.kills import write_stream
from tests.process.outages import HOW, STATE_EVERY, outage
from tests.support.postgres import Postgres
from tests.support.stores import Store

ROWS = 6_000
SETTINGS = {"batch_size_rows": 300}


@pytest.fixture(scope="module")
def own_server():
    with Postgres() as server:
        yield server


@pytest.fixture(scope="module")
def forks(tmp_path_factory):
    with forking(tmp_path_factory.mktemp("forks")) as process:
        yield process


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, forks):
    folder = tmp_path_factory.mktemp("undisturbed")
    stream = folder / "stream.singer.jsonl"
    write_stream(stream, ROWS, 1, state_every=STATE_EVERY)
    bench = Bench(folder / "bench", stream, forks, SETTINGS, 0)
    code, seconds = bench.run()
    assert code == 0, bench.log()
    yield bench, stream, seconds
    bench.close()


@pytest.mark.parametrize("how", HOW)
def test_a_run_whose_database_goes_away_at_any_moment_is_done_when_it_is_run_again(
    tmp_path, forks, own_server, undisturbed, how
):
    """On another machine each time; half of them with a token that has to be renewed."""
    expected, stream, seconds = undisturbed
    seed = [*HOW].index(how) + len(HOW)
    store = Store(tmp_path, own_server.new_url())
    bench = Bench(
        tmp_path / "bench", stream, forks, SETTINGS, seed, renews=bool(seed % 2), store=store
    )
    found = outage(bench, expected, own_server, seconds, how, seed)
    bench.close()
    assert found.faults(ROWS) == [], f"{found}\n{found.log}"
