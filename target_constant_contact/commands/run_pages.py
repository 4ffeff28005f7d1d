"""Past runs as pages: for `runs --html` and `runs --serve`."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Any, Final

from target_constant_contact.commands.common import say, say_address
from target_constant_contact.data_folder import PAGE_FILE, DataFolder
from target_constant_contact.exceptions import SettingsError
from target_constant_contact.files import write_whole
from target_constant_contact.reports.history import past_runs
from target_constant_contact.store.run_row import MACHINE
from target_constant_contact.wording import counted

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from target_constant_contact.reports.past_run import PastRun

_BEGIN: Final = 15
"""Characters by which a page is known: its document type."""


def write_page(config: Mapping[str, Any], limit: int, path: Path) -> None:
    """Write the page of all runs; it links to the pages of those that have theirs on this machine.

    Args:
        config: The settings, not checked.
        limit: How many runs, the newest of them.
        path: The file; a page that is there is written over, and nothing else.

    Raises:
        TargetError: The store cannot be used, or the file cannot be written.
    """
    from target_constant_contact.pages.runs_page import render_runs  # noqa: PLC0415

    runs = DataFolder.of_setting(config.get("data_dir")).runs

    def link(past: PastRun) -> str:
        # Not the folder that the store has: who can write to a database can write anything.
        page = (runs / past.run / PAGE_FILE).absolute()
        return page.as_uri() if past.machine == MACHINE and page.is_file() else ""

    with past_runs(config) as history:
        found = history.newest(limit)
        page = render_runs(found, place=history.place, link=link)
    try:
        _refuse_what_is_no_page(path, page)
        write_whole(path, page)
    except OSError as error:
        fault = f"--html: {path} cannot be written ({error.strerror}); name another file"
        raise SettingsError([fault]) from None
    say(f"{path} shows {counted(len(found), 'run')}; open it in a browser.")


def _refuse_what_is_no_page(path: Path, page: str) -> None:
    """Let a wrong name do no harm: it may be that of the settings, or of the store itself.

    Raises:
        OSError: Something is there that does not begin like a page.
    """
    if not path.exists():
        return
    # What is no file, such as a pipe, is not even opened.
    if path.is_file():
        with path.open("rb") as file:
            if file.read(_BEGIN) in {b"", page[:_BEGIN].encode()}:
                return
    raise FileExistsError(errno.EEXIST, "something is there that is no page")


def serve_pages(config: Mapping[str, Any], limit: int, port: int) -> None:
    """Serve the page of all runs and that of each, as the store knows them, until stopped.

    Args:
        config: The settings, not checked.
        limit: How many runs, the newest of them.
        port: Port to listen on; 0 takes a free one.

    Raises:
        SettingsError: The port cannot be used.
        TargetError: The store cannot be used.
    """
    from target_constant_contact.pages.server import PageServer  # noqa: PLC0415

    # Now, and not only when a browser asks for it.
    with past_runs(config) as history:
        place = history.place
    try:
        server = PageServer(lambda path: _page(config, limit, path), port)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or "there is no such port"
        fault = f"--port: {port} cannot be used ({reason}); stop what uses it, or pass another"
        raise SettingsError([fault]) from None
    say(f"The runs in {place} are at this address, for browsers on this machine:", err=True)
    say_address(server.url)
    say("Stop it with Ctrl-C.", err=True)
    server.serve_until_stopped()


def _page(config: Mapping[str, Any], limit: int, path: str) -> str | None:
    """The page of a path: of all runs, or of one; None when there is none."""
    from target_constant_contact.pages.run_page import render_run  # noqa: PLC0415
    from target_constant_contact.pages.runs_page import render_runs  # noqa: PLC0415

    with past_runs(config) as history:
        if not path:
            found = history.newest(limit)
            return render_runs(found, place=history.place, link=lambda past: f"runs/{past.run}")
        folder, _, run = path.partition("/")
        past = history.named(run) if folder == "runs" else None
    return render_run(past, home="../") if past else None
