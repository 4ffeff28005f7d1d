"""The commands of the store, as a person calls them."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import update

from target_constant_contact.cli import command
from target_constant_contact.store.address import key_fault, no_key_to_move
from target_constant_contact.store.postgres import PostgresServer
from target_constant_contact.store.schema import STORE, VERSION
from target_constant_contact.store.sqlite import SqliteFile
from tests.support.commands import call, config_file
from tests.support.postgres import PASSWORD
from tests.support.stored import KEY, LEDGER_KEY, NEW_KEY, OTHER_KEY, TOKEN, fill, rows_in


@pytest.fixture(autouse=True)
def _alone(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("target_constant_contact.store.standstill._RENEWAL_SECONDS", 0.1)


@pytest.fixture
def opened():
    kept = []
    yield lambda database: kept.append(database) or database
    for each in kept:
        each.close()


@pytest.fixture
def local(opened, tmp_path):
    """A filled store of this machine."""
    return fill(opened(SqliteFile(tmp_path / "data" / "store.sqlite")))


@pytest.fixture
def at_file(tmp_path, local):
    """Call a command with that store."""
    folder = str(Path(local.place).parent)
    settings = config_file(tmp_path, data_dir=folder, store_key=NEW_KEY)
    return lambda *words, **options: call("store", *words, "--config", settings, **options)


@pytest.fixture
def server(opened, postgres):
    """An empty store in a server."""
    database = fill(opened(PostgresServer(url := postgres.new_url())), {}, f"{NEW_KEY}")
    database.url = url
    return database


@pytest.fixture
def at_server(tmp_path, server):
    """Call a command with that store."""
    (folder := tmp_path / "elsewhere").mkdir(mode=0o700)

    def at(*words, store_key=NEW_KEY, **options):
        settings = {"store_url": server.url, "data_dir": str(folder), "store_key": store_key}
        return call("store", *words, "--config", config_file(folder, **settings), **options)

    return at


def said(answer):
    return answer.stdout + answer.stderr + answer.log


# What is in it


def test_it_tells_what_is_in_a_store(at_file, tmp_path):
    answer = at_file()
    assert answer.exit_code == 0
    text = re.sub(" +", " ", answer.stdout)
    assert f"store {tmp_path}/data/store.sqlite\n" in text
    assert f"tables of version {VERSION}\n" in text
    assert "connections 2\n" in text
    assert "exports 2, of them 1 interrupted\n" in text
    assert "runs 2, from 2026-09-21 14:13 to 2026-09-21 14:13 UTC; 1 is under way" in text
    assert "secrets in clear, in a file that only its owner can read\n" in text
    assert "account-1 nightly 20260921T000000Z-aaaaaa 3 2026-09-21 14:13\n" in text


def test_it_tells_programs_the_same(at_file, tmp_path):
    found = at_file("--json").json
    assert found["place"] == f"{tmp_path}/data/store.sqlite"
    assert found["rows"]["connections"] == 2
    assert found["interrupted"][0]["runs"] == ["20260921T000000Z-aaaaaa"]


def test_it_shows_no_secret_and_no_password(at_file, at_server, server):
    fill(server, None, NEW_KEY)
    for answer in (at_file(), at_file("--json"), at_server(), at_server("--json")):
        assert answer.exit_code == 0
        for secret in (TOKEN, LEDGER_KEY, NEW_KEY, PASSWORD, "p%40ss"):
            assert secret not in said(answer)


@pytest.mark.parametrize("value", [True, "true"])
def test_that_of_the_sandbox_is_the_file_whatever_else_is_set(tmp_path, local, server, value):
    """As its runs have it, and as `runs` shows it."""
    folder = str(Path(local.place).parent)
    settings = config_file(
        tmp_path, data_dir=folder, store_url=server.url, store_key=NEW_KEY, sandbox=value
    )
    assert call("store", "--json", "--config", settings).json["place"] == local.place
    answer = call("store", "export", tmp_path / "out.jsonl", "--config", settings)
    assert answer.stderr.startswith(f"Exported from the store at {local.place}: 2 connections")
    assert f"Nothing in {local.place} is" in call("store", "rotate", "--config", settings).stdout


@pytest.mark.parametrize(
    ("key", "why"),
    [(OTHER_KEY, "store_key opens none of them"), (None, "store_key is not set")],
    ids=["another", "none"],
)
def test_it_needs_no_key(at_server, server, key, why):
    fill(server, None, NEW_KEY)
    answer = at_server(store_key=key)
    assert answer.exit_code == 0
    assert f"3, and {why}\n" in answer.stdout


def test_it_tells_which_keys_are_still_needed(at_server, server):
    fill(server, None, KEY)
    line = "0 encrypted with the first key of store_key, 3 with an older one, 0 with none that is"
    assert line in at_server(store_key=f"{NEW_KEY},{KEY}").stdout


def test_where_there_is_no_store_none_is_made(tmp_path):
    answer = call("store", "--data-dir", tmp_path / "none")
    assert answer.exit_code == 0
    assert answer.stdout == (
        f"There is no store at {tmp_path}/none/store.sqlite yet; the first sign-in or run makes "
        "one.\n"
    )
    assert call("store", "--json", "--data-dir", tmp_path / "none").json is None
    assert not (tmp_path / "none").exists()


def test_a_newer_store_is_refused(at_file, local):
    with local.transaction() as connection:
        connection.execute(update(STORE).values(version=VERSION + 1))
    answer = at_file()
    assert answer.exit_code == 78
    assert f"has version {VERSION + 1}, and this program knows {VERSION}" in answer.log


# A key


def test_a_key_is_all_that_is_on_stdout():
    answer = call("store", "key")
    assert key_fault(answer.stdout.rstrip("\n")) == ""
    assert answer.lines == [answer.stdout[:-1]]
    assert "Set it as store_key on every machine" in answer.stderr
    assert call("store", "key").stdout != answer.stdout


# Export and import


def test_a_login_is_brought_to_a_server(at_file, at_server, local, server, tmp_path):
    out = at_file("export", tmp_path / "out.jsonl")
    assert out.exit_code == 0
    assert out.stdout == ""
    assert out.stderr == (
        f"Exported from the store at {local.place}: 2 connections, 1 interrupted run, 3 imports, "
        "2 past runs, 1 request count.\n"
        "Use 2 connections ('shop', 'shop-é') in one of the two places only: a refresh token that "
        "rotates serves once. store export --forget removes the connections that it has exported\n"
    )
    into = at_server("import", tmp_path / "out.jsonl")
    assert into.exit_code == 0
    assert into.stdout == (
        f"Imported into the store at {server.place}: 2 connections, 1 interrupted run, 3 imports, "
        "2 past runs, 1 request count.\n"
    )
    assert rows_in(server) == rows_in(local)
    for secret in (TOKEN, LEDGER_KEY, NEW_KEY):
        assert secret not in said(out) + said(into) + (tmp_path / "out.jsonl").read_text()


def test_the_file_is_for_its_owner_only_and_never_half_there(at_file, tmp_path):
    at_file("export", tmp_path / "out.jsonl")
    assert stat.S_IMODE((tmp_path / "out.jsonl").stat().st_mode) == 0o600
    assert not [*tmp_path.glob("*.new")]


def test_a_file_that_is_there_is_left_alone(at_file, tmp_path):
    (tmp_path / "out.jsonl").write_text("mine")
    answer = at_file("export", tmp_path / "out.jsonl")
    assert answer.exit_code == 78
    assert "out.jsonl is there already; delete it, or name another file" in answer.log
    assert (tmp_path / "out.jsonl").read_text() == "mine"


def test_a_link_is_not_followed(at_file, tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere.jsonl")
    assert at_file("export", tmp_path / "link").exit_code == 78
    assert not (tmp_path / "elsewhere.jsonl").exists()


def test_where_nothing_can_be_written_nothing_is(at_file, tmp_path):
    answer = at_file("export", tmp_path / "none" / "out.jsonl")
    assert answer.exit_code == 78
    line = f"{tmp_path}/none/out.jsonl cannot be written (No such file or directory); name another"
    assert line in answer.log


def test_a_file_that_is_not_there_is_said(at_file, tmp_path):
    answer = at_file("import", tmp_path / "none.jsonl")
    assert answer.exit_code == 78
    assert "none.jsonl cannot be read (No such file or directory); name another file" in answer.log


@pytest.mark.parametrize("words", [("export", "out.jsonl"), ("import", "out.jsonl")])
@pytest.mark.usefixtures("local")
def test_without_a_key_nothing_is_moved(tmp_path, words):
    answer = call("store", *words, "--data-dir", tmp_path / "data")
    assert answer.exit_code == 78
    assert answer.log.splitlines() == [no_key_to_move()]
    assert not (tmp_path / "out.jsonl").exists()


def test_an_empty_store_is_not_exported(tmp_path):
    settings = config_file(tmp_path, data_dir=str(tmp_path / "wrong"), store_key=KEY)
    answer = call("store", "export", tmp_path / "out.jsonl", "--config", settings)
    assert answer.exit_code == 78
    assert "wrong/store.sqlite is empty; correct data_dir or store_url" in answer.log
    assert not (tmp_path / "out.jsonl").exists()


def test_to_forget_is_to_move(at_file, local, tmp_path):
    before = rows_in(local)
    answer = at_file("export", tmp_path / "out.jsonl", "--forget")
    assert answer.exit_code == 0
    assert f"Removed from the store at {local.place}: 2 connections ('shop', 'shop-é')." in (
        answer.stderr
    )
    assert rows_in(local) == before | {"connections": []}
    back = at_file("import", tmp_path / "out.jsonl")
    assert back.exit_code == 0
    assert "Already there: 1 interrupted run, 3 imports" in back.stdout
    assert rows_in(local) == before


def test_what_went_through_a_pipe_is_not_forgotten(at_file, local):
    before = rows_in(local)
    answer = at_file("export", "-", "--forget")
    assert answer.exit_code == 78
    assert "--forget needs a file: what goes through a pipe may be lost behind it" in answer.log
    assert rows_in(local) == before


def test_what_could_not_be_written_is_not_forgotten(at_file, local, tmp_path):
    before = rows_in(local)
    assert at_file("export", tmp_path / "none" / "out.jsonl", "--forget").exit_code == 78
    assert rows_in(local) == before


def test_streams_do_as_well_as_files(at_file, at_server, local, server):
    out = at_file("export", "-")
    assert out.exit_code == 0
    assert json.loads(out.lines[0])["format"] == "target-constant-contact store"
    into = at_server("import", "-", text=out.stdout)
    assert into.exit_code == 0
    assert rows_in(server) == rows_in(local)


def test_what_differs_is_replaced_if_that_is_asked_for(at_file, at_server, server, tmp_path):
    at_file("export", tmp_path / "out.jsonl")
    fill(server, {"connections": [{"name": "shop", "document": "{}", "writes": 1}]}, NEW_KEY)
    refused = at_server("import", tmp_path / "out.jsonl")
    assert refused.exit_code == 78
    assert "connection 'shop' is in the store" in refused.log
    assert at_server("import", tmp_path / "out.jsonl", "--replace").exit_code == 0
    assert TOKEN in rows_in(server)["connections"][0]["document"]


def test_a_wrong_key_imports_nothing(at_file, at_server, server, tmp_path):
    at_file("export", tmp_path / "out.jsonl")
    answer = at_server("import", tmp_path / "out.jsonl", store_key=OTHER_KEY)
    assert answer.exit_code == 78
    assert "store_key does not open connection 'shop' in" in answer.log
    assert not any(rows_in(server).values())


def test_what_is_being_used_is_not_moved(at_file, local, tmp_path):
    with local.lock("export account-1/nightly", 5):
        answer = at_file("export", tmp_path / "out.jsonl", "--forget")
    assert answer.exit_code == 75
    assert "export account-1/nightly is being used by a run or another command" in answer.log
    assert not (tmp_path / "out.jsonl").exists()


# Another key


def test_after_a_rotation_the_old_key_can_go(at_server, server):
    fill(server, None, KEY)
    before = rows_in(server)
    answer = at_server("rotate", store_key=f"{NEW_KEY},{KEY}")
    assert answer.stdout == (
        "3 secrets of 3 were encrypted anew; the first key of store_key opens all of them, and any "
        "other can be taken out, on every machine.\n"
    )
    assert "3 encrypted with the first key" in at_server(store_key=NEW_KEY).stdout
    fill(server, {}, NEW_KEY)
    assert rows_in(server) == before


def test_when_a_key_is_lost_it_says_what_has_gone_with_it(at_server, server):
    fill(server, None, KEY)
    answer = at_server("rotate", "--forget", store_key=NEW_KEY)
    assert answer.exit_code == 0
    first, _ = answer.stdout.splitlines()
    assert first.startswith("Removed, as no key opens it: connection ")
    assert first.endswith(
        ", the ledger key. Make the connections anew with target-constant-contact login; what "
        "interrupted runs have sent is sent once more."
    )


def test_in_a_file_there_is_nothing_to_rotate(at_file, local):
    answer = at_file("rotate")
    assert answer.exit_code == 0
    assert answer.stdout == (
        f"Nothing in {local.place} is encrypted: it is a file that only its owner can read.\n"
    )


@pytest.mark.usefixtures("local")
def test_options_count_on_either_side_of_a_commands_name(tmp_path):
    settings = config_file(tmp_path, data_dir=str(tmp_path / "data"), store_key=NEW_KEY)
    out = tmp_path / "out.jsonl"
    done = CliRunner().invoke(command(), ["store", "--config", str(settings), "export", str(out)])
    assert done.exit_code == 0
    assert out.exists()
