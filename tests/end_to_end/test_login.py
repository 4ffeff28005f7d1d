"""The command `login` against the sandbox over HTTP; a client plays the browser."""

from __future__ import annotations

import json
import logging
import socket
import stat
import threading
import time
import webbrowser
from contextlib import closing
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from click.testing import CliRunner
from cryptography.fernet import Fernet

from target_constant_contact.account import account as account_room
from target_constant_contact.account import new_connection, sign_in
from target_constant_contact.api.limits.limiter import RateLimiter
from target_constant_contact.api.oauth.connection import Application, Connection
from target_constant_contact.api.oauth.grants import AuthorizationServer
from target_constant_contact.api.oauth.tokens import StoredConnections
from target_constant_contact.cli import command
from target_constant_contact.commands import application as application_room
from target_constant_contact.commands import login as login_room
from target_constant_contact.events.events import Events
from target_constant_contact.exceptions import StorageError
from target_constant_contact.sandbox import Fault, ManualClock, Sandbox
from target_constant_contact.store.opening import open_store
from tests.conftest import AT_ONCE
from tests.support.connections import Connections
from tests.support.limiting import LimiterInMemory
from tests.support.target import member, run, schema, settings_for

if TYPE_CHECKING:
    from collections.abc import Callable

CONFIDENTIAL = {"client_id": "sandbox-app", "client_secret": "sandbox-secret"}
PUBLIC = {"client_id": "sandbox-public"}
ACCOUNT = "Sandbox Trading Co."
DONE = ["--agree", "--yes"]
BOTH_KINDS = pytest.mark.parametrize(
    "application", [CONFIDENTIAL, PUBLIC], ids=["confidential", "public"]
)


class Browser:
    """Follows the address of a sign-in, as a person who approves would; in a thread."""

    def __init__(self) -> None:
        self.opened: list[str] = []
        self.pages: list[requests.Response] = []
        self.codes: list[str] = []
        self.decision = {"prompt": "none"}
        self.on_the_way: Callable[[str], str] = lambda back: back
        self._threads: list[threading.Thread] = []

    def open(self, url: str) -> bool:
        self.opened.append(url)
        self._threads.append(threading.Thread(target=self._visit, args=(url,)))
        self._threads[-1].start()
        return True

    def approve(self, url: str) -> str:
        """Approve, and return the address that the browser is sent back to."""
        found = requests.post(url, self.decision, timeout=10, allow_redirects=False)
        back = found.headers["Location"]
        self.codes += [value for name, value in parse_qsl(urlsplit(back).query) if name == "code"]
        return back

    def _visit(self, url: str) -> None:
        self.pages.append(requests.get(self.on_the_way(self.approve(url)), timeout=10))

    def close(self) -> None:
        for thread in self._threads:
            thread.join(10)


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def sandbox(clock):
    with Sandbox(behaviour=AT_ONCE, clock=clock) as account:
        yield account


@pytest.fixture
def browser(monkeypatch):
    one = Browser()
    monkeypatch.setattr(webbrowser, "open", one.open)
    yield one
    one.close()


@pytest.fixture
def store(tmp_path):
    return Connections(tmp_path / "data")


@pytest.fixture
def redirect_uri():
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://localhost:{probe.getsockname()[1]}/callback"


@pytest.fixture
def at_terminal(monkeypatch):
    for room in (login_room, application_room):
        monkeypatch.setattr(room, "at_terminal", lambda: True)


@pytest.fixture(autouse=True)
def _at_once_and_with_few_handlers(browser, monkeypatch):
    """No real browser, no waiting for the limit; singer-sdk adds a handler at each command."""
    del browser
    monkeypatch.setattr(
        account_room, "RateLimiter", partial(RateLimiter, sleep=lambda _seconds: None)
    )
    root = logging.getLogger()
    before = root.handlers[:]
    yield
    root.handlers[:] = before


