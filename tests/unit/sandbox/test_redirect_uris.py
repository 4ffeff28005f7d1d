"""Where people may be sent back to: exactly what was registered."""

from __future__ import annotations

import json
import sqlite3

import pytest
import requests

from target_constant_contact.sandbox import Sandbox


@pytest.fixture
def status(sandbox):
    """How a sign-in that would go back to an address is answered."""

    def ask(redirect_uri, client_id="sandbox-app"):
        query = {
            "client_id": client_id,
            "redirect_uri": redirect_uri,
            "response_type": "code",
            "prompt": "none",
        }
        url = f"{sandbox.auth_url}/authorize"
        answer = requests.get(url, query, timeout=10, allow_redirects=False)
        assert ("Location" in answer.headers) == (answer.status_code == 302)
        return answer.status_code

    return ask


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
@pytest.mark.parametrize("port", ["", ":80", ":8710", ":65535"])
def test_an_application_on_this_machine_may_have_any_port(status, host, port):
    assert status(f"http://{host}{port}/callback") == 302


@pytest.mark.parametrize(
    "redirect_uri",
    [
        "http://localhost@evil.example",
        "http://localhost@evil.example/callback",
        "http://localhost:80@evil.example/callback",
        "http://127.0.0.1:8710@evil.example/callback",
        "http://evil@localhost:8710/callback",
        "http://localhost.evil.example/callback",
        "http://localhost:8710.evil.example/callback",
        "http://localhost:8710\\@evil.example/callback",
        "http://127.0.0.1.evil.example/callback",
        "http://127.0.0.2/callback",
        "http://localhost:/callback",
        "http://localhost:x/callback",
        "http://localhost:٣٣٣/callback",
        "http://localhost:8710",
        "http://localhost:8710/",
        "http://localhost:8710/callback/",
        "http://localhost:8710/callback2",
        "http://localhost:8710/callback/../evil",
        "http://localhost:8710/callback?next=https://evil.example",
        "http://localhost:8710/callback#evil",
        "http://localhost:8710/callback\n",
        " http://localhost:8710/callback",
        "http://localhost:8710/Callback",
        "HTTP://localhost:8710/callback",
        "https://localhost:8710/callback",
        "//localhost/callback",
        "javascript:alert(1)//http://localhost/callback",
        "",
    ],
)
def test_nobody_is_sent_to_what_only_looks_like_a_registered_address(status, redirect_uri):
    assert status(redirect_uri) == 400


def test_another_address_is_compared_as_a_whole(sandbox, status):
    registered = ("https://app.example.com/back?a=b", "http://localhost:9000/x?a=b", "app:/back")
    sandbox.add_application("mine", "secret", registered)
    for redirect_uri in (*registered, "http://localhost:9001/x?a=b", "http://localhost/x?a=b"):
        assert status(redirect_uri, "mine") == 302
    for redirect_uri in (
        "https://app.example.com:443/back?a=b",
        "https://app.example.com/back",
        "https://app.example.com/back?a=b&c=d",
        "http://127.0.0.1:9000/x?a=b",
        "http://localhost:9000/x",
        "app:/back/",
    ):
        assert status(redirect_uri, "mine") == 400


@pytest.mark.parametrize(
    "redirect_uri",
    [
        "http://localhost*",
        "https://*.example.com/back",
        "https://user@app.example.com/back",
        "https://app.example.com/back#part",
        "https://app.example.com/back#",
        "https://app.example.com/a b",
        "https://app.example.com/back\n",
        "https://[::1/back",
        "/callback",
        "",
    ],
)
def test_what_could_lead_elsewhere_is_not_registered(sandbox, redirect_uri):
    with pytest.raises(ValueError, match=r"redirect URI|IPv6"):
        sandbox.add_application("mine", "secret", (redirect_uri,))


def test_an_account_from_before_gets_the_addresses_of_a_new_one(tmp_path):
    path = tmp_path / "account.sqlite"
    read = "SELECT * FROM applications ORDER BY client_id"
    Sandbox(path).close()
    with sqlite3.connect(path) as db:
        new = db.execute(read).fetchall()
        db.execute(
            "UPDATE applications SET redirect_uris = ?", (json.dumps(["http://localhost*"]),)
        )
        db.execute("ALTER TABLE activities DROP COLUMN faults")
        db.execute("PRAGMA user_version = 2")
    db.close()
    Sandbox(path).close()
    with sqlite3.connect(path) as db:
        assert db.execute(read).fetchall() == new
    db.close()
