"""What the commands share: where settings come from, and how answers are shown."""

from __future__ import annotations

import functools
import os
import sys
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from target_constant_contact.account.account import Account
from target_constant_contact.events.events import Events
from target_constant_contact.exceptions import InputError, SettingsError
from target_constant_contact.files import naming, open_private
from target_constant_contact.progress.reporter import Reporter
from target_constant_contact.redaction import escaped, json_text, redacted, without_secrets
from target_constant_contact.settings.settings import Settings
from target_constant_contact.settings.sources import Given, read_settings
from target_constant_contact.singer.target import TargetConstantContact
from target_constant_contact.store.place import StorePlace
from target_constant_contact.verification.kept import forget_rows_of_dead_runs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from target_constant_contact.store.database import Database


def configured(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options `--config` and `--data-dir`, and as first argument the settings.

    They come from the same places as those of a run, and then from the options: what comes later
    wins. They are not checked yet. Rows that killed runs have kept in the data folder are deleted.
    """

    @click.option(
        "--config",
        "config_files",
        multiple=True,
        metavar="FILE",
        help="File with settings; variables of the environment are read too.",
    )
    @click.option("--data-dir", help="Folder of the store and of the files of runs.")
    @functools.wraps(command)
    def wrapped(config_files: Sequence[str], data_dir: str | None, **options: Any) -> Any:
        # People also write it before the command.
        before = click.get_current_context().find_root().params.get("config") or ()
        config = read_config([*before, *config_files])
        if data_dir:
            config["data_dir"] = data_dir
        # What is wrong with the setting is for the command to say.
        with suppress(SettingsError):
            forget_rows_of_dead_runs(StorePlace.of_settings(config))
        return command(config, **options)

    return wrapped


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")


def input_option(text: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The option `--input` of a command that cannot do without, as the argument ``messages``.

    Args:
        text: Its help.
    """
    return click.option(
        "--input",
        "messages",
        type=click.Path(path_type=Path, allow_dash=True),
        required=True,
        metavar="FILE",
        help=text,
    )


def read_config(files: Iterable[str] = ()) -> Given:
    """Settings from the environment and from files, unchecked, as a run reads them.

    Raises:
        SettingsError: A file cannot be used.
    """
    return read_settings(files, TargetConstantContact.settings_schema())


def parse_settings(config: Mapping[str, Any], *, for_export: bool = False) -> Settings:
    """Check the settings; without ``for_export``, no list and no agreement is needed.

    Raises:
        SettingsError: With one line for each fault.
    """
    return Settings.parse(config, TargetConstantContact.settings_schema(), for_export=for_export)


def listen_all(events: Events, settings: Settings, database: Database) -> None:
    """Have those listen who show what goes on; the help of a command need not load them."""
    registry = import_module("target_constant_contact.listeners.registry")
    registry.listen_all(events, settings, database)


@contextmanager
def open_account(settings: Settings) -> Iterator[Account]:
    """The account of the settings, closed at the end.

    Raises:
        SettingsError: The sandbox is asked for and not installed.
    """
    account = Account(settings)
    try:
        listen_all(account.events, settings, account.database)
        yield account
    finally:
        account.close()


@contextmanager
def working(work: str, span: str) -> Iterator[None]:
    """Show that something goes on which may take long, in a command that connects to no account.

    Args:
        work: What, as people read it.
        span: What, for machines.
    """
    events = Events()
    events.listen(Reporter(sys.stderr))
    with events.work(work, span):
        yield


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


@contextmanager
def opened(messages: Path) -> Iterator[IO[str]]:
    """Open a tap's output.

    Args:
        messages: A file; ``-``: stdin.

    Raises:
        InputError: It cannot be read.
        SettingsError: There is no stdin.
    """
    if str(messages) == "-":
        if sys.stdin is None:
            raise SettingsError(["There is no standard input to read; pass --input FILE"])
        yield sys.stdin
        return
    try:
        file = messages.open(encoding="utf-8")
    except OSError as error:
        raise InputError(
            f"--input: {messages} cannot be read ({error.strerror}); name another file"
        ) from None
    with file:
        yield file


def write_lines(lines: Iterable[str], output: Path | None) -> None:
    """Write what people asked for, personal data and all, as it is.

    Args:
        lines: Lines with their ends.
        output: A new file, which only its owner will be able to read; None: stdout.

    Raises:
        SettingsError: The file cannot be made, or there is no stdout.
    """
    if output is None:
        if sys.stdout is None:
            fault = (
                "There is no standard output to write to; open it, or pass --output FILE to a "
                "command that has this option"
            )
            raise SettingsError([fault])
        stdout = sys.stdout.buffer
        for line in lines:
            stdout.write(line.encode())
        stdout.flush()
        return
    try:
        descriptor = open_private(output, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    except OSError as error:
        fault = f"--output: {output} cannot be made ({error.strerror}); name another file"
        if isinstance(error, FileExistsError):
            fault = f"--output: {output} is there already; delete it, or name another file"
        raise SettingsError([fault]) from None
    with naming(output), os.fdopen(descriptor, "wb") as file:
        file.writelines(line.encode() for line in lines)


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