@pytest.fixture
def login(sandbox, tmp_path, redirect_uri, caplog):
    r"""Run the command: `login(*arguments, typed="y\n", **settings)`."""

    def start(*arguments: str, typed: str = "", **settings: object) -> SimpleNamespace:
        service = {
            "api_url": sandbox.api_url,
            "auth_url": sandbox.auth_url,
            "data_dir": str(tmp_path / "data"),
        }
        path = tmp_path / "config.json"
        path.write_text(json.dumps(service | (settings or CONFIDENTIAL)))
        begun = len(caplog.text)
        done = CliRunner().invoke(
            command(),
            ["login", "--config", str(path), "--redirect-uri", redirect_uri, *arguments],
            input=typed,
        )
        log = caplog.text[begun:]
        return SimpleNamespace(
            exit_code=done.exit_code, stdout=done.stdout, stderr=done.stderr, log=log
        )

    return start


def paths(sandbox: Sandbox) -> list[str]:
    return [f"{seen.method} {seen.path.rpartition('/')[2]}" for seen in sandbox.requests]


def refused(done: SimpleNamespace, exit_code: int, *words: str) -> None:
    """The command has ended with this code and one line with these words."""
    assert done.exit_code == exit_code
    lines = [line for line in done.log.splitlines() if "ERROR" in line]
    assert len(lines) == 1
    for word in words:
        assert word in lines[0]
    assert "Traceback" not in done.log + done.stderr


def only_works(sandbox: Sandbox, connection: Connection) -> None:
    """The stored access token is one of the service's."""
    headers = {"Authorization": f"Bearer {connection.access_token}"}
    assert requests.get(f"{sandbox.api_url}/contact_lists", headers=headers, timeout=10).ok


@BOTH_KINDS
def test_a_browser_on_this_machine_comes_back_by_itself(
    login, browser, sandbox, store, application
):
    done = login(*DONE, "--connection", "shop", **application)
    assert done.exit_code == 0, done.log
    connection = store.read("shop")
    only_works(sandbox, connection)
    assert connection.application.client_id == application["client_id"]
    assert connection.application.client_secret is None
    assert ("client_secret in the settings" in done.stdout) is ("client_secret" in application)
    browser.close()
    assert "You have approved" in browser.pages[0].text
    query = dict(parse_qsl(urlsplit(browser.opened[0]).query))
    assert query["code_challenge_method"] == "S256"
    assert query["scope"].split() == ["contact_data", "offline_access", "account_read"]


def test_a_connection_is_kept_in_a_shared_store(login, sandbox, postgres, tmp_path):
    """And the next sign-in takes the application from there."""
    shared = {"store_url": postgres.new_url(), "store_key": Fernet.generate_key().decode()}
    for settings in (CONFIDENTIAL | shared, shared | {"client_secret": "sandbox-secret"}):
        done = login(*DONE, "--connection", "shop", **settings)
        assert done.exit_code == 0, done.log
        assert "Connection 'shop' is stored in the store at 127.0.0.1" in done.stdout
        assert "That store has to last" in done.stdout
    store = Connections(tmp_path / "data", shared["store_url"], shared["store_key"])
    connection = store.read("shop")
    only_works(sandbox, connection)
    assert connection.application.client_secret is None
    assert connection.agreement
    assert not [*tmp_path.rglob("shop*"), *tmp_path.rglob("*.sqlite")]


def test_nobody_is_asked_to_sign_in_where_nothing_can_be_kept(login, browser, postgres):
    shared = {"store_url": postgres.new_url(), "store_key": Fernet.generate_key().decode()}
    name = shared["store_url"].rpartition("/")[2]
    assert login(*DONE, **CONFIDENTIAL, **shared).exit_code == 0
    visits = len(browser.opened)
    postgres.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    refused(login(*DONE, **CONFIDENTIAL, **shared), 78, "takes no changes")
    other = Fernet.generate_key().decode()
    refused(login(*DONE, **CONFIDENTIAL, **(shared | {"store_key": other})), 78, "store_key")
    assert len(browser.opened) == visits


