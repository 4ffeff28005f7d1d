"""Scopes of a token and privileges of the account's user."""

from __future__ import annotations

import pytest
import requests

from target_constant_contact.sandbox import Behaviour

NEEDED = [
    ("GET", "/contacts", "contacts:read"),
    ("GET", "/contacts/counts", "contacts:read"),
    ("GET", "/contact_custom_fields", "contacts:read"),
    ("POST", "/contact_custom_fields", "contacts:write"),
    ("GET", "/contact_tags", "contacts:read"),
    ("GET", "/contact_lists", "contacts:lists:read"),
    ("GET", "/contact_lists/12", "contacts:lists:read"),
    ("POST", "/contact_lists", "contacts:lists:write"),
    ("GET", "/activities", "contacts:write"),
    ("GET", "/activities/12", "contacts:write"),
    ("POST", "/activities/contacts_json_import", "contacts:write"),
    ("POST", "/activities/contacts_file_import", "contacts:write"),
    ("GET", "/contact_exports/12", "contacts:write"),
    ("GET", "/account/summary", "account:read"),
]
ALL = Behaviour().privileges


@pytest.fixture
def call(sandbox):
    def send(method, path, token=None):
        headers = {"Authorization": f"Bearer {token or sandbox.access_token}"}
        return requests.request(method, sandbox.api_url + path, headers=headers, timeout=10)

    return send


@pytest.mark.parametrize(("method", "path", "privilege"), NEEDED)
def test_a_request_needs_one_privilege_and_no_other(sandbox, call, method, path, privilege):
    sandbox.behaviour = Behaviour(privileges=tuple(name for name in ALL if name != privilege))
    refused = call(method, path)
    assert refused.status_code == 403
    assert refused.json() == {"error_key": "forbidden", "error_message": "Forbidden"}
    sandbox.behaviour = Behaviour(privileges=(privilege,))
    assert call(method, path).status_code != 403


@pytest.mark.parametrize(("method", "path", "privilege"), NEEDED)
def test_a_request_needs_the_scope_of_its_part_of_the_api(sandbox, call, method, path, privilege):
    account, contacts = sandbox.mint_token("account_read"), sandbox.mint_token("contact_data")
    right, wrong = (account, contacts) if privilege == "account:read" else (contacts, account)
    assert call(method, path, right).status_code != 403
    assert call(method, path, wrong).status_code == 403


def test_privileges_are_told_to_any_token(sandbox, call):
    sandbox.behaviour = Behaviour(privileges=("contacts:read", "ui:campaign:ecampaign"))
    answer = call("GET", "/account/user/privileges", sandbox.mint_token(""))
    assert answer.json() == [
        {"privilege_id": 7, "privilege_name": "contacts:read"},
        {"privilege_id": 99, "privilege_name": "ui:campaign:ecampaign"},
    ]
    assert call("GET", "/account/user/privileges", "wrong").status_code == 401


def test_a_user_has_what_a_loader_needs_unless_told_otherwise(call):
    shown = call("GET", "/account/user/privileges").json()
    assert [privilege["privilege_name"] for privilege in shown] == [
        "contacts:read",
        "contacts:write",
        "contacts:lists:read",
        "contacts:lists:write",
        "account:read",
    ]
