"""Requests whose answer nobody gets, and that are carried out after all."""

from __future__ import annotations

import functools
import time

import pytest
import requests

from target_constant_contact.sandbox import Behaviour, Fault, Sandbox
from tests.support.waits import wait_for

IMPORTS = "/activities/contacts_*_import"
LIST = "Newsletter"


@pytest.fixture
def bring_in_to():
    """Send an import in one of its two formats."""

    def send(sandbox, kind, email="a@example.com"):
        list_id = sandbox.lists()[LIST]
        if kind == "json":
            body = {"json": {"import_data": [{"email": email}], "list_ids": [list_id]}}
        else:
            file = ("people.csv", f"email\n{email}\n", "text/csv")
            body = {"files": {"file": file, "list_ids": (None, list_id)}}
        return requests.post(
            f"{sandbox.api_url}/activities/contacts_{'json' if kind == 'json' else 'file'}_import",
            headers={"Authorization": f"Bearer {sandbox.access_token}"},
            timeout=10,
            **body,
        )

    return send


@pytest.fixture
def bring_in(sandbox, bring_in_to):
    return functools.partial(bring_in_to, sandbox)


@pytest.mark.parametrize("kind", ["json", "csv"])
def test_a_cut_import_leaves_an_activity_with_its_rows(sandbox, clock, bring_in, kind):
    sandbox.add_fault(Fault("POST", IMPORTS, action="drop_after"))
    with pytest.raises(requests.ConnectionError):
        bring_in(kind)
    (activity,) = sandbox.activities()
    assert (activity["state"], activity["rows"]) == ("initialized", 1)
    clock.advance(5)
    assert "a@example.com" in sandbox.members(LIST)


@pytest.mark.parametrize("kind", ["json", "csv"])
def test_a_late_import_is_cut_at_once_and_carried_out_later(sandbox, bring_in, kind):
    """As behind a proxy that has lost its client and delivers all the same."""
    sandbox.behaviour = Behaviour(seconds_to_start=0, seconds_to_finish=0)
    sandbox.add_fault(Fault("POST", IMPORTS, action="process_late", seconds=1.0))
    began = time.monotonic()
    with pytest.raises(requests.ConnectionError):
        bring_in(kind)
    assert time.monotonic() - began < 0.8
    assert sandbox.activities() == []
    wait_for(sandbox.activities)
    assert time.monotonic() - began >= 1.0
    assert "a@example.com" in sandbox.members(LIST)
    wait_for(lambda: sandbox.requests[-1].rows == 1)
    assert sandbox.requests[-1].status == 0


def test_other_requests_are_answered_while_one_is_late(sandbox, bring_in):
    sandbox.add_fault(Fault("POST", IMPORTS, action="process_late", seconds=60))
    with pytest.raises(requests.ConnectionError):
        bring_in("json")
    assert bring_in("json", "b@example.com").status_code == 201
    assert len(sandbox.activities()) == 1


def test_a_late_request_does_not_keep_the_sandbox_from_closing(sandbox, bring_in):
    sandbox.add_fault(Fault("POST", IMPORTS, action="process_late", seconds=60))
    with pytest.raises(requests.ConnectionError):
        bring_in("json")
    began = time.monotonic()
    sandbox.close()
    assert time.monotonic() - began < 5


def test_a_late_request_needs_a_token_that_is_good_when_it_is_carried_out(tmp_path, bring_in_to):
    path = tmp_path / "account.sqlite"
    for revoke, activities in ((True, 0), (False, 1)):
        with Sandbox(path) as sandbox:
            sandbox.add_fault(Fault("POST", IMPORTS, action="process_late", seconds=60))
            with pytest.raises(requests.ConnectionError):
                bring_in_to(sandbox, "json")
            if revoke:
                sandbox.revoke_access_tokens()
        # Closing lets what is under way finish at once.
        assert len(Sandbox(path).activities()) == activities
