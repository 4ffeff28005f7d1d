"""Processes that are forked do what processes that are started do."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from tests.support import forks
from tests.support.process import cli, environment, started_cli

PROGRAMS = {
    "surroundings": """
import os, signal, sys, threading
print(sys.argv, os.getcwd(), os.environ["HOME"], os.environ["HERE"], sys.flags.utf8_mode)
print(*[(s.encoding, s.errors, s.line_buffering) for s in (sys.stdin, sys.stdout, sys.stderr)])
print([signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD)])
print(threading.active_count(), len(os.listdir("/dev/fd")), sys.stdin.read())
""",
    "exit": "import sys; print('out'); sys.exit(77)",
    "words": "import sys; sys.exit('words')",
    "error": "raise ValueError('wrong')",
    "at the end": "import atexit, sys; atexit.register(print, 'bye'); sys.exit()",
    "a thread": "import threading, time; threading.Timer(0.1, print, ['late']).start()",
    "killed": "import os, signal; print('never'); os.kill(os.getpid(), signal.SIGKILL)",
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_forked_program_has_and_does_what_a_started_one_does(tmp_path, name):
    command = [sys.executable, "-c", PROGRAMS[name], "one", "--two"]
    env = environment(tmp_path) | {"HERE": "yes"}
    options = {"input": "typed", "text": True, "cwd": tmp_path}
    forked = forks.run(command, env, **options)
    started = subprocess.run(command, env=env, capture_output=True, check=False, **options)
    assert (forked.returncode, forked.stdout) == (started.returncode, started.stdout)
    assert forked.stderr.splitlines()[-1:] == started.stderr.splitlines()[-1:]


def test_a_forked_program_is_told_signals_and_told_of_when_it_ends(tmp_path):
    program = "import time; print('ready', flush=True); time.sleep(60)"
    command = [sys.executable, "-c", program]
    with forks.started(command, environment(tmp_path), stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"ready\n"
        assert process.poll() is None
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.05)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == process.poll() == -signal.SIGTERM


def test_a_forked_command_answers_as_a_started_one(tmp_path):
    forked, started = cli(tmp_path, "--about"), started_cli(tmp_path, "--about")
    assert (forked.returncode, forked.stdout) == (started.returncode, started.stdout)
