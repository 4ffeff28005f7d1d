"""The command `rejects`: the rejected rows of a run, for a spreadsheet and back."""

from __future__ import annotations

import logging
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from target_constant_contact.commands.common import (
    configured,
    json_option,
    print_json,
    print_table,
    say,
    write_lines,
)
from target_constant_contact.data_folder import REJECTS_FILE, DataFolder
from target_constant_contact.exceptions import CorrectionError, SettingsError
from target_constant_contact.reports.corrected_csv import as_csv, from_csv
from target_constant_contact.reports.history import read_run, run_names
from target_constant_contact.reports.rejected_rows import messages, rejected_streams
from target_constant_contact.reports.run_names import find_run
from target_constant_contact.singer.encoding import readable_line
from target_constant_contact.wording import counted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_constant_contact.reports.rejected_rows import RejectedStream

_MOST_FAULTS: Final = 20
_PROGRAM: Final = "target-constant-contact"
_logger = logging.getLogger(_PROGRAM)


@click.command("rejects")
@configured
@click.argument("run", required=False)
@click.option("--csv", "wants_csv", is_flag=True, help="Print the rows as CSV for a spreadsheet.")
@click.option(
    "--from-csv",
    "corrected",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Read the corrected CSV, and print its rows as Singer messages.",
)
@click.option("--stream", metavar="NAME", help="The stream, where there are several.")
@click.option(
    "--delimiter",
    type=click.Choice([",", ";"]),
    default=",",
    show_default=True,
    help="What stands between the cells of the CSV.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write to a new file that only you can read, not to stdout.",
)
@json_option
def rejects(config: dict[str, Any], run: str | None, *, as_json: bool, **options: Any) -> None:
    """Show the rejected rows of the run RUN, or of the newest that has any; as CSV, and back.

    Without options it prints counts and reasons, and no personal data.
    """
    wants_csv, corrected = options["wants_csv"], options["corrected"]
    if wants_csv + bool(corrected) + as_json > 1:
        raise SettingsError(["--csv, --from-csv and --json are different things; pass one of them"])
    runs = DataFolder.of_setting(config.get("data_dir")).runs
    folder = _folder_of(runs, run)
    if folder is None:
        _tell_none(runs, as_json=as_json, must_be=wants_csv or corrected is not None)
        return
    streams = rejected_streams(folder / REJECTS_FILE)
    if not (wants_csv or corrected):
        _show(folder, streams, as_json=as_json)
        return
    stream = _one_of(streams, options["stream"], folder)
    if wants_csv:
        _write_csv(folder, stream, options["delimiter"], options["output"])
    else:
        _write_messages(corrected, stream, options["output"])


def _folder_of(runs: Path, wanted: str | None) -> Path | None:
    """Folder of the run that is meant; None if none was named, and none has rejected rows."""
    names = run_names(runs)
    if wanted is None:
        folders = (runs / name for name in names)
        return next((folder for folder in folders if (folder / REJECTS_FILE).exists()), None)
    if not names:
        raise SettingsError([f"there are no runs in {runs}; name another data_dir"])
    folder = runs / find_run(wanted, names, runs)
    if not (folder / REJECTS_FILE).exists():
        raise SettingsError([f"there is no file of rejected rows in {folder}; see runs show"])
    return folder


def _one_of(
    streams: Mapping[str, RejectedStream], wanted: str | None, folder: Path
) -> RejectedStream:
    shown = ", ".join(map(repr, streams))
    if wanted is None and len(streams) == 1:
        return next(iter(streams.values()))
    if wanted is None:
        fault = f"--stream: run {folder.name} has rejected rows of {shown or 'no stream'}; name one"
        raise SettingsError([fault])
    if wanted not in streams:
        fault = f"--stream: run {folder.name} has no rejected rows of {wanted!r}, but of {shown}"
        raise SettingsError([fault])
    return streams[wanted]


def _write_csv(folder: Path, stream: RejectedStream, delimiter: str, output: Path | None) -> None:
    name = stream.schema["stream"]
    records = (
        message["record"]
        for message in messages(folder / REJECTS_FILE)
        if message["type"] == "RECORD" and message["stream"] == name
    )
    write_lines(as_csv(stream, records, readable_line, delimiter), output)
    say(
        f"{counted(stream.rows, 'row')} of {name} as CSV. Correct the cells, delete the rows that "
        "are not to be sent, save it as CSV UTF-8, and make messages of it: "
        f"{_PROGRAM} rejects --data-dir {folder.parents[1]} --from-csv {output or 'FILE'} --output "
        f"rows.singer.jsonl {folder.name}",
        err=True,
    )


def _write_messages(path: Path, stream: RejectedStream, output: Path | None) -> None:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SettingsError([f"--from-csv: {path} cannot be read ({error.strerror})"]) from None
    try:
        lines = [f"{readable_line(message)}\n" for message in from_csv(path, content, stream)]
    except CorrectionError as error:
        for fault in error.faults[:_MOST_FAULTS]:
            _logger.error("%s", fault)  # noqa: TRY400 - one line
        raise
    write_lines(lines, output)
    say(
        f"{counted(len(lines) - 1, 'row')} of {stream.schema['stream']} as Singer messages"
        + (f"; send them: {_PROGRAM} --config ... --input {output}" if output else ""),
        err=True,
    )


def _tell_none(runs: Path, *, as_json: bool, must_be: bool) -> None:
    line = f"no run in {runs} has rejected rows; give the --config or --data-dir of the run"
    if must_be:
        raise SettingsError([line])
    if as_json:
        print_json(None)
    else:
        say(f"N{line[1:]}")


def _show(folder: Path, streams: Mapping[str, RejectedStream], *, as_json: bool) -> None:
    past = read_run(folder)
    path = folder / REJECTS_FILE
    rows = {name: stream.rows for name, stream in streams.items()}
    reasons = [asdict(reason) for reason in past.rejections]
    findings = [asdict(finding) for finding in past.findings]
    if as_json:
        facts = {"run": folder.name, "status": past.status, "rejects_file": str(path)}
        print_json({**facts, "rows": rows, "rejections": reasons, "findings": findings})
        return
    print_table(
        ("fact", "value"), [("run", past.run), ("status", past.status), ("rejects file", path)]
    )
    say("")
    print_table(("rows in the file", "stream"), [(some, name) for name, some in rows.items()])
    for title, found in (("Rejected rows", reasons), ("Rows that did not land", findings)):
        if found:
            say("", title)
            print_table(tuple(found[0]), [tuple(row.values()) for row in found])
    say(
        "",
        f"Correct the file and send it: {_PROGRAM} --config ... --input {path}",
        f"In a spreadsheet: {_PROGRAM} rejects --data-dir {folder.parents[1]} --csv --output FILE "
        f"{folder.name}",
    )
