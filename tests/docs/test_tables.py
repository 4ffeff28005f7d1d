"""The settings and commands in the pages and in meltano.yml are those that there are."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.docs import loader, pages, tables, told


@pytest.mark.parametrize("part", tables.PARTS)
def test_the_tables_are_what_about_and_help_say(part: str):
    """Otherwise run `scripts/docs-tables`."""
    assert pages.marked(part) == tables.PARTS[part]()


def test_every_built_in_setting_is_described():
    described = {pages.code(row[0])[0] for row in pages.rows(pages.marked("built-in settings"))}

    assert described == told.built_in()


def test_the_definition_of_the_plugin_is_what_about_and_help_say():
    """Otherwise run `scripts/docs-tables`."""
    assert pages.read(loader.PLUGIN) == loader.plugin()


def test_the_loader_of_meltano_yml_is_what_about_and_help_say():
    """Otherwise run `scripts/docs-tables`."""
    _, _, rest = pages.read(loader.PROJECT).partition(loader.START)

    assert rest.partition(loader.END)[0] == loader.of_project()


@pytest.fixture(params=[loader.PLUGIN, loader.PROJECT], ids=lambda path: path.name)
def declared(request: pytest.FixtureRequest) -> dict[str, Any]:
    """A loader as Meltano reads it from either file."""
    read = yaml.safe_load(pages.read(request.param))
    return dict(read["plugins"]["loaders"][0] if "plugins" in read else read)


def test_meltano_knows_kind_description_and_default_of_every_setting_and_of_no_other(
    declared: dict[str, Any],
):
    settings = {setting["name"]: setting for setting in declared["settings"]}

    assert settings.keys() == told.about().keys()
    assert all(each["kind"] and each["label"] and each["description"] for each in settings.values())
    for name, shape in told.about().items():
        assert settings[name].get("value") == shape.get("default")


def test_meltano_hides_the_secrets(declared: dict[str, Any]):
    hidden = {setting["name"] for setting in declared["settings"] if setting.get("sensitive")}

    assert hidden == {name for name, shape in told.about().items() if shape.get("secret")}
    assert "store_url" in hidden


def test_meltano_offers_the_choices_that_the_target_takes(declared: dict[str, Any]):
    offered = {
        setting["name"]: [option["value"] for option in setting["options"]]
        for setting in declared["settings"]
        if setting["kind"] == "options"
    }

    assert offered == {
        name: shape["enum"] for name, shape in told.about().items() if "enum" in shape
    }


def test_meltano_has_the_kinds_of_the_settings(declared: dict[str, Any]):
    """Not `decimal`: Meltano makes a `Decimal` of a text of it, and fails to write it as JSON.

    And a text is no `array` for it, which `lists` can be.
    """
    kinds = {setting["name"]: setting["kind"] for setting in declared["settings"]}

    assert kinds["segments"] == "array"
    assert kinds["field_mapping"] == "object"
    # As texts, the target names what is wrong with them; Meltano would send for a misspelt one.
    assert kinds["dry_run"] == kinds["batch_size_rows"] == kinds["lists"] == "string"
    assert set(kinds.values()) == {"array", "object", "string", "options"}


def test_meltano_knows_what_the_target_is_capable_of(declared: dict[str, Any]):
    """With `structured-logging`, levels and fields of log lines reach Meltano's log."""
    assert set(declared["capabilities"]) >= {"structured-logging", "validate-records", "batch"}
    assert sorted(declared["capabilities"]) == sorted(told.printed()["capabilities"])


def test_the_definition_of_the_plugin_installs_the_folder_beside_the_project():
    definition = yaml.safe_load(pages.read(loader.PLUGIN))

    assert definition["pip_url"] == "../target-constant-contact[sandbox]"
    assert {name for group in definition["settings_group_validation"] for name in group} <= (
        told.about().keys()
    )
