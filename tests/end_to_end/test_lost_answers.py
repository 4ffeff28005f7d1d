"""Somebody else's import of the same size is never taken for ours, whatever becomes of ours."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import requests

from target_constant_contact.api.client import ConstantContactClient
from target_constant_contact.sandbox import Fault
from tests.support.target import member, run, schema, settings_for, state

IMPORTS = {"json": "/activities/contacts_json_import", "csv": "/activities/contacts_file_import"}
FORMATS = pytest.mark.parametrize("import_format", IMPORTS)
PEOPLE = 3


def members(value):
    return [schema(), *(member(n, FirstName=value) for n in range(PEOPLE)), state("end")]


@pytest.fixture
def other_export(sandbox, tmp_path):
    """Another export of the same application to the same list, with a folder of its own."""

    def start(**settings):
        outcome = run(settings_for(sandbox, tmp_path / "other", **settings), *members("Theirs"))
        assert outcome.exit_code == 0

    return start


@pytest.fixture
def import_of_somebody_else(sandbox, monkeypatch):
    """Let one come in after our answer was lost, before it is looked for."""
    real = ConstantContactClient.recent_activities
    came = []

    def recent(client):
        if not came:
            people = [{"email": f"other{n}@example.com"} for n in range(PEOPLE)]
            lists = [
                found.list_id for found in client.contact_lists() if found.name == "Newsletter"
            ]
            came.append(
                requests.post(
                    f"{sandbox.api_url}{IMPORTS['json']}",
                    json={"import_data": people, "list_ids": lists},
                    headers={"Authorization": f"Bearer {sandbox.access_token}"},
                    timeout=10,
                )
            )
        return real(client)

    monkeypatch.setattr(ConstantContactClient, "recent_activities", recent)
    return came


@pytest.fixture
def killed(monkeypatch, export):
    """A run that dies where a request that starts an import is made: ``before`` or ``after`` it."""

    def die(moment, **settings):
        def dying(real):
            def start(*arguments, **named):
                if moment == "after":
                    real(*arguments, **named)
                raise RuntimeError("killed")

            return start

        with monkeypatch.context() as patched:
            for name in ("import_json", "import_csv"):
                patched.setattr(
                    ConstantContactClient, name, dying(getattr(ConstantContactClient, name))
                )
            assert export(*members("Ours"), **settings).exit_code == 1

    return die


def names(sandbox):
    return {sandbox.contact(f"member{n}@example.com")["first_name"] for n in range(PEOPLE)}


def imports(sandbox):
    return len([found for found in sandbox.activities() if found["rows"]])


@FORMATS
def test_an_import_of_another_export_does_not_stand_for_ours_that_was_not_taken(
    sandbox, export, other_export, import_format
):
    other_export(import_format=import_format)
    sandbox.add_fault(Fault("POST", IMPORTS[import_format], action="drop_before"))
    outcome = export(*members("Ours"), import_format=import_format)
    assert outcome.exit_code == 0
    assert outcome.states == ["end"]
    assert names(sandbox) == {"Ours"}


@FORMATS
def test_an_import_that_comes_later_does_not_stand_for_ours_that_was_not_taken(
    sandbox, export, import_of_somebody_else, import_format
):
    sandbox.add_fault(Fault("POST", IMPORTS[import_format], action="drop_before"))
    assert export(*members("Ours"), import_format=import_format).exit_code == 0
    assert import_of_somebody_else
    assert names(sandbox) == {"Ours"}


@pytest.mark.parametrize(("import_format", "sent"), [("json", 2), ("csv", 1)])
def test_ours_that_was_taken_beside_an_earlier_one_lands_and_a_named_one_is_known(
    sandbox, export, other_export, import_format, sent
):
    """An import from JSON has no name, so its rows are sent again, which changes nothing."""
    other_export(import_format=import_format)
    sandbox.add_fault(Fault("POST", IMPORTS[import_format], action="drop_after"))
    outcome = export(*members("Ours"), import_format=import_format)
    assert outcome.exit_code == 0
    assert outcome.totals == {"read": PEOPLE, "landed": PEOPLE}
    assert names(sandbox) == {"Ours"}
    assert imports(sandbox) == 1 + sent


@pytest.mark.parametrize(("import_format", "sent"), [("json", 2), ("csv", 1)])
def test_ours_that_was_taken_beside_a_later_one_lands_and_a_named_one_is_known(
    sandbox, export, import_of_somebody_else, import_format, sent
):
    sandbox.add_fault(Fault("POST", IMPORTS[import_format], action="drop_after"))
    assert export(*members("Ours"), import_format=import_format).exit_code == 0
    assert import_of_somebody_else
    assert names(sandbox) == {"Ours"}
    assert imports(sandbox) == 1 + sent


@FORMATS
@pytest.mark.parametrize("first", ["theirs", "ours"])
def test_an_interrupted_run_does_not_take_another_export_s_import_for_its_own(
    sandbox, export, other_export, killed, import_format, first
):
    settings = {"import_format": import_format}
    if first == "theirs":
        other_export(**settings)
    killed("before", **settings)
    if first == "ours":
        other_export(**settings)
    outcome = export(*members("Ours"), **settings)
    assert outcome.exit_code == 0
    assert names(sandbox) == {"Ours"}


@pytest.mark.parametrize(("import_format", "sent"), [("json", 2), ("csv", 1)])
@pytest.mark.parametrize("theirs", [False, True], ids=["alone", "beside another"])
def test_what_an_interrupted_run_has_sent_lands_and_a_named_one_is_taken_up(
    sandbox, export, other_export, killed, import_format, sent, theirs
):
    settings = {"import_format": import_format}
    if theirs:
        other_export(**settings)
    killed("after", **settings)
    outcome = export(*members("Ours"), **settings)
    assert outcome.exit_code == 0
    assert outcome.totals == {"read": PEOPLE, "landed": PEOPLE}
    assert names(sandbox) == {"Ours"}
    assert imports(sandbox) == theirs + sent


def test_a_service_that_does_not_tell_names_gets_the_rows_again(sandbox, export, monkeypatch):
    """That it tells them is documented, and nobody has seen it."""
    real = ConstantContactClient.recent_activities

    def recent(client):
        return [replace(found, source_file_name="") for found in real(client)]

    monkeypatch.setattr(ConstantContactClient, "recent_activities", recent)
    sandbox.add_fault(Fault("POST", IMPORTS["csv"], action="drop_after"))
    outcome = export(*members("Ours"), import_format="csv")
    assert outcome.exit_code == 0
    assert imports(sandbox) == 2


def test_the_names_of_imports_tell_nothing_but_them_apart(sandbox, export):
    export(*members("Ours"), import_format="csv", batch_size_rows=1)
    found = [activity["source_file_name"] for activity in sandbox.activities()]
    assert len(set(found)) == PEOPLE
    assert "example" not in json.dumps(found)
    assert "Newsletter" not in json.dumps(found)