@BOTH_KINDS
def test_the_address_of_a_browser_elsewhere_is_pasted(
    login, browser, store, sandbox, monkeypatch, application
):
    pasted = []

    def paste(url):
        pasted.extend(["", "http://localhost:1/", browser.approve(url)])

    monkeypatch.setattr(login_room, "_show_address", paste)
    monkeypatch.setattr(login_room, "_pasted", lambda: pasted.pop(0))
    done = login(*DONE, "--no-browser", **application)
    assert done.exit_code == 0, done.log
    only_works(sandbox, store.read("default"))
    assert browser.opened == []


def test_a_pasted_address_is_read_from_a_pipe(login, browser, monkeypatch, store):
    """The state of the test's own choice lets the answer be written before the question."""
    monkeypatch.setattr(sign_in.secrets, "token_urlsafe", lambda size: "s" * size * 2)
    done = login("--no-browser", *DONE, typed="\n?code=none&state=" + "s" * 64 + "\n")
    refused(done, 77, "five minutes", "once")
    assert "redirect_uri=" in done.stderr
    assert browser.opened == []
    assert store.names() == []


@BOTH_KINDS
def test_a_device_is_approved_on_another_one(
    login, behave, sandbox, store, monkeypatch, application
):
    behave(device_interval=0)
    shown = login_room._show_device

    def approve(device):
        shown(device)
        sandbox.approve_device(device.user_code)

    monkeypatch.setattr(login_room, "_show_device", approve)
    done = login(*DONE, "--device", **application)
    assert done.exit_code == 0, done.log
    assert "/activate?user_code=" in done.stderr
    only_works(sandbox, store.read("default"))


@pytest.fixture
def authorization_server(sandbox, clock):
    """The sandbox's, as an application without a secret sees it."""
    limiter = LimiterInMemory(
        clock=clock,
        requests_per_second=1_000,
        requests_per_day=86_400,
        sleep=lambda _seconds: None,
    )
    application = Application("sandbox-public", None, sandbox.auth_url)
    yield AuthorizationServer(application, limiter=limiter)
    limiter.close()


def test_a_device_waits_asks_slower_when_told_and_gets_its_tokens(
    sandbox, clock, behave, authorization_server
):
    slept = []

    def sleep(seconds):
        slept.append(seconds)
        clock.advance(seconds)
        if len(slept) == 1:
            behave(device_interval=8)
        if len(slept) == 3:
            sandbox.approve_device(codes[0].user_code)

    codes = []
    grant = sign_in.with_device(
        authorization_server, codes.append, Events(), clock=clock, sleep=sleep
    )
    assert grant.refresh_token
    # Pending at 5 s; at 10 s too early for 8 s, so that it asks at 20 s.
    assert slept == [5.0, 5.0, 10.0]
    answers = [seen.status for seen in sandbox.requests if seen.path.endswith("/token")]
    assert answers == [400, 400, 200]


def test_a_device_that_nobody_approves_gives_up(clock, authorization_server):
    with pytest.raises(sign_in.SignInError, match="took too long"):
        sign_in.with_device(
            authorization_server, lambda _device: None, Events(), clock=clock, sleep=clock.sleep
        )


def test_a_refused_sign_in_stores_nothing(login, browser, store):
    browser.decision = {"decision": "refuse"}
    refused(login(*DONE), 77, "access was not given", "administrator")
    browser.close()
    assert "Not connected" in browser.pages[0].text
    assert store.names() == []


def test_a_refused_device_stores_nothing(login, behave, sandbox, store, monkeypatch):
    behave(device_interval=0)
    monkeypatch.setattr(
        login_room,
        "_show_device",
        lambda device: sandbox.approve_device(device.user_code, approve=False),
    )
    refused(login(*DONE, "--device", **PUBLIC), 77, "refused on the other device")
    assert store.names() == []


