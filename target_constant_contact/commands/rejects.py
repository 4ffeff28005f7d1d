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
from target_constant_contact.reports.history import past_runs
from target_constant_contact.reports.past_run import UNFINISHED, UNREADABLE
from target_constant_contact.reports.rejected_rows import messages, rejected_streams
from target_constant_contact.singer.encoding import readable_line
from target_constant_contact.store.run_row import MACHINE
from target_constant_contact.wording import counted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_constant_contact.reports.history import History
    from target_constant_contact.reports.past_run import PastRun
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
    with past_runs(config) as history:
        past = _named(history, run) if run else _newest(history, runs)
    if past is None:
        _tell_none(history.place, as_json=as_json, must_be=wants_csv or corrected is not None)
        return
    folder = _folder_of(past, runs)
    streams = rejected_streams(folder / REJECTS_FILE)
    if not (wants_csv or corrected):
        _show(past, folder / REJECTS_FILE, streams, as_json=as_json)
        return
    stream = _one_of(streams, options["stream"], folder)
    if wants_csv:
        _write_csv(folder, stream, options["delimiter"], options["output"])
    else:
        _write_messages(corrected, stream, options["output"])


def _named(history: History, wanted: str) -> PastRun:
    past = history.find(wanted)
    if past is None:
        raise SettingsError([f"there are no runs in {history.place}; name another data_dir"])
    return past


def _newest(history: History, runs: Path) -> PastRun | None:
    """The newest run that has rejected rows, on whichever machine."""
    return next(
        (
            past
            for past in history.newest()
            if (runs / past.run / REJECTS_FILE).exists()
            or (past.rejects_file and _is_elsewhere(past, runs))
        ),
        None,
    )


def _is_elsewhere(past: PastRun, runs: Path) -> bool:
    return (past.machine, past.folder) != (MACHINE, str((runs / past.run).absolute()))


def _folder_of(past: PastRun, runs: Path) -> Path:
    """The folder of a run, with a file of rejected rows in it.

    Raises:
        SettingsError: There is none, or it is on another machine.
    """
    folder = runs / past.run
    if (folder / REJECTS_FILE).exists():
        return folder
    may_be = past.rejects_file or past.status in {UNFINISHED, UNREADABLE}
    if may_be and _is_elsewhere(past, runs):
        fault = (
            f"the rejected rows of run {past.run} are not in {runs}: it was on machine "
            f"{past.machine}, and its files are in {past.folder} there; run this there"
        )
        raise SettingsError([fault])
    raise SettingsError([f"there is no file of rejected rows in {folder}; see runs show"])


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


def _tell_none(place: str, *, as_json: bool, must_be: bool) -> None:
    line = f"no run in {place} has rejected rows; give the --config or --data-dir of the run"
    if must_be:
        raise SettingsError([line])
    if as_json:
        print_json(None)
    else:
        say(f"N{line[1:]}")


def _show(
    past: PastRun, path: Path, streams: Mapping[str, RejectedStream], *, as_json: bool
) -> None:
    rows = {name: stream.rows for name, stream in streams.items()}
    reasons = [asdict(reason) for reason in past.rejections]
    findings = [asdict(finding) for finding in past.findings]
    if as_json:
        facts = {"run": past.run, "status": past.status, "rejects_file": str(path)}
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
        f"In a spreadsheet: {_PROGRAM} rejects --data-dir {path.parents[2]} --csv --output FILE "
        f"{past.run}",
    )
