"""How far a run is, as a person at a terminal sees it, and as nobody does."""

from __future__ import annotations

import json
import re
import signal
import sys
import time

import pytest

from target_constant_contact.progress.reporter import PICTURE_SECONDS
from target_constant_contact.sandbox import Behaviour, Sandbox
from target_constant_contact.singer.signals import REPEAT_SECONDS
from tests.support.process import COMMAND, TargetProcess, environment
from tests.support.screen import Screen, Shown
from tests.support.target import lines, member, read_report, schema, settings_for, state

LOG_LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} \| [A-Z]+ +\| \S+ +\| .+")
ESCAPE = b"\x1b"


@pytest.fixture
def screen():
    """So wide that no line of the log takes two rows."""
    with Screen(columns=400, lines=40) as made:
        yield made


@pytest.fixture
def slow():
    """An account that takes its time, so that there is something to see."""
    with Sandbox(behaviour=Behaviour(seconds_to_start=0.3, seconds_to_finish=1.2)) as made:
        yield made


@pytest.fixture
def start(tmp_path, screen, slow):
    """Start a run whose log goes to the terminal."""

    def started(descriptors=(2,), env=None, **settings):
        config = settings_for(slow, tmp_path / "data", batch_size_rows=5, **settings)
        path = tmp_path / "config.json"
        path.write_text(json.dumps(config))
        env = environment(tmp_path) | (env or {})
        return Shown(screen, [*COMMAND, "--config", path], env, descriptors)

    return started


def twelve_rows():
    return lines(schema(), *map(member, range(12)), state("twelve"))


def test_a_run_shows_how_far_it_is_and_nothing_of_it_is_left(start, screen):
    with start() as run:
        run.write(twelve_rows())
        run.see("12 rows read")
        rows = run.see("2 imports sent, ")
        # Its own rows stand below an empty one, and the log above it.
        space = rows.index("")
        assert all(LOG_LINE.fullmatch(row) for row in rows[:space])
        assert re.fullmatch(r"\S \d+ s: 12 rows read.*", rows[space + 1])
        assert re.fullmatch(r"  2 imports sent, \d in flight, \d settled", rows[space + 2])
        assert run.wait() == 0
        assert json.loads(run.stdout()) == {"bookmark": "twelve"}
    rows = screen.rows()
    assert len(rows) > 4
    assert [row for row in rows if not LOG_LINE.fullmatch(row)] == []
    assert ": completed in " in rows[-1]


def test_what_is_left_is_shown_once_the_input_has_ended(start):
    with start() as run:
        run.write(twelve_rows())
        run.see("2 imports sent, ")
        run.process.stdin.close()
        rows = run.see("╌ 3 imports sent, ")
        assert any("12 rows read" in row for row in rows)
        assert run.wait() == 0


def test_state_on_the_same_terminal_is_whole(start, screen):
    """As somebody sees it who tries a pipeline out; the end of it would stand on a row below."""
    with start((1, 2)) as run:
        run.write(lines(schema(), *map(member, range(7)), state("x" * 390)))
        run.see("1 import sent")
        assert run.wait() == 0
    found = [row for row in screen.rows() if not LOG_LINE.fullmatch(row)]
    assert len(found) == 2
    assert json.loads("".join(found)) == {"bookmark": "x" * 390}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_stopped_leaves_nothing_of_it(start, screen, tmp_path, number):
    with start() as run:
        run.write(twelve_rows())
        run.see("2 imports sent, ")
        if number == signal.SIGINT:
            screen.type(b"\x03")
        else:
            run.process.send_signal(number)
        assert run.wait() == 1
    rows = [row for row in screen.rows() if not row.startswith("^C")]
    assert [row for row in rows if not LOG_LINE.fullmatch(row)] == []
    assert f"{number.name} came before the run was finished" in rows[-1]
    (folder,) = tmp_path.glob("data/runs/*")
    assert read_report(folder)["totals"]["landed"] == 10


def test_a_second_ctrl_c_leaves_the_terminal_as_it_found_it(start, screen):
    with start() as run:
        run.write(twelve_rows())
        run.see("2 imports sent, ")
        before = [row for row in screen.rows() if LOG_LINE.fullmatch(row)]
        screen.type(b"\x03")
        time.sleep(REPEAT_SECONDS + 0.1)
        screen.type(b"\x03")
        run.wait()
    assert [row for row in screen.rows() if LOG_LINE.fullmatch(row)][: len(before)] == before
    # Neither colours nor modes are left, nor is the cursor hidden.
    assert set(re.findall(rb"\x1b\[[\d;?]*(\w)", screen.raw)) == {b"J", b"A"}


def test_a_window_that_is_closed_ends_the_run_as_it_always_did(start, screen, tmp_path):
    with start() as run:
        run.write(twelve_rows())
        run.see("2 imports sent, ")
        screen.hang_up()
        assert run.wait() == 1
    (folder,) = tmp_path.glob("data/runs/*")
    report = read_report(folder)
    assert report["error"].startswith("SIGHUP came before the run was finished")
    assert report["totals"]["landed"] == 10


