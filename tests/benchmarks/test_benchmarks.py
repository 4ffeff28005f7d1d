"""The benchmark works; how fast anything is, is not a test."""

from __future__ import annotations

import subprocess
import sys

from benchmarks.generate import write_messages


def test_every_program_delivers_every_member():
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--rows", "300", "--repeat", "1"],
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    titles = [line.split("|")[1].strip() for line in done.stdout.splitlines() if " MiB |" in line]
    ours, theirs = "target-constant-contact", "stock singer-sdk target"
    assert titles.count(ours) == titles.count(theirs) == 4
    assert "decode, map, encode, send only" in titles
    assert "`target-constant-contact --version`" in done.stdout


def test_the_same_seed_makes_the_same_members(tmp_path):
    texts = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        write_messages(tmp_path / name, "three", 50, seed)
        texts.append((tmp_path / name).read_bytes())
    assert texts[0] == texts[1] != texts[2]
    assert texts[0].count(b'"RECORD"') == 50
