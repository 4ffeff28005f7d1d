"""Errors on this machine: one line, the right exit code, nothing lost and nothing shown."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from target_constant_contact import cli
from target_constant_contact.account.account import load_sandbox
from target_constant_contact.batches.packer import Packer
from target_constant_contact.exceptions import SettingsError
from target_constant_contact.imports import poller
from target_constant_contact.ledger.settlement import Settlement
from tests.support.target import member, record, schema, state


def test_a_data_folder_that_cannot_be_made_is_a_fault_of_the_settings(export, tmp_path):
    (tmp_path / "file").write_text("")
    outcome = export(schema(), member(1), data_dir=str(tmp_path / "file" / "data"))
    assert outcome.exit_code == 78
    assert f"data_dir: {tmp_path}/file/data cannot be used (Not a directory); make" in outcome.log


def test_an_error_that_nobody_foresaw_shows_its_type_and_place_only(export, monkeypatch):
    def add(*_arguments):
        raise ValueError("ann@example.com is odd")

    monkeypatch.setattr(Packer, "add", add)
    outcome = export(schema(), member(1), state("end"))
    assert outcome.exit_code == 1
    assert outcome.states == []
    assert "Unexpected ValueError in add" in outcome.log
    assert "ann@" not in outcome.log
    assert outcome.report["error"] == "ValueError"


def test_sums_that_do_not_add_up_fail_the_run_and_say_by_how_much(export, monkeypatch):
    monkeypatch.setattr(poller, "read_counters", lambda rows, _counters: Settlement(rows - 2))
    outcome = export(schema(), *map(member, range(5)), member(6))
    assert outcome.exit_code == 65
    assert "2 rows are neither landed nor rejected" in outcome.log
    assert outcome.report["status"] == "failed"


def test_without_its_extra_the_sandbox_says_what_to_install(export, monkeypatch):
    monkeypatch.setitem(sys.modules, "target_constant_contact.sandbox", None)
    outcome = export(schema(), member(1), sandbox=True)
    assert outcome.exit_code == 78
    assert "install target-constant-contact[sandbox]" in outcome.log
    with pytest.raises(SettingsError, match=r"target-constant-contact\[sandbox\]"):
        load_sandbox()


def test_the_embedded_sandbox_is_reached_and_closed(export, sandbox):
    outcome = export(schema(), member(1), state("end"), sandbox=True, access_token=None)
    assert outcome.exit_code == 0
    assert outcome.states == ["end"]
    assert (outcome.data_dir / "sandbox.sqlite").exists()
    assert sandbox.requests == []


def test_the_exit_waits_a_moment_for_a_tap_that_still_writes():
    """A tap whose target is gone fails as well, and hides the fault that matters."""
    read_end, write_end = os.pipe()
    os.write(write_end, b"x" * 1_000)
    with os.fdopen(read_end) as source:
        os.close(write_end)
        cli._drain(source, seconds=5)
        assert source.read() == ""


def test_the_exit_does_not_wait_for_a_tap_that_never_ends():
    read_end, write_end = os.pipe()
    with os.fdopen(read_end) as source, os.fdopen(write_end, "w"):
        cli._drain(source, seconds=0.05)


def test_a_rejected_row_that_cannot_be_written_ends_the_run(export, monkeypatch):
    real = os.open

    def full(path, *arguments, **options):
        if Path(str(path)).name == "rejects.singer.jsonl":
            raise OSError(28, "No space left on device", str(path))
        return real(path, *arguments, **options)

    monkeypatch.setattr("target_constant_contact.files.os.open", full)
    outcome = export(schema(), record(EmailAddress="bad"), state("end"))
    assert outcome.exit_code == 78
    assert outcome.states == []
    assert "rejects.singer.jsonl cannot be used (No space left on device); make" in outcome.log


class ClosedPipe:
    """The stdout of a process whose reader has gone."""

    def write(self, _text: str) -> int:
        raise BrokenPipeError(32, "Broken pipe")


def test_a_closed_stdout_ends_the_run(export, monkeypatch):
    """Meltano is gone: nobody would keep the STATE."""
    monkeypatch.setattr(
        "target_constant_contact.singer.state.sys", SimpleNamespace(stdout=ClosedPipe())
    )
    outcome = export(schema(), member(1), state("end"))
    assert outcome.exit_code == 1
    assert "stdout: Broken pipe" in outcome.log


def test_rejected_rows_are_on_the_disk_before_the_state_that_covers_them(export, monkeypatch):
    """Otherwise a crash right after STATE would lose them for good."""
    found = []

    class Stdout:
        def write(self, _text: str) -> int:
            found.extend(len(path.read_text().splitlines()) for path in rejects())
            return 0

        def flush(self) -> None:
            """Nothing is kept back."""

    def rejects() -> list[Path]:
        return list(data_dir.rglob("rejects.singer.jsonl"))

    data_dir = export().data_dir
    monkeypatch.setattr(
        "target_constant_contact.singer.state.sys", SimpleNamespace(stdout=Stdout())
    )
    export(schema(), record(EmailAddress="bad"), state("end"))
    assert found == [2]
