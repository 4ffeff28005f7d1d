"""A person at a terminal is asked there, whoever reads what the command writes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from target_constant_contact.api.oauth.connection import Application, Connection
from target_constant_contact.sandbox import Behaviour, Sandbox
from tests.support.connections import Connections
from tests.support.process import COMMAND, cli, environment
from tests.support.terminal import Terminal, sign_in

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SHOP = Connection("shop", Application("app", None, "https://auth.example"), "first-token")


@pytest.fixture
def store(tmp_path: Path) -> Connections:
    return Connections(tmp_path / "data")


@pytest.fixture
def at_terminal(tmp_path: Path) -> Callable[..., Terminal]:
    """Start a command at a terminal; its stdout and stderr are pipes, as Meltano has them."""

    def start(word: str, *arguments: str, **settings: Any) -> Terminal:
        path = tmp_path / "config.json"
        path.write_text(json.dumps({"data_dir": str(tmp_path / "data")} | settings))
        words = [*COMMAND, word, "--config", path, *arguments]
        return Terminal(words, tmp_path, environment(tmp_path))

    return start


@pytest.mark.parametrize(("typed", "exit_code"), [("y", 0), ("", 1)])
def test_logout_asks_at_the_terminal(
    at_terminal: Callable[..., Terminal], store: Connections, typed: str, exit_code: int
):
    store.write(SHOP)
    with at_terminal("logout", connection="shop") as terminal:
        terminal.see("Remove connection 'shop'? [y/N]: ")
        terminal.type(typed)
        assert terminal.wait() == exit_code
    assert "[y/N]" not in terminal.stdout + terminal.stderr
    assert store.names() == (["shop"] if exit_code else [])


def test_login_asks_for_all_that_it_needs_at_the_terminal_and_hides_the_secret(
    at_terminal: Callable[..., Terminal], store: Connections
):
    with Sandbox(behaviour=Behaviour(device_interval=0)) as sandbox:
        service = {"api_url": sandbox.api_url, "auth_url": sandbox.auth_url}
        arguments = ["--client-id", "sandbox-app", "--device", "--agreed-by", "Ada"]
        with at_terminal("login", *arguments, connection="shop", **service) as terminal:
            sign_in(terminal, sandbox)
            assert terminal.wait() == 0, terminal.everything

    # What is agreed to stands above the question, and nothing of either in the pipes.
    assert "Runs with this connection send personal data" in terminal.shown
    assert "sandbox-secret" not in terminal.everything
    for words in ("agree", "secret (blank", "code", "Connect to"):
        assert words not in terminal.stderr
    assert "Connection 'shop' is stored in" in terminal.stdout
    assert store.read("shop").application.client_secret == "sandbox-secret"
    assert store.read("shop").rotating is True


def test_ctrl_c_at_a_question_ends_the_sign_in_with_one_line(
    at_terminal: Callable[..., Terminal], store: Connections
):
    with at_terminal("login", client_id="sandbox-public") as terminal:
        terminal.see("Client secret (blank for a public application): ")
        terminal.type("\x03")
        assert terminal.wait() == 1
    assert terminal.stderr.count("\n") == 1
    assert "The sign-in was stopped before its end; nothing was stored" in terminal.stderr
    assert store.names() == []


def test_a_question_to_whoever_writes_into_a_pipe_ends_its_line(tmp_path: Path):
    """As when an address is pasted by a program, which reads the lines of stderr."""
    done = cli(
        tmp_path, "login", "--no-browser", "--agree", "--yes", "--client-id", "a", stdin="no\n" * 3
    )

    assert done.returncode == 77
    assert done.stderr.splitlines().count("Address:") == 3
    assert done.stdout == ""


def test_without_a_terminal_one_line_says_what_to_pass(tmp_path: Path, store: Connections):
    """Of a process that has a terminal in its session, and another stdin, nobody is asked."""
    store.write(SHOP)
    words = [*COMMAND, "logout", "--connection", "shop", "--data-dir", str(tmp_path / "data")]
    with Terminal(
        ["sh", "-c", '"$@" </dev/null', "sh", *words], tmp_path, environment(tmp_path)
    ) as terminal:
        assert terminal.wait() == 78

    assert "logout asks before it removes connection 'shop'; pass --yes" in terminal.stderr
    assert terminal.shown == ""
