"""Settings of a run, read or refused."""

from __future__ import annotations

from typing import Any

import pytest

from target_constant_contact.exceptions import SettingsError
from target_constant_contact.settings.settings import Settings
from target_constant_contact.singer.target import TargetConstantContact

GOOD = {"access_token": "t0p-secret", "accept_data_transfer": True, "lists": "Newsletter"}


@pytest.fixture(scope="session")
def schema() -> dict[str, Any]:
    """JSON schema of all settings."""
    return TargetConstantContact.settings_schema()


@pytest.fixture
def parse(schema: dict[str, Any]) -> Any:
    """Read settings that are enough, with others: `parse(**settings)`."""
    return lambda **settings: Settings.parse(GOOD | settings, schema)


@pytest.fixture
def faults(schema: dict[str, Any]) -> Any:
    """What is wrong with these settings and no others: `faults(**settings)`."""

    def faults(**settings: Any) -> list[str]:
        with pytest.raises(SettingsError) as caught:
            Settings.parse(settings, schema)
        return list(caught.value.faults)

    return faults
