"""The settings and commands in the pages and in meltano.yml are those that there are."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.docs import pages, tables


@pytest.mark.parametrize("part", tables.PARTS)
def test_the_tables_are_what_about_and_help_say(part: str):
    """Otherwise run `scripts/docs-tables`."""
    assert pages.marked(part) == tables.PARTS[part]()


def test_every_built_in_setting_is_described():
    described = {pages.code(row[0])[0] for row in pages.rows(pages.marked("built-in settings"))}

    assert described == tables.built_in()


def test_meltano_yml_declares_every_setting_and_no_other():
    declared = [setting["name"] for setting in _loader()["settings"]]

    assert sorted(declared) == sorted(tables.about())


def test_meltano_yml_hides_the_secrets():
    hidden = {setting["name"] for setting in _loader()["settings"] if setting.get("sensitive")}
    secrets = {name for name, setting in tables.about().items() if setting.get("secret")}

    assert hidden == secrets


def test_meltano_yml_offers_the_choices_that_the_target_takes():
    settings = tables.about()
    for setting in _loader()["settings"]:
        if setting.get("kind") == "options":
            offered = [option["value"] for option in setting["options"]]
            assert offered == settings[setting["name"]]["enum"]


def test_meltano_yml_has_no_kind_of_number_that_meltano_cannot_pass_on():
    """Meltano makes a `Decimal` of a text of kind `decimal`, and fails to write it as JSON."""
    assert "decimal" not in {setting.get("kind") for setting in _loader()["settings"]}


def _loader() -> dict[str, Any]:
    project = yaml.safe_load((pages.ROOT / "meltano.yml").read_text(encoding="utf-8"))
    (loader,) = project["plugins"]["loaders"]
    return dict(loader)
