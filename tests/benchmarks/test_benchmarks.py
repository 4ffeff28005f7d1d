"""The benchmark works; how fast anything is, is not a test."""

from __future__ import annotations

import pytest

from benchmarks import __main__ as benchmarks
from benchmarks import memory, shapes

# Each starts dozens of processes, one after the other, beside all other tests.
pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def benchmark(monkeypatch, capsys):
    """Call the program with some members, each start of a program measured once."""
    monkeypatch.setattr(shapes, "_STARTS", 1)

    def call(*arguments: str) -> str:
        words = ["benchmarks", "--rows", "300", "--repeat", "1", *arguments]
        monkeypatch.setattr("sys.argv", words)
        code = benchmarks.main()
        shown = capsys.readouterr()
        assert code == 0, shown.err
        return shown.out

    return call


def test_every_program_delivers_every_member(benchmark):
    shown = benchmark("--shape")
    titles = [line.split("|")[1].strip() for line in shown.splitlines() if " MiB |" in line]
    ours, theirs = "target-constant-contact", "stock singer-sdk target"
    assert titles.count(ours) == titles.count(theirs) == 4
    assert "decode, map, encode, send only" in titles
    assert "the same, `import_format: csv`" in titles
    assert "`target-constant-contact --version`" in shown


def test_at_the_limits_a_row_tells_of_both_targets(benchmark):
    """Of the stock target, what would take too long is computed."""
    shown = benchmark("--at-limits", "none", "far-10", "--stock-seconds", "5")
    none, far = (line.strip("| ").split(" | ") for line in shown.splitlines() if " MiB |" in line)
    assert none[:3] == ["300", "no time", "0.2 s"]
    assert none[10].endswith(" s")
    assert far[:2] == ["90", "5 s, 10 % again with other values, far away"]
    assert far[10].endswith(" s, computed")
    assert "were refused" not in shown
    assert shown.startswith("<!-- limits -->\n300 members, ")
    assert shown.rstrip().endswith("<!-- /limits -->")


def test_what_it_takes_to_remember_people_is_measured(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["memory", "--people", "2000"])
    memory.main()
    assert "| compare them with the segment |" in capsys.readouterr().out
