"""The pages of real runs: written by each run, as one page of all, and served."""

from __future__ import annotations

import http.client
import os
import re
import signal
import stat
import subprocess
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from target_constant_contact.store.run_row import MACHINE
from tests.support import forks
from tests.support.commands import call
from tests.support.past_runs import keep_run
from tests.support.process import COMMAND, environment
from tests.support.target import TEXT, member, record, schema, state

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PEOPLE = [
    {"EmailAddress": "quentin.oddfellow@@nowhere.test", "FirstName": "Quentin"},
    {"EmailAddress": "zelda.unusual@", "FirstName": "Zelda"},
    {"EmailAddress": "wilhelmina@elsewhere.test", "Birthday": "31/31/1957"},
]
WORDS = ("quentin", "oddfellow", "nowhere", "zelda", "unusual", "wilhelmina", "elsewhere", "1957")


@pytest.fixture
def data(export, tmp_path: Path) -> Path:
    """Where a run has left everything: 20 members, and three that cannot be sent."""
    outcome = export(
        schema(EmailAddress=TEXT, FirstName=TEXT, Birthday=TEXT),
        *map(member, range(20)),
        *(record(**person) for person in PEOPLE),
        state(1),
        max_rejected_percent=50,
        lists="Newsletter",
    )
    assert outcome.exit_code == 0
    return tmp_path / "data"


def only_page(data: Path) -> str:
    (path,) = data.glob("runs/*/report.html")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    return path.read_text(encoding="utf-8")


def test_a_run_leaves_a_page_that_says_what_became_of_its_rows(data: Path):
    page = only_page(data)

    assert "of 23 rows landed" in page
    assert "e-mail address does not have exactly one @" in page
    assert "sent at " in page
    assert "batch_size_rows" not in page


def test_a_page_has_the_outlines_of_bad_values_and_no_word_of_them(data: Path):
    page = only_page(data)

    assert "•••••••.•••••••••@@•••••••.••••" in page
    assert "##/##/####" in page
    assert [word for word in WORDS if word in page.lower()] == []
    assert not re.search(r"member\d", page)


def test_no_secret_of_the_settings_is_in_a_page(export, tmp_path: Path):
    secret = "a-very-secret-word-of-the-application"
    export(schema(), member(1), state(1), client_secret=secret)

    page = only_page(tmp_path / "data")
    assert "of 1 row landed" in page
    assert secret not in page
    assert "client_secret" not in page


def test_a_run_that_fails_and_one_that_sends_nothing_have_their_pages(export, tmp_path: Path):
    bad = [record(EmailAddress="x")] * 9
    failed = export(schema(), *map(member, range(3)), *bad, max_rejected_percent=10)
    assert failed.exit_code == 65
    assert "Why it failed:" in only_page(tmp_path / "data")

    export(schema(), member(1), dry_run=True)
    newest = max(
        (tmp_path / "data").glob("runs/*/report.html"), key=lambda path: path.stat().st_mtime
    )
    assert "Nothing was sent." in newest.read_text(encoding="utf-8")


def test_all_runs_are_one_page_that_links_to_those_of_this_machine(data: Path, tmp_path: Path):
    (own,) = data.glob("runs/*/report.html")
    away = "20260501T040000Z-abcdef"
    keep_run(data, away, "{}", machine="elsewhere")
    # Somebody has put a page of that name here.
    (data / "runs" / away).mkdir()
    (data / "runs" / away / "report.html").write_text("forged")
    path = tmp_path / "runs.html"
    path.write_text("<!doctype html>what was there before")

    answer = call("runs", "--data-dir", data, "--html", path)

    assert (answer.exit_code, answer.stdout) == (0, f"{path} shows 2 runs; open it in a browser.\n")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    page = path.read_text(encoding="utf-8")
    assert re.findall(r'<a href="([^"]*)"', page) == [own.as_uri()]
    assert "elsewhere" in page
    assert MACHINE in page