def test_the_answer_to_another_sign_in_is_not_used_and_the_right_one_still_is(
    login, browser, sandbox, store
):
    """Any page that is open in the browser can ask for an address of this machine."""

    def with_an_image(back):
        foreign = back.partition("?")[0] + "?error=access_denied&state=another"
        browser.pages.append(requests.get(foreign, timeout=10))
        assert "POST token" not in paths(sandbox)
        return back

    browser.on_the_way = with_an_image
    assert login(*DONE).exit_code == 0
    browser.close()
    assert [page.status_code for page in browser.pages] == [400, 200]
    # The other one is the renewal.
    assert paths(sandbox).count("POST token") == 2
    assert store.names() == ["default"]


def test_an_expired_code_says_how_long_it_lives(login, browser, clock, store):
    def dawdle(back):
        clock.advance(301)
        return back

    browser.on_the_way = dawdle
    refused(login(*DONE), 77, "lives for five minutes and serves once")
    assert store.names() == []


def test_a_used_code_says_that_it_serves_once(login, browser, sandbox, store):
    def use_up(back):
        form = {"grant_type": "authorization_code", "code": browser.codes[-1]}
        auth = tuple(CONFIDENTIAL.values())
        requests.post(f"{sandbox.auth_url}/token", form, auth=auth, timeout=10)
        return back

    browser.on_the_way = use_up
    refused(login(*DONE), 77, "lives for five minutes and serves once")
    assert store.names() == []


def test_a_missing_refresh_token_says_how_to_get_one(login, behave, store):
    behave(refused_scopes=frozenset({"offline_access"}))
    refused(login(*DONE), 77, "no refresh token", "offline_access", "developer portal")
    assert store.names() == []


def test_a_sign_in_without_contact_data_is_of_no_use(login, behave, store):
    behave(refused_scopes=frozenset({"contact_data"}))
    refused(login(*DONE), 77, "contact_data was not granted")
    assert store.names() == []


def test_a_wrong_secret_is_a_fault_of_the_settings(login, store):
    done = login(*DONE, client_id="sandbox-app", client_secret="mistyped")
    refused(done, 78, "client_secret")
    assert "mistyped" not in done.log + done.stderr
    assert store.names() == []


def test_a_token_that_the_api_does_not_know_is_not_stored(login, store):
    """As when `api_url` and `auth_url` belong to different services."""
    with Sandbox() as other:
        done = login(*DONE, **CONFIDENTIAL, api_url=other.api_url)
    refused(done, 77, "api_url and auth_url belong to the same service")
    assert store.names() == []


def test_a_taken_port_is_said_before_the_browser_opens(login, browser, redirect_uri):
    with closing(socket.create_server(("127.0.0.1", urlsplit(redirect_uri).port))):
        refused(login(*DONE), 78, "cannot be used", "--redirect-uri")
    assert browser.opened == []


def test_a_browser_that_cannot_be_opened_leaves_the_address(
    login, browser, store, monkeypatch, sandbox
):
    def broken(url):
        browser.open(url)
        raise webbrowser.Error("no browser")

    monkeypatch.setattr(webbrowser, "open", broken)
    done = login(*DONE)
    assert done.exit_code == 0
    assert f"{sandbox.auth_url}/authorize?" in done.stderr
    assert "No browser could be opened" in done.stderr
    assert store.names() == ["default"]


def test_ctrl_c_ends_it_with_one_line(login, store, monkeypatch):
    def interrupt(_url):
        raise KeyboardInterrupt

    monkeypatch.setattr(webbrowser, "open", interrupt)
    refused(login(*DONE), 1, "stopped before its end; nothing was stored")
    assert store.names() == []


def test_the_end_of_the_input_ends_it_with_one_line(login):
    refused(login("--no-browser", *DONE, typed=""), 1, "stopped before its end")


def test_the_sandbox_of_the_settings_needs_no_sign_in(login, sandbox, browser):
    # One line, though there is neither a terminal nor an agreement.
    refused(login(sandbox=True), 78, "the sandbox needs no sign-in")
    assert browser.opened == []
    assert sandbox.requests == []


def test_two_ways_at_once_are_refused(login):
    refused(login(*DONE, "--device", "--no-browser"), 78, "pass one of them")


def test_a_redirect_to_another_machine_needs_pasting(login, browser):
    done = login(*DONE, "--redirect-uri", "https://www.example.com/done")
    refused(done, 78, "--no-browser")
    assert browser.opened == []


