"""Where other users could change what the target keeps, it keeps nothing."""

from __future__ import annotations

import json

import pytest

from target_constant_contact.store.cipher import new_key
from tests.support.process import cli
from tests.support.target import lines, member, schema, settings_for, state

COMMANDS = {
    "a run": [],
    "check": ["check"],
    "connections": ["connections"],
    "fields": ["fields"],
    "lists": ["lists"],
    "login": ["login", "--no-browser"],
    "logout": ["logout", "--yes"],
    "runs": ["runs"],
    "runs show": ["runs", "show"],
    "sandbox": ["sandbox", "--port", "0"],
    "store": ["store"],
    "store export": ["store", "export", "out.jsonl"],
    "store import": ["store", "import", "config.json"],
}


@pytest.fixture
def command(sandbox, tmp_path):
    """Run the target, with a configuration that sends to the sandbox."""
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    config = tmp_path / "config.json"
    settings = settings_for(sandbox, data, store_key=new_key())
    config.write_text(json.dumps(settings))

    def start(*arguments):
        text = "" if arguments else lines(schema(), member(1), state("end"))
        return cli(tmp_path, *arguments, "--config", str(config), stdin=text)

    return start


@pytest.mark.parametrize("name", COMMANDS)
def test_a_folder_that_others_can_change_is_refused_and_left_alone(
    command, sandbox, tmp_path, name
):
    (tmp_path / "data").chmod(0o777)
    done = command(*COMMANDS[name])
    assert done.returncode == 78
    said = done.stdout + done.stderr
    assert f"data_dir: {tmp_path}/data can be changed by other users (mode 777)" in said
    assert "Traceback" not in said
    assert list((tmp_path / "data").iterdir()) == []
    assert sandbox.activities() == []


def test_a_folder_above_that_others_can_change_is_refused(command, tmp_path):
    tmp_path.chmod(0o777)
    done = command()
    tmp_path.chmod(0o700)
    assert done.returncode == 78
    assert f"data_dir: {tmp_path} can be changed by other users" in done.stderr


@pytest.mark.parametrize(("name", "code"), [("store.sqlite", 78), ("sandbox.sqlite", 1)])
def test_a_link_in_the_place_of_a_file_is_not_followed(command, tmp_path, name, code):
    precious = tmp_path / "precious"
    (tmp_path / "data" / name).symlink_to(precious)
    done = command(*(["sandbox", "--port", "0"] if name == "sandbox.sqlite" else []))
    assert done.returncode == code
    assert "Too many levels of symbolic links" in done.stderr
    assert not precious.exists()


def test_a_link_in_the_place_of_a_lock_is_not_followed(command, tmp_path):
    assert command().returncode == 0
    lock = next((tmp_path / "data").glob("store.sqlite.*.lock"))
    precious = tmp_path / "precious"
    precious.write_text("precious")
    lock.unlink()
    lock.symlink_to(precious)
    done = command()
    assert done.returncode == 78
    assert "Too many levels of symbolic links" in done.stderr
    assert precious.read_text() == "precious"
