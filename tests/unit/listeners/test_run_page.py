"""A run leaves its page beside its report."""

from __future__ import annotations

import logging
import stat
from typing import TYPE_CHECKING

from target_constant_contact.events.events import Events
from target_constant_contact.events.kinds import RowsRead, RunEnded
from target_constant_contact.listeners import run_page
from tests.support import reports

if TYPE_CHECKING:
    from pathlib import Path


def end_in(folder: Path, **members) -> None:
    """Have a run end that has this folder."""
    events = Events()
    run_page.listen(events, None, None)
    events.tell(RowsRead(5))
    document = reports.document(**members)
    key = "a-key"
    events.tell(
        RunEnded(reports.RUN, "load", key, str(folder), "completed", None, 1.0, 28, document)
    )


def test_the_page_is_written_for_its_owner_only_and_named(tmp_path: Path, caplog):
    caplog.set_level(logging.INFO)
    end_in(tmp_path)

    assert caplog.messages == [f"The run as a page: {tmp_path}/report.html"]
    (path,) = tmp_path.iterdir()
    assert path.name == "report.html"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    page = path.read_text(encoding="utf-8")
    assert "930 of 1,000 rows landed" in page
    assert str(tmp_path) in page


def test_that_it_cannot_be_written_is_a_warning(tmp_path: Path, caplog):
    end_in(tmp_path / "gone")

    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.getMessage() == (
        f"{tmp_path}/gone/report.html cannot be written (No such file or directory); report.json "
        "beside it says the same"
    )


def test_a_report_that_cannot_be_shown_is_a_warning(tmp_path: Path, caplog):
    end_in(tmp_path, totals=None)

    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert "run_page failed (AttributeError)" in record.getMessage()
