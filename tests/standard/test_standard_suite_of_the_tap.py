"""singer-sdk's own suite for taps, on a store that has something for each stream."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from singer_sdk.testing import SuiteConfig, get_tap_test_class
from singer_sdk.testing.runners import TapTestRunner

from target_constant_contact.results_tap.tap import TapConstantContactResults
from tests.support.results import keep_rejects, keep_report
from tests.support.target import record, schema

if TYPE_CHECKING:
    from collections.abc import Iterator

RUNS = ("20261128T030000Z-000001", "20261129T030000Z-000002")
# The suite asks for the streams when the tests are collected; nothing is made before they run.
DATA = Path(tempfile.gettempdir()) / "runs-of-the-suite"
CONFIG: dict[str, Any] = {"data_dir": str(DATA), "include_addresses": True}

StandardSuite = get_tap_test_class(
    tap_class=TapConstantContactResults, config=CONFIG, suite_config=SuiteConfig()
)


class TestStandardSuite(StandardSuite):  # type: ignore[misc, valid-type]
    """Every test of the suite."""

    @pytest.fixture(scope="class")
    @classmethod
    def runner(cls) -> Iterator[TapTestRunner]:
        with tempfile.TemporaryDirectory() as folder:
            data = Path(folder) / "data"
            for run in RUNS:
                keep_report(data, run)
                said = {"_reject_reason": "no e-mail address", "_reject_evidence": "look-up"}
                row = record(EmailAddress="ada", _reject_field="EmailAddress", **said)
                keep_rejects(data, run, schema(), row)
            runner = TapTestRunner(
                TapConstantContactResults, config=CONFIG | {"data_dir": str(data)}
            )
            runner.sync_all()
            yield runner
