"""singer-sdk's own suite for targets, against the sandbox.

The suite's streams are not about people, so stream maps give each record an e-mail address. One
test of the suite wants something else of a target: a record without its key has to end the run. A
contact's key is its e-mail address, nothing here needs those of the stream, and a run that ends
for them imports nobody. So its file has to come to its end.
`TargetMultipleStateMessages`, which singer-sdk itself has switched
off, wants every STATE to be written as it comes; here STATE waits for the rows before it, which
tests/end_to_end and tests/process prove instead.
"""

from __future__ import annotations

import io
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from singer_sdk.testing import SuiteConfig, get_target_test_class
from singer_sdk.testing.runners import TargetTestRunner
from singer_sdk.testing.target_tests import TargetRecordMissingKeyProperty

from target_constant_contact.sandbox import Sandbox
from target_constant_contact.singer.target import TargetConstantContact
from tests.conftest import AT_ONCE
from tests.support.target import settings_for

if TYPE_CHECKING:
    from collections.abc import Iterator

NUMBERED = {"email": "'member' + str(id) + '@example.com'"}
STREAM_MAPS = {
    # The last map that matches a stream counts.
    "test_*": NUMBERED,
    # Without an e-mail address, a schema without properties is none that can be used.
    "test_invalid_schema": {},
    "test_object_schema_*": {"email": "'object@example.com'"},
    "test_record_missing_key_property": {"email": "'nobody@example.com'"},
    "record_missing_fields": NUMBERED,
    "TestCamelcase": {"email": "'member' + Id + '@example.com'"},
    "ForecastingTypeToCategory": {"email": "Id + '@example.com'"},
    "test:SpecialChars!in?attributes": {"email": "_id + '@example.com'"},
}

StandardSuite = get_target_test_class(
    target_class=TargetConstantContact, suite_config=SuiteConfig()
)


class TestStandardSuite(StandardSuite):  # type: ignore[misc, valid-type]
    """Every file of the suite runs over real sockets."""

    @pytest.fixture
    def account(self) -> Iterator[Sandbox]:
        with Sandbox(behaviour=replace(AT_ONCE)) as sandbox:
            yield sandbox

    @pytest.fixture
    def runner(self, account: Sandbox) -> Iterator[TargetTestRunner]:
        with tempfile.TemporaryDirectory() as folder:
            config = settings_for(account, Path(folder) / "data", stream_maps=STREAM_MAPS)
            config["max_rejected_percent"] = 0
            yield TargetTestRunner(TargetConstantContact, config=config)

    def test_target_record_missing_key_property(
        self, runner: TargetTestRunner, account: Sandbox
    ) -> None:
        """A record without its key lands; the suite wants it to end the run."""
        text = TargetRecordMissingKeyProperty().singer_filepath.read_text(encoding="utf-8")
        runner.target_input = io.StringIO(text)
        runner.sync_all()
        assert "nobody@example.com" in account.members("Newsletter")

    @pytest.fixture
    def resource(self) -> Any:
        return None