def test_a_name_that_cannot_be_a_connection_is_refused(login, browser):
    refused(login(*DONE, "--connection", "../x"), 78, "'../x' cannot be a name")
    assert browser.opened == []


def test_all_that_cannot_be_asked_without_a_terminal_is_named_at_once(login, browser):
    done = login(connection="shop")
    assert done.exit_code == 78
    for words in ("client_id is missing", "--agree is missing", "--account is missing"):
        assert words in done.log
    assert browser.opened == []


@pytest.mark.usefixtures("at_terminal")
def test_a_folder_that_cannot_be_written_is_said_first(login, browser, tmp_path, sandbox):
    (tmp_path / "file").touch()
    done = login(typed="y\n", data_dir=str(tmp_path / "file" / "data"), **CONFIDENTIAL)
    refused(done, 78, "set data_dir to a folder that can be written", "Not a directory")
    assert done.stderr.count("agree") == 0
    assert browser.opened == []
    assert sandbox.requests == []


@pytest.mark.usefixtures("at_terminal")
def test_a_person_is_asked_for_all_that_is_needed(login, store, sandbox):
    before = time.time()
    typed = "sandbox-app\nsandbox-secret\ny\n\n"
    done = login("--agreed-by", "Ada", typed=typed, connection="shop")
    assert done.exit_code == 0, done.log
    for question in ("Client id", "Client secret", "Do you agree? [y/N]", "account? [Y/n]"):
        assert question in done.stderr
    connection = store.read("shop")
    assert connection.application.client_secret == "sandbox-secret"
    assert "The client secret is stored there too." in done.stdout
    assert connection.agreement.by == "Ada"
    assert connection.agreement.at.endswith("+00:00")
    assert "e-mail address" in connection.agreement.text
    assert "sandbox-app" in connection.agreement.text
    assert connection.agreement.text in done.stderr
    assert connection.refreshed_at >= before
    only_works(sandbox, connection)


@pytest.mark.usefixtures("at_terminal")
def test_a_secret_that_a_person_typed_in_is_kept_in_a_shared_store_encrypted(
    login, postgres, tmp_path
):
    url, key = postgres.new_url(), Fernet.generate_key().decode()
    typed = "sandbox-app\nsandbox-secret\ny\n\n"
    done = login(typed=typed, connection="shop", store_url=url, store_key=key)
    assert done.exit_code == 0, done.log
    kept = Connections(tmp_path / "data", url, key).read("shop")
    assert kept.application.client_secret == "sandbox-secret"
    ((dump,),) = postgres.execute(
        "SELECT database_to_xml(true, false, '')::text", url.rpartition("/")[2]
    )
    assert "shop" in dump
    secrets = ("sandbox-secret", kept.refresh_token, kept.access_token)
    assert not [secret for secret in secrets if secret in dump]


@pytest.mark.usefixtures("at_terminal")
def test_a_blank_secret_is_a_public_application(login, store):
    done = login("--agree", "--yes", typed="sandbox-public\n\n", connection="shop")
    assert done.exit_code == 0, done.log
    assert store.read("shop").application.client_secret is None


@pytest.mark.usefixtures("at_terminal")
@pytest.mark.parametrize(
    ("typed", "secret"), [("sandbox-secret\n", "sandbox-secret"), ("\n", None)]
)
def test_the_secret_of_an_application_that_is_named_is_asked_for(login, store, typed, secret):
    client_id = CONFIDENTIAL["client_id"] if secret else PUBLIC["client_id"]
    done = login(*DONE, "--client-id", client_id, typed=typed, connection="shop")
    assert done.exit_code == 0, done.log
    assert "Client secret (blank for a public application)" in done.stderr
    assert "Client id" not in done.stderr
    assert store.read("shop").application == Application(
        client_id, secret, store.read("shop").application.auth_url
    )


