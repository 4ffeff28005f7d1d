"""What the commands share: where settings come from, and how answers are shown."""

from __future__ import annotations

import functools
import json
import logging
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from singer_sdk.configuration._dict_config import parse_environment_config

from target_constant_contact.account.account import Account
from target_constant_contact.data_folder import DataFolder
from target_constant_contact.exceptions import SettingsError
from target_constant_contact.redaction import escaped, json_text, redacted, without_secrets
from target_constant_contact.settings.settings import Settings
from target_constant_contact.singer.target import TargetConstantContact
from target_constant_contact.verification.kept import forget_rows_of_dead_runs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

ENV_PREFIX = "TARGET_CONSTANT_CONTACT_"
_FROM_ENVIRONMENT = "ENV"
# It names every variable that it finds, which is of no use beside a table.
logging.getLogger("singer_sdk.configuration._dict_config").setLevel(logging.ERROR)


def configured(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options `--config` and `--data-dir`, and as first argument the settings.

    The settings come from the environment, then from the files, then from the options: what
    comes later wins. They are not checked yet. Rows that killed runs have kept in the data folder
    are deleted.
    """

    @click.option(
        "--config",
        "config_files",
        multiple=True,
        metavar="FILE",
        help="File with settings; variables of the environment are read too.",
    )
    @click.option("--data-dir", help="Folder of connections, runs and request counts.")
    @functools.wraps(command)
    def wrapped(config_files: Sequence[str], data_dir: str | None, **options: Any) -> Any:
        config = read_config(config_files) | ({"data_dir": data_dir} if data_dir else {})
        # What is wrong with the setting is for the command to say.
        with suppress(SettingsError):
            forget_rows_of_dead_runs(DataFolder.of_setting(config.get("data_dir")))
        return command(config, **options)

    return wrapped


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")


def read_config(files: Iterable[str] = ()) -> dict[str, Any]:
    """Settings from the environment and from files, unchecked.

    Raises:
        SettingsError: A variable or a file cannot be read.
    """
    try:
        config = parse_environment_config(TargetConstantContact.settings_schema(), ENV_PREFIX)
    except ValueError:
        # Its text quotes the value, which may be a secret.
        raise SettingsError(
            [f"a variable {ENV_PREFIX}... of the environment is not what its setting takes"]
        ) from None
    for file in files:
        if file != _FROM_ENVIRONMENT:
            config |= _read(Path(file))
    return config


def parse_settings(config: Mapping[str, Any], *, for_export: bool = False) -> Settings:
    """Check the settings; without ``for_export``, no list and no agreement is needed.

    Raises:
        SettingsError: With one line for each fault.
    """
    return Settings.parse(config, TargetConstantContact.settings_schema(), for_export=for_export)


@contextmanager
def open_account(settings: Settings) -> Iterator[Account]:
    """The account of the settings, closed at the end.

    Raises:
        SettingsError: The sandbox is asked for and not installed.
    """
    account = Account(settings)
    try:
        yield account
    finally:
        account.close()


def say(*lines: str, err: bool = False) -> None:
    """Print lines for people, each on one line whatever is in it; nothing else prints.

    Args:
        lines: The lines; they are redacted.
        err: Print to stderr: what came of a command is on stdout, a conversation is not.
    """
    for line in lines:
        click.echo(redacted(line), err=err)


def say_address(url: str) -> None:
    """Print an address that a person has to open, whole."""
    click.echo(f"  {escaped(without_secrets(url))}", err=True)


def print_json(value: Any) -> None:
    """Print a value for programs."""
    click.echo(json_text(value))


def print_table(headers: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table for people; whole numbers are set to the right."""
    body = [[_cell(value) for value in row] for row in rows]
    numbers = [_is_number_column(body, index) for index in range(len(headers))]
    widths = [
        max(len(line[index]) for line in [list(headers), *body]) for index in range(len(headers))
    ]
    for line in [list(headers), ["-" * width for width in widths], *body]:
        cells = (
            cell.rjust(width) if number else cell.ljust(width)
            for cell, width, number in zip(line, widths, numbers, strict=True)
        )
        say("  ".join(cells).rstrip())


def _cell(value: object) -> str:
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) else redacted(str(value).strip())


def _is_number_column(body: list[list[str]], index: int) -> bool:
    cells = [row[index] for row in body if row[index]]
    return bool(cells) and all(cell.replace(",", "").isdigit() for cell in cells)


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        # The text of a JSON error may quote the file, which holds secrets.
        reason = getattr(error, "strerror", None) or "it is not JSON"
        fault = f"config: a settings file cannot be read ({reason})"
        raise SettingsError([fault]) from None
    if not isinstance(found, dict):
        raise SettingsError(["config: a settings file holds no JSON object"])
    return found
