"""The account of the settings: which it is, and what is read of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from target_constant_contact.account.account import Account
from target_constant_contact.commands.common import parse_settings
from target_constant_contact.exceptions import SettingsError
from target_constant_contact.sandbox.account import ORGANISATION
from tests.support.target import settings_for

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def connect(sandbox, tmp_path) -> Iterator[Any]:
    """Open accounts: `connect(**settings)`."""
    opened: list[Account] = []

    def connect(**settings: Any) -> Account:
        config = settings_for(sandbox, tmp_path / "data", **settings)
        opened.append(Account(parse_settings(config)))
        return opened[-1]

    yield connect
    for account in opened:
        account.close()


def test_another_account_than_the_settings_name_is_refused(connect):
    with pytest.raises(SettingsError, match="account is 'Somebody else', but the access token"):
        connect(account="Somebody else").check()


def test_with_the_sandbox_the_account_of_the_settings_does_not_matter(connect):
    """The settings of a run can be tried in the sandbox as they are."""
    account = connect(sandbox=True, account="Somebody else", lists=None)
    account.check()
    assert account.client.requests_made == 0
    assert account.identify().name == ORGANISATION


def test_names_of_lists_are_known_only_when_the_lists_were_read(connect, sandbox):
    account = connect()
    assert account.list_names == {}
    assert sandbox.requests == []
    assert account.lists is account.lists
    assert sorted(account.list_names.values()) == sorted(sandbox.lists())
    assert len(sandbox.requests) == 1


def test_exports_to_the_same_lists_share_a_ledger_whatever_else_is_set(connect):
    assert connect(batch_size_rows=7).export == connect(import_format="csv").export


@pytest.mark.parametrize(
    ("other", "same_account"),
    [
        ({"lists": "Loyalty members"}, True),
        ({"lists_field": "list"}, True),
        ({"segments": [{"stream": "a", "lists": "Loyalty members"}]}, True),
        ({"account": ORGANISATION}, False),
        ({"access_token": None, "connection": "other"}, False),
        ({"sandbox": True}, False),
    ],
)
def test_exports_to_other_lists_or_accounts_have_a_ledger_of_their_own(
    connect, other, same_account
):
    one, two = connect().export, connect(**other).export
    assert one != two
    assert (one[0] == two[0]) is same_account
