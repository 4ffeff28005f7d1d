"""The sandbox's account in the browser."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from tests.support.commands import call

if TYPE_CHECKING:
    from pathlib import Path


def test_a_port_that_is_in_use_is_named(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        answer = call("sandbox", "--data-dir", tmp_path, "--port", port)
    assert answer.exit_code == 78
    assert answer.log.startswith(f"--port: {port} cannot be used (Address already in use); stop")


@pytest.mark.parametrize("port", [-1, 65_536])
def test_a_port_that_does_not_exist_is_named(tmp_path: Path, port: int):
    answer = call("sandbox", "--data-dir", tmp_path, "--port", port)
    assert answer.exit_code == 78
    assert answer.log.startswith(f"--port: {port} cannot be used (there is no such port)")
