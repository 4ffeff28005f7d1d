"""The target as Meltano knows it: its definition, made of what `--about` and `--help` say.

`plugin.yml` holds it for `meltano add --from-ref`, and the loader of `meltano.yml` the same
settings and commands. `scripts/docs-tables` writes both anew.
"""

from __future__ import annotations

import re
from typing import Any, Final

import click
import yaml

from target_constant_contact.cli import COMMANDS, command
from tests.docs import pages, told

PLUGIN: Final = pages.ROOT / "plugin.yml"
PROJECT: Final = pages.ROOT / "meltano.yml"
START: Final = "      # Generated, as plugin.yml is: scripts/docs-tables writes it anew.\n"
END: Final = "      # End of what is generated.\n"

_HEAD: Final = """\
# Definition of the loader for Meltano, which takes it over into your project:
#     meltano add --from-ref ../target-constant-contact/plugin.yml target-constant-contact
# Generated: scripts/docs-tables writes it anew.
"""
_KINDS: Final = ("object", "array")
"""JSON types that Meltano has to know of.

Of what else people write, it takes an unknown word for false, so that a misspelt `dry_run` would
send, and stops at what is no number with a traceback that names no setting. So these come as texts,
which the target reads, or names.
"""
_SEVERAL_KINDS: Final = " Also as the JSON text of an array, because Meltano knows one kind only."


def definition() -> dict[str, Any]:
    """The whole definition, as `meltano add --from-ref` takes it."""
    project = told.project()
    return {
        "name": project["name"],
        "namespace": project["name"].replace("-", "_"),
        "label": "Constant Contact",
        "description": project["description"],
        "docs": project["urls"]["Documentation"],
        "repo": project["urls"]["Repository"],
        # The folder that was cloned, beside that of the project.
        "pip_url": f"../{project['name']}[sandbox]",
        "executable": project["name"],
        **declared(),
        "settings_group_validation": [
            ["sandbox"],
            ["connection", "accept_data_transfer"],
            ["client_id", "refresh_token", "accept_data_transfer"],
            ["access_token", "accept_data_transfer"],
        ],
    }


def declared() -> dict[str, Any]:
    """What Meltano has to know of the target wherever it is declared."""
    return {
        "capabilities": sorted(told.printed()["capabilities"]),
        "commands": {word: {"args": word, "description": _help_of(word)} for word in COMMANDS},
        "settings": [setting(name, shape) for name, shape in told.about().items()],
    }


def plugin() -> str:
    """The text of `plugin.yml`."""
    return _HEAD + written(definition())


def of_project() -> str:
    """The generated part of the loader in `meltano.yml`."""
    return indented(declared())


def write() -> None:
    """Write both files anew."""
    PLUGIN.write_text(plugin(), encoding="utf-8")
    write_part(START, of_project())


def write_part(start: str, text: str) -> None:
    """Write a generated part of `meltano.yml` anew."""
    before, _, rest = pages.read(PROJECT).partition(start)
    after = rest.partition(END)[2]
    PROJECT.write_text(f"{before}{start}{text}{END}{after}", encoding="utf-8")


def setting(name: str, shape: dict[str, Any]) -> dict[str, Any]:
    """A setting as Meltano describes it."""
    types = [kind for kind in shape["type"] if kind != "null"]
    label, meaning = _words_of(name, shape)
    made: dict[str, Any] = {
        "name": name,
        "label": label,
        "kind": types[0] if types[0] in _KINDS else "string",
        "description": meaning + (_SEVERAL_KINDS if "array" in types[1:] else ""),
    }
    if "enum" in shape:
        made["kind"] = "options"
        made["options"] = [{"label": value, "value": value} for value in shape["enum"]]
    if shape.get("secret"):
        made["sensitive"] = True
    if "default" in shape:
        made["value"] = shape["default"]
    return made


def _words_of(name: str, shape: dict[str, Any]) -> tuple[str, str]:
    """The label and the description; those of singer-sdk's change with its version."""
    if name not in told.built_in():
        return shape["title"], " ".join(shape["description"].split())
    rows = pages.rows(pages.marked("built-in settings"))
    meanings = {pages.code(row[0])[0]: row[1] for row in rows}
    return name.replace("_", " ").capitalize(), f"{meanings[name]}."


def _help_of(word: str) -> str:
    found = command().get_command(click.Context(command()), word)
    assert found
    return told.first_paragraph(found)


def written(value: Any) -> str:
    """A value as YAML."""
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=100)


def indented(value: Any) -> str:
    """A value as YAML below a plugin of `meltano.yml`."""
    return re.sub("^(?=.)", " " * 6, written(value), flags=re.MULTILINE)