@pytest.mark.usefixtures("at_terminal")
def test_a_secret_that_is_known_is_not_asked_for(login):
    assert login(*DONE, typed="sandbox-app\nsandbox-secret\n", connection="shop").exit_code == 0
    for settings in ({"connection": "shop"}, CONFIDENTIAL):
        done = login(*DONE, **settings)
        assert done.exit_code == 0, done.log
        assert "Client secret" not in done.stderr


@pytest.mark.parametrize("rotating", [True, False])
def test_tokens_are_renewed_before_all_is_said_to_be_well(login, behave, sandbox, store, rotating):
    """And what the renewal has brought is what runs go on with."""
    behave(rotating_refresh_tokens=rotating)
    done = login(*DONE)
    assert done.exit_code == 0, done.log
    assert "Its tokens were renewed once" in done.stdout
    assert [path for path in paths(sandbox) if "token" in path] == ["POST token"] * 2
    connection = store.read("default")
    assert connection.rotating is rotating
    assert connection.agreement
    assert connection.account_name == ACCOUNT
    only_works(sandbox, connection)
    assert store.read("default").sent == ""


def test_a_seed_in_the_settings_is_not_what_is_renewed(login, sandbox, store):
    done = login(*DONE, **CONFIDENTIAL, refresh_token="of-another-day")
    assert done.exit_code == 0, done.log
    assert store.read("default").rotating is True
    only_works(sandbox, store.read("default"))


def test_a_connection_that_cannot_be_renewed_is_said_at_once(login, sandbox, store):
    sandbox.add_fault(Fault("POST", "/token", nth=2, action="unauthorized"))
    done = login(*DONE)
    refused(done, 78, "'default' is stored, but could not be renewed", "check client_id")
    assert "is stored in" not in done.stdout
    assert store.names() == ["default"]


@pytest.mark.usefixtures("at_terminal")
@pytest.mark.parametrize("answer", ["n\n", "\n"])
def test_nothing_happens_without_agreement(login, browser, sandbox, store, answer):
    refused(login(typed=answer), 1, "Not agreed; nothing was sent or stored.")
    assert browser.opened == []
    assert sandbox.requests == []
    assert store.names() == []


@pytest.mark.usefixtures("at_terminal")
def test_the_question_names_data_scopes_and_whose_agreement_it_is(login, monkeypatch):
    monkeypatch.setattr("getpass.getuser", lambda: "grace")
    done = login(typed="n\n")
    for words in ("e-mail address", "contact_data", "offline_access", "account_read", "grace"):
        assert words in done.stderr


def test_a_machine_without_user_names_still_stores_an_agreement(login, store, monkeypatch):
    def nobody():
        raise OSError("no user name")

    monkeypatch.setattr("getpass.getuser", nobody)
    assert login(*DONE).exit_code == 0
    assert store.read("default").agreement.by == "unknown"


@pytest.mark.usefixtures("at_terminal")
def test_a_refused_account_leaves_the_connection_as_it_was(login, store):
    assert login(*DONE).exit_code == 0
    before = store.read("default")
    done = login("--agree", typed="n\n")
    refused(done, 1, "Not connected; nothing was stored.")
    assert ACCOUNT in done.stderr
    assert store.read("default") == before


@pytest.mark.usefixtures("at_terminal")
def test_a_confirmed_account_replaces_the_connection(login, store):
    assert login(*DONE).exit_code == 0
    before = store.read("default")
    assert login("--agree", typed="y\n").exit_code == 0
    assert store.read("default").refresh_token != before.refresh_token


def test_another_account_than_the_one_named_is_refused(login, store):
    refused(login("--agree", "--account", "Other Co"), 78, "'Other Co'", ACCOUNT)
    assert store.names() == []


@pytest.mark.parametrize("arguments", [("--account", ACCOUNT.upper()), ()])
def test_the_account_that_was_named_needs_no_confirmation_without_a_terminal(
    login, store, arguments
):
    settings = {} if arguments else {"account": ACCOUNT}
    done = login("--agree", *arguments, **CONFIDENTIAL, **settings)
    assert done.exit_code == 0, done.log
    connection = store.read("default")
    assert connection.account_name == ACCOUNT
    assert connection.account_id