def test_only_as_many_runs_are_on_the_page_as_were_asked_for(data: Path, tmp_path: Path):
    keep_run(data, "20260501T040000Z-abcdef", "{}")

    answer = call("runs", "--data-dir", data, "--html", tmp_path / "a.html", "--limit", 1)

    assert "shows 1 run;" in answer.stdout


def test_more_runs_than_there_can_be_are_not_asked_for(data: Path):
    answer = call("runs", "--data-dir", data, "--limit", "9" * 30)

    assert answer.exit_code == 2
    assert "is not in the range" in answer.stderr


def test_a_page_that_cannot_be_written_is_one_line(tmp_path: Path):
    path = tmp_path / "gone" / "runs.html"

    answer = call("runs", "--data-dir", tmp_path, "--html", path)

    assert answer.exit_code == 78
    assert f"--html: {path} cannot be written (No such file or directory)" in answer.log


def test_only_a_page_is_written_over(data: Path, tmp_path: Path):
    settings = tmp_path / "config.json"
    settings.write_text('{"lists": "Newsletter"}')
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(data / "store.sqlite")
    (tmp_path / "empty").touch()
    store = data / "store.sqlite"

    for path in (store, settings, tmp_path / "pipe", tmp_path / "link", tmp_path, "/dev/null", ""):
        answer = call("runs", "--data-dir", data, "--html", path)
        assert answer.exit_code == 78
        assert "cannot be written (something is there that is no page)" in answer.log
    assert store.read_bytes().startswith(b"SQLite format 3")
    assert settings.read_text() == '{"lists": "Newsletter"}'
    assert call("runs", "--data-dir", data, "--html", tmp_path / "empty").exit_code == 0


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (("--html", "x", "--serve"), "--html, --serve and --json are different things"),
        (("--serve", "--json"), "--html, --serve and --json are different things"),
        (("--port", "0"), "--port is for --serve; pass both"),
        (("--serve", "--port", "99999"), "--port: 99999 cannot be used"),
    ],
)
def test_options_that_do_not_go_together_are_named(tmp_path: Path, words, fault):
    answer = call("runs", "--data-dir", tmp_path, *words)

    assert answer.exit_code == 78
    assert fault in answer.log


@pytest.fixture
def served(data: Path, tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A process that serves the runs, and the address that it has printed."""
    process = forks.started(
        [*COMMAND, "runs", "--data-dir", str(data), "--serve"],
        environment(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr
    try:
        yield process, next(line.strip() for line in process.stderr if "http://" in line)
    finally:
        process.kill()
        process.communicate()


def fetch(address: str) -> tuple[int, str]:
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(str(parts.netloc), timeout=20)
    connection.request("GET", parts.path)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text


def test_runs_are_served_as_the_store_knows_them_at_that_moment(data: Path, served):
    _, address = served
    (own,) = (path.parent.name for path in data.glob("runs/*/report.html"))
    away = "20260501T040000Z-abcdef"

    status, page = fetch(address)
    assert (status, away in page) == (200, False)
    assert f'<a href="runs/{own}">' in page
    keep_run(data, away, None, machine="elsewhere")
    assert away in fetch(address)[1]
    assert "of 23 rows landed" in fetch(f"{address}runs/{own}")[1]
    assert "This run is still going" in fetch(f"{address}runs/{away}")[1]
    for path in ("runs/20260501", f"runs/{own}/..", "runs/", "x", "runs/../../etc/passwd"):
        assert fetch(f"{address}{path}")[0] == 404


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serving_ends_with_ctrl_c(served, number):
    process, address = served
    assert fetch(address)[0] == 200

    process.send_signal(number)

    assert process.wait(60) == 0
    assert process.stdout.read() == ""


def test_a_port_that_is_taken_is_one_line(served, tmp_path: Path):
    port = urlsplit(served[1]).port

    answer = call("runs", "--data-dir", tmp_path, "--serve", "--port", port)

    assert answer.exit_code == 78
    assert f"--port: {port} cannot be used (Address already in use)" in answer.log
