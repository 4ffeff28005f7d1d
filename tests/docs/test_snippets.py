"""Whatever the README shows as YAML or JSON can be used as it stands."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from target_constant_contact.settings.settings import Settings
from target_constant_contact.singer.target import TargetConstantContact
from tests.docs import readme

if TYPE_CHECKING:
    from collections.abc import Iterator

WHAT_A_SNIPPET_LEAVES_OUT = {
    "access_token": "token",
    "accept_data_transfer": True,
    "lists": "Newsletter",
}


def _documents() -> Iterator[tuple[str, Any]]:
    for language, parse in (("yaml", yaml.safe_load), ("json", json.loads)):
        for number, block in enumerate(readme.blocks(language)):
            yield f"{language} {number}", parse(block.body)


def _configurations() -> Iterator[tuple[str, dict[str, Any]]]:
    """Each loader's configuration: of a Meltano project, of one environment, or on its own."""
    for name, document in _documents():
        if document.keys() & {"plugins", "environments"}:
            parts = [document, *(part["config"] for part in document.get("environments", ()))]
            for part in parts:
                for loader in part.get("plugins", {}).get("loaders", ()):
                    yield name, loader["config"]
        elif document.get("type") != "RECORD":
            yield name, document


CONFIGURATIONS = list(_configurations())


@pytest.mark.parametrize(
    "config", [config for _, config in CONFIGURATIONS], ids=[name for name, _ in CONFIGURATIONS]
)
def test_a_configuration_in_the_readme_is_accepted(config: dict[str, Any]):
    """Nothing is wrong with it once credentials, consent and a list are filled in."""
    schema = TargetConstantContact.settings_schema()

    assert config.keys() <= schema["properties"].keys()
    Settings.parse(WHAT_A_SNIPPET_LEAVES_OUT | config, schema)


def test_the_readme_has_the_configurations_that_it_speaks_of():
    """Guards the tests above against a README, or a reader of it, that shows nothing."""
    shown = {name for _, config in CONFIGURATIONS for name in config}

    assert shown >= {"field_mapping", "segments", "lists", "lists_field", "create_lists"}
    assert len(CONFIGURATIONS) > 15


def test_the_loader_in_the_readme_declares_no_unknown_setting():
    (loader,) = (
        loader
        for _, document in _documents()
        if "plugins" in document
        for loader in document["plugins"]["loaders"]
    )

    known = TargetConstantContact.settings_schema()["properties"]
    assert {setting["name"] for setting in loader["settings"]} <= known.keys()