@pytest.mark.usefixtures("at_terminal")
def test_the_account_that_was_named_is_still_shown_to_a_person(login, store):
    refused(login("--agree", "--account", ACCOUNT, typed="n\n"), 1, "Not connected")
    assert store.names() == []


def test_an_account_that_cannot_be_told_is_connected(login, behave, store, sandbox):
    behave(refused_scopes=frozenset({"account_read"}))
    done = login(*DONE)
    assert done.exit_code == 0, done.log
    assert "cannot be told" in done.stderr
    assert store.read("default").account_name == ""
    assert "GET summary" not in paths(sandbox)


def test_an_account_that_may_not_be_told_is_connected(login, behave, store):
    """The scope was granted, but the person lacks the privilege."""
    behave(privileges=("contacts:read", "contacts:write"))
    done = login(*DONE)
    assert done.exit_code == 0, done.log
    assert "cannot be told" in done.stderr
    assert store.names() == ["default"]


def test_an_account_that_cannot_be_told_is_not_the_one_named(login, behave, store):
    behave(refused_scopes=frozenset({"account_read"}))
    refused(login("--agree", "--account", ACCOUNT), 78, "account_read")
    assert store.names() == []


def test_only_the_owner_may_read_what_is_kept(login, store):
    assert login(*DONE).exit_code == 0
    assert stat.S_IMODE(store.data.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in store.data.iterdir()} == {0o600}


def test_the_last_words_are_the_settings_to_write(login, store):
    done = login(*DONE, "--connection", "shop")
    assert str(store.file) in done.stdout
    assert "\n  connection: shop\n  accept_data_transfer: true\n" in done.stdout
    assert "has to last" in done.stdout
    assert "Take " not in done.stdout


def test_settings_that_would_keep_runs_from_the_connection_are_named(login):
    done = login(
        *DONE, "--client-id", "sandbox-public", client_id="other", access_token="of another place"
    )
    assert done.exit_code == 0, done.log
    assert "Take client_id out of the settings, or correct it: there it is other." in done.stdout
    assert "Take access_token out" in done.stdout


def test_a_disk_that_is_full_in_the_end_says_so(login, monkeypatch):
    def full(*_args):
        raise StorageError(["the store cannot be used (database or disk is full); make room"])

    monkeypatch.setattr(StoredConnections, "write", full)
    refused(login(*DONE), 78, "the sign-in worked", "stored (the store cannot be used (database or")


def test_signing_in_again_needs_only_the_name_of_the_connection(login, store, browser):
    """As the error lines advise: the connection knows its application."""
    assert login(*DONE, "--connection", "shop").exit_code == 0
    before = store.read("shop")
    done = login(*DONE, connection="shop")
    assert done.exit_code == 0, done.log
    assert store.read("shop").application == before.application
    assert len(browser.opened) == 2


def test_the_secret_of_one_application_is_not_taken_for_another(login, store):
    assert login(*DONE, "--connection", "shop").exit_code == 0
    done = login(*DONE, "--client-id", "sandbox-public", connection="shop")
    assert done.exit_code == 0, done.log
    assert store.read("shop").application.client_secret is None


def test_a_damaged_connection_is_replaced(login, store):
    assert login(*DONE).exit_code == 0
    store.damage("default")
    assert login(*DONE).exit_code == 0
    assert store.read("default").access_token


def test_the_application_of_another_service_is_not_taken_over(login):
    assert login(*DONE).exit_code == 0
    done = login(*DONE, connection="default", auth_url="http://127.0.0.1:9/elsewhere")
    refused(done, 78, "client_id is missing")


def test_no_run_can_renew_a_connection_while_it_is_replaced(login, store, monkeypatch):
    write, held = StoredConnections.write, []

    def noting(self, connection):
        with closing(open_store(store.place)) as other, other.lock("connection default", 0) as free:
            assert free is None
        held.append(connection.name)
        write(self, connection)

    monkeypatch.setattr(StoredConnections, "write", noting)
    assert login(*DONE).exit_code == 0
    # The sign-in, the note that its token is being used, and what the renewal has brought.
    assert held == ["default"] * 3


