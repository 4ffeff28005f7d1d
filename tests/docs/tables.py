"""Tables of the pages, made of what `--about` and `--help` say.

As a program (`scripts/docs-tables`) it writes them into their pages, and the definitions of the
loader for Meltano. singer-sdk's built-in settings are described in the pages in other words,
because their own change with its version.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import click

from target_constant_contact.cli import COMMANDS, command
from target_constant_contact.results_tap.addresses import RejectedAddresses
from target_constant_contact.results_tap.streams import STREAMS
from target_constant_contact.results_tap.tap import TapConstantContactResults
from tests.docs import extractor, loader, pages
from tests.docs.told import about, built_in, first_paragraph

if TYPE_CHECKING:
    from collections.abc import Callable

EVERYWHERE = {"--config", "--data-dir"}
"""Options of every command, which the text below the table describes."""


def settings() -> str:
    """The target's own settings as a Markdown table."""
    return _settings(about())


def results_settings() -> str:
    """The same of the tap of results."""
    return _settings(about(TapConstantContactResults))


def results_streams() -> str:
    """The columns of its streams as a Markdown table."""
    lines = ["| stream | column | meaning |", "| --- | --- | --- |"]
    for stream in (*STREAMS, RejectedAddresses):
        keys = {*stream.primary_keys}
        for name, column in stream.schema["properties"].items():
            shown = f"**`{name}`**" if name in keys else f"`{name}`"
            lines.append(f"| `{stream.name}` | {shown} | {column['description']} |")
    return "".join(f"{line}\n" for line in lines)


def commands() -> str:
    """The commands beside the Singer command as a Markdown table."""
    lines = ["| command | what it does | options |", "| --- | --- | --- |"]
    group = command()
    for word in COMMANDS:
        found = group.get_command(click.Context(group), word)
        assert found
        name = found.name or ""
        lines.append(_command(name, found))
        if isinstance(found, click.Group):
            lines += [_command(f"{name} {sub}", found.commands[sub]) for sub in found.commands]
    return "".join(f"{line}\n" for line in lines)


PARTS: Final[dict[str, Callable[[], str]]] = {
    "settings": settings,
    "commands": commands,
    "results settings": results_settings,
    "results streams": results_streams,
}


def main() -> None:
    """Write the tables into their pages."""
    for name, made in PARTS.items():
        page = pages.page_of(name)
        start, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
        before, _, rest = pages.read(page).partition(start)
        text = f"{before}{start}{made()}{end}{rest.partition(end)[2]}"
        page.write_text(text, encoding="utf-8")
    loader.write()
    extractor.write()


def _command(name: str, found: click.Command) -> str:
    options = [
        f"`{parameter.opts[0]}`"
        for parameter in found.params
        if isinstance(parameter, click.Option) and parameter.opts[0] not in EVERYWHERE
    ]
    return f"| `{name}` | {first_paragraph(found)} | {', '.join(options)} |"


def _settings(found: dict[str, dict[str, Any]]) -> str:
    lines = ["| setting | meaning | default |", "| --- | --- | --- |"]
    for name, setting in found.items():
        if name not in built_in():
            meaning = " ".join(setting["description"].split())
            lines.append(f"| `{name}` | {meaning} | {_written(setting.get('default'))} |")
    return "".join(f"{line}\n" for line in lines)


def _written(default: object) -> str:
    if default is None:
        return ""
    return f"`{default if isinstance(default, str) else json.dumps(default)}`"


if __name__ == "__main__":
    main()
