"""What a process writes as far as somebody reads it."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import select
import threading
from typing import TYPE_CHECKING

import pytest

from target_constant_contact.terminal.stderr import drop_when, patient
from target_constant_contact.terminal.writing import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


def test_what_a_reader_takes_slowly_arrives_whole(pipe):
    outlet, inlet = pipe
    content = os.urandom(1_000_000)
    found = bytearray()

    def read() -> None:
        while len(found) < len(content):
            found.extend(os.read(outlet, 10_000))

    reader = threading.Thread(target=read)
    reader.start()
    assert write_whole(inlet, content, lambda: False)
    reader.join()
    assert found == content


@pytest.mark.parametrize("length", range(select.PIPE_BUF - 2, select.PIPE_BUF + 3))
def test_the_last_piece_is_never_just_the_end_of_a_line(pipe, monkeypatch, length):
    pieces = []
    write = os.write

    def noted(descriptor: int, piece: memoryview) -> int:
        pieces.append(bytes(piece))
        return write(descriptor, piece)

    monkeypatch.setattr(os, "write", noted)
    assert write_whole(pipe[1], b"x" * length, lambda: False)
    assert b"".join(pieces) == b"x" * length
    assert len(pieces[-1]) > 1
    assert max(map(len, pieces)) <= select.PIPE_BUF


def test_room_that_another_writer_takes_first_is_not_waited_for(pipe, monkeypatch):
    filler = os.open(f"/proc/self/fd/{pipe[1]}", os.O_WRONLY | os.O_NONBLOCK)
    asked = []
    real = select.select

    def select_and_lose(*arguments):
        found = real(*arguments)
        asked.append(found)
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(filler, b" " * select.PIPE_BUF)
        return found

    monkeypatch.setattr(select, "select", select_and_lose)
    assert not write_whole(pipe[1], b"a line\n", lambda: len(asked) > 1)
    os.close(filler)


def test_what_fits_is_written_also_when_it_is_overdue(pipe):
    assert write_whole(pipe[1], b"a line\n", lambda: True)
    assert os.read(pipe[0], 100) == b"a line\n"


def test_a_terminal_that_nobody_looks_at_blocks_nobody():
    """Such as one whose window hangs."""
    side, terminal = os.openpty()
    done = []
    arguments = (terminal, b"x" * 1_000_000, lambda: True)
    writer = threading.Thread(target=lambda: done.append(write_whole(*arguments)), daemon=True)
    writer.start()
    writer.join(10)
    assert done == [False]
    os.close(terminal)
    os.close(side)


def test_a_log_is_dropped_as_soon_as_it_is_overdue_and_no_thread_waits(pipe):
    """One thread is in the middle of a line, and others wait for its lock."""
    outlet, inlet = pipe
    overdue = threading.Event()
    waits = threading.Event()

    def is_overdue() -> bool:
        waits.set()
        return overdue.is_set()

    given = io.TextIOWrapper(io.FileIO(os.dup(inlet), "w"), encoding="utf-8")
    stderr = patient(given)
    drop_when(is_overdue, stderr)
    handler = logging.StreamHandler(stderr)
    record = logging.makeLogRecord({"msg": "x" * 1_000_000})
    threads = [threading.Thread(target=handler.handle, args=[record]) for _ in range(2)]
    for thread in threads:
        thread.start()
    assert waits.wait(10)
    overdue.set()
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()
    assert set(os.read(outlet, 10_000_000)) == {ord("x")}
    assert stderr.fileno() == given.fileno()
    given.close()


def test_another_stderr_is_left_alone():
    drop_when(lambda: True, io.StringIO())
    drop_when(lambda: True, io.TextIOWrapper(io.BytesIO()))