def test_a_run_goes_on_with_the_connection(login, sandbox, tmp_path):
    assert login(*DONE, "--connection", "shop").exit_code == 0
    outcome = run(_run_settings(sandbox, tmp_path, connection="shop"), schema(), member(1))
    assert outcome.exit_code == 0, outcome.log
    assert "member1@example.com" in sandbox.members("Newsletter")


def test_a_seed_that_was_there_at_the_sign_in_does_not_win_over_it(login, sandbox, store, tmp_path):
    seed = {"refresh_token": sandbox.mint_refresh_token(client_id="sandbox-app"), **CONFIDENTIAL}
    done = login(*DONE, **seed)
    assert "Take refresh_token out" in done.stdout
    signed_in = store.read("default")
    calls = paths(sandbox).count("POST token")
    outcome = run(_run_settings(sandbox, tmp_path, **seed), schema(), member(1))
    assert outcome.exit_code == 0, outcome.log
    assert paths(sandbox).count("POST token") == calls
    assert store.read("default").refresh_token == signed_in.refresh_token


def test_a_seed_of_another_application_does_not_win_over_the_sign_in_either(
    login, sandbox, tmp_path
):
    seed = {"refresh_token": sandbox.mint_refresh_token(client_id="sandbox-app"), **CONFIDENTIAL}
    assert login(*DONE, "--client-id", "sandbox-public", **seed | {"client_secret": None})
    calls = paths(sandbox).count("POST token")
    outcome = run(_run_settings(sandbox, tmp_path, **seed), schema(), member(1))
    assert outcome.exit_code == 78
    assert "client_id is 'sandbox-app'" in outcome.log
    assert paths(sandbox).count("POST token") == calls


def test_a_seed_that_comes_after_the_sign_in_wins_over_it(login, sandbox, store, tmp_path):
    assert login(*DONE).exit_code == 0
    signed_in = store.read("default")
    seed = {"refresh_token": sandbox.mint_refresh_token(client_id="sandbox-app"), **CONFIDENTIAL}
    outcome = run(_run_settings(sandbox, tmp_path, **seed), schema(), member(1))
    assert outcome.exit_code == 0, outcome.log
    assert store.read("default").seed != signed_in.seed


def _run_settings(sandbox, tmp_path, **settings):
    return settings_for(
        sandbox,
        tmp_path / "data",
        access_token=None,
        auth_url=sandbox.auth_url,
        **settings,
    )


@pytest.mark.parametrize("wrong_account", [False, True])
def test_no_secret_is_ever_shown(login, browser, store, monkeypatch, wrong_account):
    drawn = []
    draw = sign_in.secrets.token_urlsafe

    def noting(size):
        drawn.append(draw(size))
        return drawn[-1]

    monkeypatch.setattr(sign_in.secrets, "token_urlsafe", noting)
    monkeypatch.setenv("TARGET_CONSTANT_CONTACT_LOGLEVEL", "DEBUG")
    granted = []
    check = new_connection.check_grant
    monkeypatch.setattr(
        new_connection, "check_grant", lambda grant: (granted.append(grant), check(grant))
    )
    done = login("--agree", "--account", "Other Co" if wrong_account else ACCOUNT)
    assert done.exit_code == (78 if wrong_account else 0)
    assert (store.names() == []) == wrong_account
    _state, verifier = drawn[:2]
    (grant,) = granted
    secrets = [*browser.codes, verifier, "sandbox-secret", grant.access_token, grant.refresh_token]
    everything = done.stdout + done.stderr + done.log + repr(grant)
    assert "POST /token" in done.log
    assert len(secrets) == 5
    for secret in secrets:
        assert secret
        assert secret not in everything
    # Of these, the store holds the tokens only.
    on_disk = b"".join(path.read_bytes() for path in store.data.iterdir())
    assert not [secret for secret in secrets[:-2] if secret.encode() in on_disk]
