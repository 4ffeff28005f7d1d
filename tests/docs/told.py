"""What the project and its command line say of themselves."""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING, Any, Final

from click.testing import CliRunner

from target_constant_contact.settings.schema import PROPERTIES
from target_constant_contact.singer.target import TargetConstantContact
from tests.docs import pages

if TYPE_CHECKING:
    import click
    from singer_sdk.plugin_base import PluginBase

NOT_OFFERED: Final = {"faker_config"}
"""Built-in settings that need a package which this one does not bring."""


def printed(plugin: type[PluginBase] = TargetConstantContact) -> dict[str, Any]:
    """What `--about --format=json` prints."""
    done = CliRunner().invoke(plugin.cli, ["--about", "--format=json"])
    return dict(json.loads(done.stdout))


def about(plugin: type[PluginBase] = TargetConstantContact) -> dict[str, dict[str, Any]]:
    """The settings of it, by name."""
    settings: dict[str, dict[str, Any]] = printed(plugin)["settings"]["properties"]
    return {name: settings[name] for name in settings if name not in NOT_OFFERED}


def built_in() -> set[str]:
    """Names of the settings that singer-sdk adds."""
    return about().keys() - PROPERTIES.to_dict()["properties"].keys()


def project() -> dict[str, Any]:
    """The project as `pyproject.toml` has it."""
    text = pages.read(pages.ROOT / "pyproject.toml")
    return dict(tomllib.loads(text)["project"])


def first_paragraph(found: click.Command) -> str:
    """What the help of a command begins with, on one line."""
    return " ".join((found.help or "").partition("\n\n")[0].split())