def test_a_window_that_gets_another_size_ends_no_run(start, screen):
    with start() as run:
        run.write(twelve_rows())
        run.see("2 imports sent, ")
        for columns, height in [(20, 40), (3, 40), (400, 2), (1, 1), (90, 30)]:
            screen.resize(columns, height)
            run.write(lines(*map(member, range(5))))
            time.sleep(PICTURE_SECONDS)
        assert run.wait() == 0
    assert b"Traceback" not in screen.raw


def test_a_terminal_that_can_take_nothing_back_gets_the_log_alone(start, screen):
    with start(env={"TERM": "dumb"}) as run:
        run.write(twelve_rows())
        assert run.wait() == 0
    assert ESCAPE not in screen.raw
    assert all(LOG_LINE.fullmatch(row) for row in screen.rows())


def test_what_the_tap_writes_to_the_same_terminal_stays(start, screen):
    """In `tap | target` both have it, and neither knows of the other."""
    tap = [f"tap: {number} rows written" for number in range(8)]
    with start() as run, screen.open() as stderr:
        run.write(lines(schema()))
        for number, text in enumerate(tap):
            print(text, file=stderr, flush=True)
            run.write(lines(member(number)))
            run.see(f": {number + 1} rows read" if number else ": 1 row read")
        assert run.wait() == 0
    assert [row for row in screen.rows() if not LOG_LINE.fullmatch(row)] == tap


def test_a_run_that_fails_leaves_only_its_error(start, screen):
    with start(lists="No such list") as run:
        run.write(twelve_rows())
        assert run.wait() == 78
    assert all(LOG_LINE.fullmatch(row) for row in screen.rows())
    assert "No such list" in screen.rows()[-1]


def test_login_shows_that_it_waits_for_the_other_device(screen, tmp_path):
    with Sandbox(behaviour=Behaviour(device_interval=1)) as sandbox:
        service = {"api_url": sandbox.api_url, "auth_url": sandbox.auth_url}
        path = tmp_path / "config.json"
        path.write_text(json.dumps(service | {"data_dir": str(tmp_path / "data")}))
        words = ["--device", "--agree", "--yes", "--client-id", "sandbox-public"]
        command = [*COMMAND, "login", "--config", path, *words]
        with Shown(screen, command, environment(tmp_path), (0, 1, 2)) as login:
            login.see("Client secret (blank for a public application):")
            screen.type(b"\n")
            rows = login.see("s: waiting for the sign-in on the other device")
            code = re.search(r"type in the code (\S+)\. Waiting", "\n".join(rows))
            sandbox.approve_device(code[1])
            assert login.wait() == 0
    rows = screen.rows()
    assert not any("waiting for the sign-in" in row for row in rows)
    assert any(row.startswith("Connection 'default' is stored in") for row in rows)


UNTOLD_END = """
import sys
from target_constant_contact import cli
from target_constant_contact.terminal.live import LIVE

def end():
    LIVE.begin(sys.stderr, lambda width: ["under way"])
    LIVE.draw()
    input()
    raise SystemExit(3)

cli.command = lambda: end
cli.main()
"""


def test_whatever_ends_the_process_nothing_of_it_is_left(screen, tmp_path):
    command = [sys.executable, "-c", UNTOLD_END]
    with Shown(screen, command, environment(tmp_path)) as process:
        process.see("under way")
        process.write("\n")
        assert process.wait() == 3
    assert screen.rows() == []


EVERY_SECOND = """
from target_constant_contact.progress import reporter
reporter.LINE_SECONDS = 0.5
from target_constant_contact.cli import main
main()
"""


def test_where_nobody_watches_the_log_has_a_line_now_and_then(slow, tmp_path):
    config = settings_for(slow, tmp_path / "data", batch_size_rows=5)
    command = [sys.executable, "-c", EVERY_SECOND]
    target = TargetProcess(config, tmp_path, command=command).start()
    target.write(schema(), *map(member, range(12)), state("twelve"))
    target.wait_for_log(": 12 rows read; 2 imports sent, 2 in flight, 0 settled")
    target.close_input()
    assert target.wait() == 0
    assert "\x1b" not in target.stderr
    told = [line for line in target.stderr.splitlines() if "12 rows read;" in line]
    assert all(LOG_LINE.fullmatch(line) for line in told)


def test_a_short_run_where_nobody_watches_says_nothing_of_it(slow, tmp_path):
    config = settings_for(slow, tmp_path / "data", batch_size_rows=5)
    target = TargetProcess(config, tmp_path).start()
    target.write(schema(), *map(member, range(12)), state("twelve"))
    target.close_input()
    assert target.wait() == 0
    assert " rows read" not in target.stderr
