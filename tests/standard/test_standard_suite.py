"""singer-sdk's own suite for targets, against the sandbox.

The suite's streams are not about people, so stream maps give each record an e-mail address. No
test of the suite is left out. `TargetMultipleStateMessages`, which singer-sdk itself has switched
off, wants every STATE to be written as it comes; here STATE waits for the rows before it, which
tests/end_to_end and tests/process prove instead.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from singer_sdk.testing import SuiteConfig, get_target_test_class
from singer_sdk.testing.runners import TargetTestRunner

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
            config["field_mapping"] = {"email": "email"}
            config["max_rejected_percent"] = 0
            yield TargetTestRunner(TargetConstantContact, config=config)

    @pytest.fixture
    def resource(self) -> Any:
        return None
