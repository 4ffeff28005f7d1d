"""A run that is killed at any moment loses nothing, and nothing is imported twice for no reason."""

from __future__ import annotations

import pytest

from tests.process.bench import Bench, forking
from tests.process.kills import COMBINED, LISTS, series, write_stream
from tests.support.stores import Store

ROWS = 6_000
SETTINGS = {"batch_size_rows": 300}
IN_A_ROW = 5


@pytest.fixture(scope="module")
def forks(tmp_path_factory):
    with forking(tmp_path_factory.mktemp("forks")) as process:
        yield process


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, forks):
    """Make the account after a run that nobody has killed, and how long it takes."""
    made = {}

    def make(kind, settings=SETTINGS, rows=ROWS):
        if kind not in made:
            folder = tmp_path_factory.mktemp("undisturbed")
            stream = folder / "stream.singer.jsonl"
            write_stream(stream, rows, 1, **{kind: True} if kind else {})
            bench = Bench(folder / "bench", stream, forks, settings, 0)
            code, seconds = bench.run()
            assert code == 0, bench.log()
            made[kind] = (bench, stream, seconds)
        return made[kind]

    yield make
    for bench, _, _ in made.values():
        bench.close()


@pytest.fixture
def store(tmp_path, request):
    """By turns a file and a server; on a server each run is on a new machine, without a disk."""
    is_shared = request.node.callspec.params["seed"] % 2
    url = request.getfixturevalue("postgres").new_url() if is_shared else None
    return Store(tmp_path / "machines", url)


@pytest.mark.parametrize("seed", range(10))
def test_after_five_kills_and_one_more_run_the_account_is_as_if_nothing_had_happened(
    tmp_path, forks, undisturbed, store, seed
):
    """Fifty kills in all. Rows come twice only where the answer to their import was cut off."""
    expected, stream, seconds = undisturbed(None)
    bench = Bench(tmp_path / "bench", stream, forks, SETTINGS, seed, store=store)
    found = series(bench, expected, seconds, IN_A_ROW, seed)
    bench.close()
    assert found.exit_code == 0, bench.log()
    assert found.same
    assert found.state == ROWS
    assert found.twice <= found.allowed, found


@pytest.mark.parametrize("seed", range(2))
def test_people_who_come_again_with_another_value_end_with_the_later_one(
    tmp_path, forks, undisturbed, store, seed
):
    """Their batches are sent again, in order, because an older value could be on top."""
    expected, stream, seconds = undisturbed("changing")
    bench = Bench(tmp_path / "bench", stream, forks, SETTINGS, seed, store=store)
    found = series(bench, expected, seconds, IN_A_ROW, seed)
    bench.close()
    assert found.exit_code == 0, bench.log()
    assert found.same


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("import_format", ["json", "csv"])
def test_rows_that_are_packed_by_list_are_on_all_of_their_lists_in_the_end(
    tmp_path, forks, undisturbed, store, seed, import_format
):
    """What has landed on some lists is taken up there, and sent to the others."""
    expected, stream, seconds = undisturbed("combined", SETTINGS | COMBINED, 1_500)
    assert len(expected.imported()) < 5 * len(LISTS)
    settings = SETTINGS | COMBINED | {"import_format": import_format}
    bench = Bench(tmp_path / "bench", stream, forks, settings, seed, store=store)
    found = series(bench, expected, seconds, IN_A_ROW, seed)
    bench.close()
    assert found.exit_code == 0, bench.log()
    assert found.same
    assert found.state == 1_500
    assert found.twice <= found.allowed, found


MANY = {"batch_size_rows": 10, "max_activities_in_flight": 500}
SLOW_ANSWERS = (
    {"method": "POST", "path": "/activities/*", "action": "delay", "times": None, "seconds": 0.1},
)
"""So that several imports are on their way whenever a run is killed."""


@pytest.mark.long
@pytest.mark.parametrize("import_format", ["json", "csv"])
def test_hundreds_of_imports_may_be_in_flight_and_some_on_their_way_when_a_run_is_killed(
    tmp_path, forks, postgres, import_format
):
    rows, settings = 2_000, MANY | {"import_format": import_format}
    stream = tmp_path / "stream.singer.jsonl"
    write_stream(stream, rows, 1, changing=True)
    expected = Bench(tmp_path / "expected", stream, forks, MANY, 0)
    code, _ = expected.run()
    assert code == 0, expected.log()
    # Shorter than what a run has before it is killed: it first waits for those of the last one.
    waits = {"seconds_to_start": (0.0, 0.5), "seconds_to_finish": (1.0, 2.0)}
    store = Store(tmp_path / "machines", postgres.new_url() if import_format == "csv" else None)
    bench = Bench(
        tmp_path / "bench", stream, forks, settings, 1, SLOW_ANSWERS, waits=waits, store=store
    )
    found = series(bench, expected, 7, 3, 1)
    bench.close()
    expected.close()
    assert found.exit_code == 0, bench.log()
    assert found.same
    assert found.state == rows
    assert max(kill.sent for kill in found.kills) > 50, found
    assert max(kill.in_doubt for kill in found.kills) > 1, found
