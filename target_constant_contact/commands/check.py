"""The command `check`: whether a run would work, and what to do if not."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from target_constant_contact.commands.common import configured, json_option, print_json, say
from target_constant_contact.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from target_constant_contact.checks.results import Check

_FILE = click.Path(path_type=Path)


@click.command("check")
@configured
@click.option(
    "--schema",
    "schemas",
    type=_FILE,
    metavar="FILE",
    help="Try the mapping on schemas: Singer messages, a Singer catalog, or one JSON schema.",
)
@click.option(
    "--input",
    "messages",
    type=_FILE,
    metavar="FILE",
    help="Try the mapping on a tap's output, and count what would be sent and rejected.",
)
@json_option
def check(
    config: dict[str, Any], schemas: Path | None, messages: Path | None, *, as_json: bool
) -> None:
    """Look at everything that a run needs, and send nothing."""
    # Not before: to say what there is, nothing is needed that a run needs.
    module = import_module("target_constant_contact.checks.checkup")
    found: Iterable[Check] = module.Checkup(config, module.Samples(schemas, messages))
    # For programs all at once; a person sees each line as soon as it is known.
    checks = list(found) if as_json else list(_shown(found))
    failed = [item for item in checks if item.status == "failed"]
    if as_json:
        print_json({"ok": not failed, "checks": [_as_json(item) for item in checks]})
    else:
        say(_verdict(checks))
        if messages:
            command = f"target-constant-contact preview --input {messages}"
            say(f"The first rows beside their contacts: {command}")
    # Of the first failure: those after it may be its consequences.
    click.get_current_context().exit(failed[0].exit_code if failed else 0)


def _shown(checks: Iterable[Check]) -> Iterable[Check]:
    """Print each line; requests take their time."""
    for item in checks:
        status = item.status.upper() if item.status == "failed" else item.status
        say(f"{status:<8} {item.name:<14} {item.detail}")
        yield item


def _as_json(item: Check) -> dict[str, str]:
    return {"name": item.name, "status": item.status, "detail": item.detail}


def _verdict(checks: Sequence[Check]) -> str:
    failed = [item.name for item in checks if item.status == "failed"]
    if not failed:
        return "All is well."
    names, all_names = dict.fromkeys(failed), {item.name for item in checks}
    return (
        f"{counted(len(failed), 'fault')} in {len(names)} of {len(all_names)} checks: "
        f"{', '.join(names)}."
    )
