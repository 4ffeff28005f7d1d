"""Python programs forked from a process that has imported the target.

To import it takes half a second of a processor, which is more than most of what tests have a
process do. All else is as for a process that was started: its arguments, environment, folder,
streams and signals, and how it ends. What a test tells of the start itself has to be started.
"""

from __future__ import annotations

import atexit
import functools
import json
import os
import select
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

_AT_START = ("PYTHON", "LANG", "LC_", "TZ")
"""Variables that Python reads when it starts."""

_SERVER = """
import atexit, gc, json, os, select, signal, socket, sys, threading
import psycopg
import target_constant_contact.account.account
import target_constant_contact.run.run
import target_constant_contact.sandbox
import target_constant_contact.store.importing
import target_constant_contact.store.opening
import target_constant_contact.store.postgres
import target_constant_contact.store.sqlite
import target_constant_contact.store.survey
from target_constant_contact import cli
from target_constant_contact.commands import check, connections, login, runs, store

def serve(server):
    "Fork for each request; return in the child, with what it is to do."
    woken, wakes = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(wakes, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    told = {}
    while True:
        ready, _, _ = select.select([server, woken], [], [])
        if woken in ready:
            os.read(woken, 65536)
            for pid in list(told):
                ended, status = os.waitpid(pid, os.WNOHANG)
                if ended:
                    os.write(told[pid], str(os.waitstatus_to_exitcode(status)).encode())
                    os.close(told.pop(pid))
        if server in ready:
            request, descriptors, _, _ = socket.recv_fds(server, 1 << 20, 4)
            if not request:
                os._exit(0)
            *streams, tells = descriptors
            if pid := os.fork():
                told[pid] = tells
                for descriptor in streams:
                    os.close(descriptor)
                server.send(str(pid).encode())
                continue
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            server.close()
            for number, descriptor in enumerate(streams):
                os.dup2(descriptor, number)
            for descriptor in (*descriptors, woken, wakes, *told.values()):
                os.close(descriptor)
            return json.loads(request)

# What is there is neither looked at nor taken apart by those who are forked: they would copy it.
gc.collect()
gc.freeze()
found = serve(socket.socket(fileno=int(sys.argv[1])))
os.chdir(found["cwd"])
os.environ.clear()
os.environ.update(found["env"])
sys.argv = ["-c", *found["arguments"]]
# As Python opens them where no language is set.
sys.stdin = open(0, encoding="utf-8", errors="surrogateescape")
sys.stdout = open(1, "w", encoding="utf-8", errors="surrogateescape")
sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", buffering=1)
sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr
code = 0
try:
    exec(compile(found["code"], "<string>", "exec"))
except SystemExit as ended:
    if not isinstance(ended.code, int | None):
        raise
    code = ended.code or 0
threading._shutdown()
atexit._run_exitfuncs()
for stream in (sys.stdout, sys.stderr):
    if stream is not None and not stream.closed:
        stream.flush()
os._exit(code & 255)
"""


class Forked(subprocess.Popen[Any]):
    """As `subprocess.Popen` for ``[sys.executable, "-c", ...]``, with `env`."""

    def _get_handles(self, *streams: Any) -> Any:
        self._handles = super()._get_handles(*streams)
        return self._handles

    def _execute_child(self, *given: Any) -> None:
        command, cwd, env = given[0], given[5], given[6]
        program, option, code, *arguments = map(str, command)
        assert (program, option) == (sys.executable, "-c")
        read, _, _, out, _, errors = self._handles
        # What is not given is that of this process.
        streams = [given if given >= 0 else n for n, given in enumerate((read, out, errors))]
        self._ended, tells = os.pipe()
        request = {"code": code, "arguments": arguments, "cwd": str(cwd or Path.cwd()), "env": env}
        server = _server()
        try:
            socket.send_fds(server, [json.dumps(request).encode()], [*streams, tells])
            self.pid = int(server.recv(100))
        finally:
            os.close(tells)
            self._close_pipe_fds(*self._handles)
        self._child_created = True

    def _internal_poll(self, _deadstate=None, *_):
        if self.returncode is None and select.select([self._ended], [], [], 0)[0]:
            self._take_end()
        return self.returncode

    def _wait(self, timeout):
        if self.returncode is None:
            if not select.select([self._ended], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(self.args, timeout)
            self._take_end()
        return self.returncode

    def _take_end(self) -> None:
        self.returncode = int(os.read(self._ended, 100))
        os.close(self._ended)


def started(command: list[str], env: dict[str, str], **options: Any) -> subprocess.Popen[Any]:
    """Start a Python program: forked where that comes to the same."""
    is_forked = sys.platform == "linux" and command[:2] == [sys.executable, "-c"]
    reads = [name for name in env if name.startswith(_AT_START) and name not in _BARE]
    return (Forked if is_forked and not reads else subprocess.Popen)(command, env=env, **options)


_BARE = {"PYTHONDONTWRITEBYTECODE"}
"""What the process has that others are forked from."""


@functools.cache
def _server() -> socket.socket:
    """The connection to the process that is forked, which ends with this one."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-c", _SERVER, str(theirs.fileno())],
            env={"PATH": os.environ.get("PATH", os.defpath)} | dict.fromkeys(_BARE, "1"),
            cwd=tempfile.gettempdir(),
            stdin=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
        )

    def end() -> None:
        ours.close()
        process.wait(20)

    atexit.register(end)
    return ours


def run(
    command: list[str],
    env: dict[str, str],
    *,
    input: Any = None,  # noqa: A002 - as subprocess.run calls it
    timeout: float = 60,
    **options: Any,
) -> subprocess.CompletedProcess[Any]:
    """Run such a program to its end, as `subprocess.run` with all output captured does."""
    options = {
        "stdin": subprocess.PIPE,
        "stdout": subprocess.PIPE,
        "stderr": subprocess.PIPE,
    } | options
    with started(command, env, **options) as process:
        try:
            out, err = process.communicate(input, timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    return subprocess.CompletedProcess(command, process.returncode, out, err)
