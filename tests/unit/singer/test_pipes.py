"""Pipes that hold as much as is read at a time."""

from __future__ import annotations

import io
import os
import sys

import pytest

from target_constant_contact.singer.messages import BLOCK_BYTES
from target_constant_contact.singer.pipes import widen

only_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux only")


@only_linux
def test_a_tap_can_write_more_than_is_read_at_a_time_before_anything_is_read():
    theirs, ours = os.pipe()
    with os.fdopen(theirs) as source, os.fdopen(ours, "wb", buffering=0) as sink:
        os.set_blocking(sink.fileno(), False)
        widen(source)
        assert sink.write(b"x" * 2 * BLOCK_BYTES) > BLOCK_BYTES


@only_linux
def test_a_pipe_that_is_wider_stays_so():
    import fcntl

    theirs, ours = os.pipe()
    with os.fdopen(theirs) as source, os.fdopen(ours, "wb"):
        fcntl.fcntl(theirs, fcntl.F_SETPIPE_SZ, 1 << 20)
        widen(source)
        assert fcntl.fcntl(theirs, fcntl.F_GETPIPE_SZ) == 1 << 20


def test_what_is_no_pipe_is_left_alone(tmp_path):
    path = tmp_path / "input"
    path.write_text("{}\n")
    with path.open() as source:
        widen(source)
        assert source.read() == "{}\n"
    widen(source)
    widen(io.StringIO("{}\n"))
