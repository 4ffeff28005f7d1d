"""The settings table of the README, made of what `--about` says.

As a program (`scripts/settings-table`) it writes the table into the README. singer-sdk's built-in
settings are described there in other words, because their own change with its version.
"""

from __future__ import annotations

import json
import re
from typing import Any

from click.testing import CliRunner

from target_constant_contact.settings import PROPERTIES
from target_constant_contact.target import TargetConstantContact
from tests.docs import readme

PART = "settings"
NOT_OFFERED = {"faker_config"}
"""Built-in settings that need a package which this one does not bring."""


def about() -> dict[str, dict[str, Any]]:
    """The settings as `--about --format=json` prints them, by name."""
    printed = CliRunner().invoke(TargetConstantContact.cli, ["--about", "--format=json"])
    settings: dict[str, dict[str, Any]] = json.loads(printed.stdout)["settings"]["properties"]
    return {name: settings[name] for name in settings if name not in NOT_OFFERED}


def built_in() -> set[str]:
    """Names of the settings that singer-sdk adds."""
    return about().keys() - PROPERTIES.to_dict()["properties"].keys()


def table() -> str:
    """The target's own settings as a Markdown table."""
    lines = ["| setting | meaning | default |", "| --- | --- | --- |"]
    for name, setting in about().items():
        if name not in built_in():
            meaning = " ".join(setting["description"].split())
            lines.append(f"| `{name}` | {meaning} | {_written(setting.get('default'))} |")
    return "".join(f"{line}\n" for line in lines)


def main() -> None:
    """Write the table into the README."""
    start, end = f"<!-- {PART} -->\n", f"<!-- /{PART} -->"
    part = re.compile(f"{re.escape(start)}.*?{re.escape(end)}", re.DOTALL)
    text = part.sub(lambda _: f"{start}{table()}{end}", readme.read())
    readme.PATH.write_text(text, encoding="utf-8")


def _written(default: object) -> str:
    if default is None:
        return ""
    return f"`{default if isinstance(default, str) else json.dumps(default)}`"


if __name__ == "__main__":
    main()
