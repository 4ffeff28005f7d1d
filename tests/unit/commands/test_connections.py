"""The stored connections, shown and taken away."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from target_constant_contact.api.oauth import tokens
from target_constant_contact.api.oauth.connection import (
    Agreement,
    Application,
    Connection,
    fingerprint,
)
from target_constant_contact.api.oauth.tokens import StoredConnections, open_connections
from target_constant_contact.commands import logout
from target_constant_contact.commands.connections import Condition, moment
from tests.support.commands import Answer, call, config_file
from tests.support.connections import Connections

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DAY = 86_400.0
NOW = 1_790_000_000.0  # 2026-09-21T14:13:20Z
SECRETS = ("s3cret-of-app", "refresh-t0ken", "access-t0ken")
SHOP = Connection(
    name="shop",
    application=Application("an-app", SECRETS[0], "https://auth.example.com"),
    refresh_token=SECRETS[1],
    access_token=SECRETS[2],
    expires_at=NOW + 3_600,
    lifetime=DAY,
    refreshed_at=NOW - 12.5 * DAY,
    rotating=True,
    account_id="a07e",
    account_name="Acorn Shop",
    agreement=Agreement("ada", "2026-01-02T03:04:05+00:00", "that e-mail addresses leave"),
)
SEEDED = replace(SHOP, name="seeded", agreement=None, account_id="", account_name="", rotating=None)
UNUSED = replace(SEEDED, name="unused", access_token="", refreshed_at=0.0, expires_at=0.0)


@pytest.fixture
def store(tmp_path: Path) -> Connections:
    return Connections(tmp_path)


@pytest.fixture
def ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Answer]:
    """Run a command at the moment NOW: `ask("connections", "--json")`."""

    def run(name: str, *words: object, text: str | None = None, **settings: Any) -> Answer:
        config = config_file(tmp_path, data_dir=str(tmp_path), **settings)
        with monkeypatch.context() as patch:
            patch.setattr(f"target_constant_contact.commands.{name}.time.time", lambda: NOW)
            return call(name, "--config", config, *words, text=text)

    return run


def status(connection: Connection, age_days: float) -> str:
    return Condition.of(replace(connection, refreshed_at=NOW - age_days * DAY), NOW).status


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (0, "ok"),
        (149.99, "ok"),
        (150, "sign in again within 30 days"),
        (150.5, "sign in again within 30 days"),
        (178.2, "sign in again within 2 days"),
        (179.5, "sign in again within 1 day"),
        (180, "expired: sign in again"),
        (500, "expired: sign in again"),
    ],
)
def test_the_status_goes_by_the_age_of_the_refresh_token(age: float, expected: str):
    assert status(SHOP, age) == expected


def test_a_clock_that_was_set_back_makes_a_token_new():
    condition = Condition.of(replace(SHOP, refreshed_at=NOW + 2 * DAY), NOW)

    assert (condition.status, condition.refresh_token_age_days) == ("ok", 0)


def test_a_seed_that_was_never_used_has_no_age():
    condition = Condition.of(UNUSED, NOW)

    assert condition.status == "not used yet"
    assert condition.refresh_token_age_days is None
    assert condition.refresh_token_good_until is None
    assert condition.access_token_good_until is None


@pytest.mark.parametrize("connection", [SHOP, SEEDED, UNUSED])
def test_a_renewal_whose_answer_is_not_known_shows(connection: Connection):
    sent = replace(connection, sent=fingerprint(connection.refresh_token))

    assert Condition.of(sent, NOW).status.startswith("last renewal not finished")


def test_a_lost_answer_does_no_harm_to_a_long_lived_token():
    sent = replace(SHOP, sent=fingerprint(SHOP.refresh_token), rotating=False)

    assert Condition.of(sent, NOW).status == "ok"


def test_a_note_about_another_token_is_no_concern():
    assert Condition.of(replace(SHOP, sent=fingerprint("another")), NOW).status == "ok"


def test_what_has_expired_is_not_called_unfinished():
    sent = replace(SHOP, sent=fingerprint(SHOP.refresh_token))

    assert status(sent, 180) == "expired: sign in again"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("2026-01-02T03:04:05+00:00", "2026-01-02 03:04"),
        ("2026-01-02T03:04:05+02:00", "2026-01-02 01:04"),
        ("some day", "some day"),
        (None, ""),
    ],
)
def test_moments_are_shown_to_the_minute_in_utc(value: str | None, shown: str):
    assert moment(value) == shown


def test_connections_are_shown_with_all_that_is_known(ask: Any, store: Connections):
    store.write(SHOP)
    store.write(SEEDED)
    store.write(UNUSED)

    answer = ask("connections")

    assert answer.exit_code == 0
    assert [[cell.strip() for cell in line.split("  ") if cell] for line in answer.lines[2:]] == [
        [
            "seeded",
            "not known",
            "seeded",
            "an-app",
            "unknown, 12 days old, good until 2027-03-08 02:13",
            "2026-09-21 15:13",
            "ok",
        ],
        [
            "shop",
            "Acorn Shop (a07e)",
            "2026-01-02 03:04 by ada",
            "an-app",
            "rotating, 12 days old, good until 2027-03-08 02:13",
            "2026-09-21 15:13",
            "ok",
        ],
        ["unused", "not known", "seeded", "an-app", "unknown", "not used yet"],
    ]


def test_connections_are_printed_for_programs(ask: Any, store: Connections):
    store.write(SHOP)

    assert ask("connections", "--json").json == [
        {
            "name": "shop",
            "status": "ok",
            "account_id": "a07e",
            "account_name": "Acorn Shop",
            "client_id": "an-app",
            "agreed_by": "ada",
            "agreed_at": "2026-01-02T03:04:05+00:00",
            "agreed_to": "that e-mail addresses leave",
            "refresh_token_kind": "rotating",
            "refresh_token_age_days": 12,
            "refresh_token_good_until": "2027-03-08T02:13:20+00:00",
            "access_token_good_until": "2026-09-21T15:13:20+00:00",
        }
    ]


def test_a_long_lived_token_is_called_so(ask: Any, store: Connections):
    store.write(replace(SHOP, rotating=False))

    assert "long-lived, 12 days old" in ask("connections").stdout


def test_no_secret_is_shown_and_nothing_is_changed(ask: Any, store: Connections):
    store.write(SHOP)
    before = store.read("shop")

    answers = [ask("connections"), ask("connections", "--json")]

    for answer in answers:
        for secret in SECRETS:
            assert secret not in answer.stdout + answer.stderr + answer.log
    assert store.read("shop") == before


def test_no_connection_is_no_error_and_names_login(ask: Any, tmp_path: Path):
    answer = ask("connections")

    assert answer.exit_code == 0
    assert answer.stdout == (
        f"There are no connections in the store in {tmp_path / 'store.sqlite'}. Make one: "
        "target-constant-contact login\n"
    )
    assert ask("connections", "--json").json == []


def test_a_connection_that_is_removed_meanwhile_is_not_shown(
    ask: Any, store: Connections, monkeypatch: pytest.MonkeyPatch
):
    store.write(SHOP)
    monkeypatch.setattr(StoredConnections, "names", lambda _: ["gone", "shop"])

    assert [item["name"] for item in ask("connections", "--json").json] == ["shop"]


def test_a_store_that_is_open_to_others_is_refused(ask: Any, store: Connections):
    store.write(SHOP)
    store.file.chmod(0o640)

    for answer in (ask("connections"), ask("logout", "--connection", "shop", "--yes")):
        assert answer.exit_code == 78
        assert "open to other users (mode 640); it was not read" in answer.log
        assert f"chmod 600 {store.file}, and sign in again if somebody may have" in answer.log
        assert answer.stdout == ""


def test_every_connection_that_cannot_be_read_is_explained_and_the_rest_shown(
    ask: Any, store: Connections
):
    for connection in (SHOP, SEEDED, UNUSED):
        store.write(connection)
    store.damage("shop")
    store.damage("seeded", "[]")

    answer, programs = ask("connections"), ask("connections", "--json")

    assert answer.exit_code == programs.exit_code == 77
    assert [line.endswith("cannot be read: see below") for line in answer.lines[2:]] == [
        True,
        True,
        False,
    ]
    assert ["damaged" in item["status"] for item in programs.json] == [True, True, False]
    for name, line in zip(("seeded", "shop"), sorted(answer.log.splitlines()), strict=True):
        assert line.startswith(f"Connection '{name}' in the store in {store.file} is damaged")
        assert line.endswith(f"login --connection {name}")


@pytest.mark.parametrize("words", [("--connection", "shop"), ()])
def test_logout_removes_the_tokens(ask: Any, store: Connections, words: tuple[str, ...]):
    store.write(SHOP)
    store.write(SEEDED)

    answer = ask("logout", *words, "--yes", connection="shop")

    assert answer.exit_code == 0
    assert store.names() == ["seeded"]
    assert answer.lines[0] == f"Connection 'shop' is removed from the store in {store.file}."


def test_without_a_name_the_default_connection_is_removed(ask: Any, store: Connections):
    store.write(replace(SHOP, name="default"))

    assert ask("logout", "--yes").exit_code == 0
    assert store.names() == []


def test_logout_says_what_remains_and_how_to_end_it(ask: Any, store: Connections):
    store.write(SHOP)

    answer = ask("logout", "--connection", "shop", "--yes")

    for part in (
        "Constant Contact was not told",
        "- the access token, good until 2026-09-21 15:13 UTC",
        "- the refresh token, good until 2027-03-08 02:13 UTC unless it is revoked",
        "- all lists and contacts, as they are",
        "disconnect the application an-app",
        "a new secret in the developer portal",
        "A run that is under way ends when it next has to renew its token.",
    ):
        assert part in answer.stdout
    assert answer.log == ""
    for secret in SECRETS:
        assert secret not in answer.stdout


def test_what_has_expired_does_not_remain(ask: Any, store: Connections):
    store.write(replace(SHOP, expires_at=NOW, refreshed_at=NOW - 180 * DAY))

    answer = ask("logout", "--connection", "shop", "--yes")

    assert "good until" not in answer.stdout


def test_a_seed_that_was_never_used_remains_as_it_was(ask: Any, store: Connections):
    store.write(UNUSED)

    answer = ask("logout", "--connection", "unused", "--yes")

    assert "- the refresh token of the settings, which has brought no other yet" in answer.lines
    assert "access token" not in answer.stdout


def test_a_connection_that_cannot_be_read_is_removed_all_the_same(ask: Any, store: Connections):
    store.write(SHOP)
    store.damage("shop")

    answer = ask("logout", "--connection", "shop", "--yes")

    assert answer.exit_code == 0
    assert "a refresh token, good for up to 180 days unless it is revoked" in answer.stdout
    assert store.names() == []


def test_without_a_terminal_logout_needs_yes(ask: Any, store: Connections):
    store.write(SHOP)

    answer = ask("logout", "--connection", "shop", text="y\n")

    assert answer.exit_code == 78
    assert "logout asks before it removes connection 'shop'; pass --yes" in answer.log
    assert store.names() == ["shop"]


@pytest.mark.parametrize(("typed", "exit_code"), [("y\n", 0), ("n\n", 1), ("\n", 1), ("", 1)])
def test_a_person_is_asked(
    ask: Any, store: Connections, monkeypatch: pytest.MonkeyPatch, typed: str, exit_code: int
):
    """The last one is Ctrl-D."""
    store.write(SHOP)
    monkeypatch.setattr(logout, "at_terminal", lambda: True)

    answer = ask("logout", "--connection", "shop", text=typed)

    assert "Remove connection 'shop' to Acorn Shop?" in answer.stderr
    assert answer.exit_code == exit_code
    assert ("Nothing was removed." in answer.stderr) is bool(exit_code)
    assert store.names() == (["shop"] if exit_code else [])


def test_an_account_without_a_name_is_not_named_in_the_question(
    ask: Any, store: Connections, monkeypatch: pytest.MonkeyPatch
):
    store.write(SEEDED)
    monkeypatch.setattr(logout, "at_terminal", lambda: True)

    assert "Remove connection 'seeded'?" in ask("logout", "--connection", "seeded").stderr


def test_an_unknown_connection_is_said_with_close_matches(ask: Any, store: Connections):
    store.write(SHOP)

    answer = ask("logout", "--connection", "shopp", "--yes")

    assert answer.exit_code == 78
    assert f"'shopp' in the store in {store.file}; did you mean 'shop'?" in answer.log
    assert store.names() == ["shop"]


@pytest.mark.parametrize("name", ["", "../shop", "a b"])
def test_a_name_that_no_connection_has_removes_nothing(ask: Any, store: Connections, name: str):
    store.write(replace(SHOP, name="default"))

    answer = ask("logout", "--connection", name, "--yes")

    assert answer.exit_code == 78
    assert "cannot be a name" in answer.log
    assert store.names() == ["default"]


def test_a_seed_that_is_still_set_is_warned_of(ask: Any, store: Connections):
    store.write(SHOP)

    answer = ask(
        "logout", "--yes", connection="shop", client_id="an-app", refresh_token="seed-t0ken"
    )

    assert "refresh_token is still in the settings: the next run makes the connection" in answer.log
    assert "seed-t0ken" not in answer.log + answer.stdout
    assert "access_token is still" not in answer.log


def test_a_seed_of_another_connection_is_no_concern(ask: Any, store: Connections):
    store.write(SHOP)

    answer = ask(
        "logout", "--yes", "--connection", "shop", client_id="an-app", refresh_token="seed-t0ken"
    )

    assert answer.log == ""


def test_an_access_token_that_is_still_set_is_warned_of(ask: Any, store: Connections):
    store.write(SHOP)

    answer = ask("logout", "--yes", connection="shop", access_token="a-t0ken")

    assert "access_token is still in the settings: runs go on with it" in answer.log
    assert "a-t0ken" not in answer.log


def test_logout_waits_for_the_lock(ask: Any, store: Connections, monkeypatch: pytest.MonkeyPatch):
    store.write(SHOP)
    monkeypatch.setattr(tokens, "_LOCK_SECONDS", 0.0)

    with open_connections(store.place) as other, other.lock("shop"):
        answer = ask("logout", "--connection", "shop", "--yes")

    assert answer.exit_code == 75
    assert "Another process has been renewing connection 'shop'" in answer.log
    assert store.names() == ["shop"]


def test_the_clock_of_the_machine_is_what_counts(store: Connections, tmp_path: Path):
    store.write(replace(SHOP, refreshed_at=time.time() - 3 * DAY))

    (condition,) = call("connections", "--data-dir", tmp_path, "--json").json

    assert condition["refresh_token_age_days"] == 3
