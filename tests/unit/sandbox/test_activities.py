"""Activities: their times and states, and the jobs besides imports."""

from __future__ import annotations

import csv
import io
import uuid

import pytest
import requests

from target_constant_contact.sandbox import Behaviour, Fault, ManualClock, Sandbox


@pytest.fixture
def sandbox(clock):
    behaviour = Behaviour(seconds_to_start=10, seconds_to_finish=20)
    with Sandbox(clock=clock, behaviour=behaviour) as open_sandbox:
        yield open_sandbox


@pytest.fixture
def call(sandbox):
    def send(method, path, **more):
        headers = {"Authorization": f"Bearer {sandbox.access_token}"}
        return requests.request(method, sandbox.url + path, headers=headers, timeout=10, **more)

    return send


@pytest.fixture
def queue(call):
    def send(kind, body):
        answer = call("POST", f"/v3/activities/{kind}", json=body)
        assert answer.status_code == 201, answer.text
        return answer.json()

    return send


@pytest.fixture
def bring_in(queue, sandbox):
    def send(*emails, to="Loyalty members"):
        rows = [{"email": email} for email in emails]
        body = {"import_data": rows, "list_ids": [sandbox.lists()[to]]}
        return queue("contacts_json_import", body)["activity_id"]

    return send


@pytest.fixture
def run(queue, clock, call):
    """Queue a job, let it end, and return it."""

    def send(kind, body):
        queued = queue(kind, body)
        clock.advance(60)
        return call("GET", queued["_links"]["self"]["href"]).json()

    return send


@pytest.fixture
def contact_ids(call):
    def find(list_id):
        answer = call("GET", f"/v3/contacts?lists={list_id}").json()
        return {c["email_address"]["address"]: c["contact_id"] for c in answer["contacts"]}

    return find


def test_an_activity_goes_through_its_states_by_the_clock(bring_in, call, clock, sandbox):
    path = f"/v3/activities/{bring_in('a@example.com')}"
    queued = call("GET", path).json()
    assert (queued["state"], queued["percent_done"]) == ("initialized", 0)
    assert not {"started_at", "completed_at"} & set(queued)
    clock.advance(15)
    working = call("GET", path).json()
    assert (working["state"], working["percent_done"]) == ("processing", 25)
    assert working["status"] == {}
    assert sandbox.members("Loyalty members") == {}
    clock.advance(15)
    ended = call("GET", path).json()
    assert (ended["state"], ended["percent_done"]) == ("completed", 100)
    assert ended["created_at"] < ended["started_at"] < ended["completed_at"]
    assert list(sandbox.members("Loyalty members")) == ["a@example.com"]


def test_a_later_activity_can_end_first(bring_in, sandbox, clock):
    bring_in("a@example.com")
    sandbox.behaviour = Behaviour(seconds_to_start=1, seconds_to_finish=1)
    bring_in("b@example.com")
    clock.advance(5)
    assert [a["state"] for a in sandbox.activities()] == ["initialized", "completed"]


def test_one_at_a_time_an_activity_starts_when_all_before_it_have_ended(bring_in, sandbox, clock):
    sandbox.behaviour = Behaviour(seconds_to_start=1, seconds_to_finish=20, one_at_a_time=True)
    for number in range(3):
        bring_in(f"p{number}@example.com")
    seen = []
    for _ in range(3):
        clock.advance(20)
        seen.append([activity["state"] for activity in sandbox.activities()])
    assert seen == [
        ["processing", "initialized", "initialized"],
        ["completed", "processing", "initialized"],
        ["completed", "completed", "processing"],
    ]
    clock.advance(100)
    bring_in("late@example.com")
    clock.advance(2)
    assert sandbox.activities()[-1]["state"] == "processing"


def test_one_at_a_time_a_stuck_activity_keeps_no_other_one_waiting(bring_in, sandbox, clock):
    sandbox.behaviour = Behaviour(seconds_to_start=0, seconds_to_finish=20, one_at_a_time=True)
    sandbox.add_fault(Fault("POST", "/activities/*", action="stuck"))
    bring_in("a@example.com")
    bring_in("b@example.com")
    clock.advance(20)
    assert [a["state"] for a in sandbox.activities()] == ["processing", "completed"]


def test_times_drawn_from_a_range_are_repeatable():
    def ends():
        clock = ManualClock()
        behaviour = Behaviour(seconds_to_start=(0, 100), seconds_to_finish=(0, 100), seed=7)
        with Sandbox(clock=clock, behaviour=behaviour) as sandbox:
            account = sandbox._account
            return [account.waits() for _ in range(5)]

    assert ends() == ends()
    assert len(set(ends())) == 5


def test_activities_due_together_are_carried_out_in_the_order_of_their_ends(queue, sandbox, clock):
    """The value of the activity that ends last stays, also when it was posted first."""

    def bring(first_name):
        row = {"email": "a@example.com", "first_name": first_name}
        body = {"import_data": [row], "list_ids": [sandbox.lists()["Newsletter"]]}
        queue("contacts_json_import", body)

    bring("Posted first, ends last")
    sandbox.behaviour = Behaviour(seconds_to_start=1, seconds_to_finish=1)
    bring("Posted last, ends first")
    clock.advance(60)
    assert sandbox.contact("a@example.com")["first_name"] == "Posted first, ends last"


def test_activities_are_listed_newest_first_and_by_state(bring_in, call, clock):
    first, second = bring_in("a@example.com"), bring_in("b@example.com")
    clock.advance(12)
    third = bring_in("c@example.com")
    page = call("GET", "/v3/activities?limit=2").json()
    assert [a["activity_id"] for a in page["activities"]] == [third, second]
    page = call("GET", page["_links"]["next"]["href"]).json()
    assert [a["activity_id"] for a in page["activities"]] == [first]
    assert page["_links"] == {}
    working = call("GET", "/v3/activities?state=processing").json()["activities"]
    assert {a["activity_id"] for a in working} == {first, second}
    assert call("GET", "/v3/activities?state=initialized").status_code == 400


def test_an_activity_is_forgotten_after_ten_days(bring_in, call, clock):
    activity_id = bring_in("a@example.com")
    clock.advance(10 * 86_400 - 1)
    assert call("GET", f"/v3/activities/{activity_id}").status_code == 200
    clock.advance(1)
    assert call("GET", f"/v3/activities/{activity_id}").status_code == 404
    assert call("GET", "/v3/activities").json()["activities"] == []


def test_an_unknown_activity_is_not_found(call):
    assert call("GET", f"/v3/activities/{uuid.uuid4()}").status_code == 404
    assert "format" in call("GET", "/v3/activities/1").json()[0]["error_message"]


def test_a_full_queue_refuses_until_it_drains(bring_in, call, sandbox, clock):
    sandbox.behaviour = Behaviour(max_queued_activities=2, seconds_to_start=1)
    bring_in("a@example.com")
    bring_in("b@example.com")
    body = {"import_data": [{"email": "c@example.com"}], "list_ids": list(sandbox.lists().values())}
    refused = call("POST", "/v3/activities/contacts_json_import", json=body)
    assert refused.status_code == 429
    assert refused.json()["error_key"] not in {"throttled", "quota_exceeded"}
    clock.advance(5)
    assert call("POST", "/v3/activities/contacts_json_import", json=body).status_code == 201


def test_a_request_does_not_wait_for_all_of_a_long_queue(bring_in, sandbox, clock, call):
    """Each request carries out one activity at least, and the next one goes on."""
    for number in range(3):
        bring_in(f"p{number}@example.com")
    clock.advance(60)
    sandbox._account.settle(patience=-1.0)
    states = "SELECT count(*) FROM activities WHERE settled"
    with sandbox._account.store.reading() as db:
        assert db.execute(states).fetchone()[0] == 1
    call("GET", "/v3/contacts")
    assert len(sandbox.members("Loyalty members")) == 3


def test_an_activity_that_cannot_be_carried_out_fails_and_stops_nothing(
    bring_in, sandbox, clock, monkeypatch, caplog
):
    """A mistake of the sandbox is logged; what the activity had begun is undone."""

    def fail(*_):
        raise ZeroDivisionError

    bring_in("a@example.com")
    clock.advance(60)
    with monkeypatch.context() as patch:
        patch.setattr("target_constant_contact.sandbox.activities.imports._outcome", fail)
        sandbox.advance()
    bring_in("b@example.com")
    clock.advance(60)
    assert [a["state"] for a in sandbox.activities()] == ["failed", "completed"]
    assert list(sandbox.members("Loyalty members")) == ["b@example.com"]
    assert "failed to carry out" in caplog.text


def test_members_are_taken_off_by_a_source_list(run, sandbox):
    lists = sandbox.lists()
    body = {
        "source": {"list_ids": [lists["Newsletter"]]},
        "list_ids": [lists["General Interest"]],
    }
    ended = run("remove_list_memberships", body)
    assert ended["status"] == {
        "items_total_count": 2,
        "items_completed_count": 2,
        "list_count": 1,
    }
    assert len(sandbox.members("General Interest")) == 8
    assert sandbox.contact("ada.marsh@example.com")["lists"] == ["Newsletter"]


def test_members_are_taken_off_by_id_and_unknown_ids_are_ignored(run, sandbox, contact_ids):
    list_id = sandbox.lists()["General Interest"]
    ids = contact_ids(list_id)
    source = {"contact_ids": [ids["ines.soto@example.com"], str(uuid.uuid4())]}
    run("remove_list_memberships", {"source": source, "list_ids": [list_id]})
    assert "ines.soto@example.com" not in sandbox.members("General Interest")
    assert len(sandbox.members("General Interest")) == 9


def test_excluded_contacts_stay(run, sandbox, contact_ids):
    list_id = sandbox.lists()["General Interest"]
    stays = contact_ids(list_id)["ines.soto@example.com"]
    body = {
        "source": {"all_active_contacts": True},
        "exclude": {"contact_ids": [stays]},
        "list_ids": [list_id],
    }
    run("remove_list_memberships", body)
    assert list(sandbox.members("General Interest")) == ["ines.soto@example.com"]


def test_members_are_added_by_a_source_list(run, sandbox):
    lists = sandbox.lists()
    body = {"source": {"list_ids": [lists["Newsletter"]]}, "list_ids": [lists["Product updates"]]}
    run("add_list_memberships", body)
    assert len(sandbox.members("Product updates")) == 2
    before = sandbox.members("Product updates")
    run("add_list_memberships", body)
    assert sandbox.members("Product updates") == before


@pytest.mark.parametrize("source", [{"segment_id": 3}, {"engagement_level": "high"}])
def test_segments_and_levels_hold_nobody(run, sandbox, source):
    body = {"source": source, "list_ids": [sandbox.lists()["Product updates"]]}
    assert run("add_list_memberships", body)["status"]["items_total_count"] == 0


def test_who_unsubscribed_is_not_added(run, sandbox, call):
    (una,) = call("GET", "/v3/contacts?email=una.subscribed%40example.com").json()["contacts"]
    source = {"contact_ids": [una["contact_id"]]}
    body = {"source": source, "list_ids": [sandbox.lists()["Product updates"]]}
    run("add_list_memberships", body)
    assert sandbox.members("Product updates") == {}


SOME_ID = "9b0f8a52-0000-4000-8000-000000000000"


@pytest.mark.parametrize(
    "change",
    [
        {"source": None},
        {"source": {}},
        {"source": {"list_ids": [SOME_ID], "contact_ids": [SOME_ID]}},
        {"source": {"contact_ids": [SOME_ID] * 501}},
        {"source": {"list_ids": [SOME_ID] * 51}},
        {"source": {"list_ids": "x"}},
        {"source": {"email_addresses": ["a@example.com"]}},
        {"source": {"segment_id": 3}},
        {"source": {"engagement_level": "huge"}},
        {"source": {"all_active_contacts": "yes"}},
        {"list_ids": []},
        {"list_ids": [SOME_ID]},
        {"exclude": {"contact_ids": [SOME_ID]}},
        {"exclude": "x"},
    ],
)
def test_a_faulty_removal_is_refused(call, sandbox, change):
    body = {
        "source": {"contact_ids": [SOME_ID]},
        "list_ids": [sandbox.lists()["Newsletter"]],
    }
    answer = call("POST", "/v3/activities/remove_list_memberships", json={**body, **change})
    assert answer.status_code == 400
    assert sandbox.activities() == []


def test_a_segment_as_source_must_be_a_number(call, sandbox):
    body = {"source": {"segment_id": "x"}, "list_ids": [sandbox.lists()["Newsletter"]]}
    assert call("POST", "/v3/activities/add_list_memberships", json=body).status_code == 400


def test_a_deleted_list_leaves_its_contacts(run, sandbox, call):
    list_id = sandbox.lists()["Newsletter"]
    ended = run("list_delete", {"list_ids": [list_id]})
    assert ended["status"] == {"list_count": 1}
    assert "Newsletter" not in sandbox.lists()
    assert sandbox.contact("ada.marsh@example.com")["lists"] == ["General Interest"]
    assert call("GET", f"/v3/contact_lists/{list_id}").json()["deleted_at"]
    assert sandbox.members(list_id) == {}


def test_an_import_into_a_list_deleted_meanwhile_fails(queue, bring_in, sandbox, clock):
    queue("list_delete", {"list_ids": [sandbox.lists()["Loyalty members"]]})
    bring_in("a@example.com")
    clock.advance(60)
    assert [a["state"] for a in sandbox.activities()] == ["completed", "failed"]
    assert sandbox.contact("a@example.com") is None


def test_deleted_contacts_are_off_all_lists_but_known(run, sandbox, call):
    ended = run("contact_delete", {"list_ids": [sandbox.lists()["Newsletter"]]})
    assert ended["status"] == {
        "items_total_count": 2,
        "items_completed_count": 2,
        "list_count": 1,
    }
    assert sandbox.contact("ada.marsh@example.com") is None
    assert len(sandbox.members("General Interest")) == 8
    found = call("GET", "/v3/contacts?email=ada.marsh%40example.com&status=deleted").json()
    assert found["contacts"][0]["deleted_at"] == "2026-01-05"


def test_contacts_are_deleted_by_id(run, sandbox, contact_ids):
    ids = contact_ids(sandbox.lists()["Newsletter"])
    ended = run("contact_delete", {"contact_ids": [ids["ada.marsh@example.com"]]})
    assert "list_count" not in ended["status"]
    assert len(sandbox.members("Newsletter")) == 1


@pytest.mark.parametrize(
    "body",
    [{}, {"contact_ids": [SOME_ID], "list_ids": [SOME_ID]}, {"contact_ids": ["x"]}],
)
def test_a_faulty_deletion_is_refused(call, body):
    assert call("POST", "/v3/activities/contact_delete", json=body).status_code == 400


def exported(call, activity):
    answer = call("GET", activity["_links"]["results"]["href"])
    assert answer.headers["Content-Type"].startswith("text/csv")
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


def test_an_export_holds_everybody_and_no_contact_id(run, call):
    ended = run("contact_exports", {})
    people = exported(call, ended)
    assert ended["status"] == {"items_total_count": 15, "items_completed_count": 15}
    ada = next(p for p in people if p["Email address"] == "ada.marsh@example.com")
    assert (ada["First name"], ada["City - home"]) == ("Ada", "Portland")
    assert ada["Email Lists"] == "General Interest, Newsletter"
    assert not [name for name in ada if "contact" in name.lower()]


def test_an_export_is_narrowed_by_list_fields_and_exclusion(run, call, sandbox, contact_ids):
    list_id = sandbox.lists()["Newsletter"]
    body = {
        "list_ids": [list_id],
        "fields": ["email_address", "birthday"],
        "exclude": {"contact_ids": [contact_ids(list_id)["ada.marsh@example.com"]]},
    }
    (person,) = exported(call, run("contact_exports", body))
    assert set(person) == {"Email address", "Email status", "Birthday"}


def test_an_export_by_status_holds_those_only(run, call):
    people = exported(call, run("contact_exports", {"status": "unsubscribed"}))
    assert {p["Email address"] for p in people} == {
        "una.subscribed@example.com",
        "ada.optout@example.org",
    }


def test_an_export_of_nobody_has_a_header_only(run, call):
    ended = run("contact_exports", {"tag_ids": [SOME_ID]})
    assert exported(call, ended) == []


def test_an_export_is_not_there_before_it_is_completed(queue, call):
    queued = queue("contact_exports", {})
    assert call("GET", queued["_links"]["results"]["href"]).status_code == 404
    assert call("GET", f"/v3/contact_exports/{uuid.uuid4()}").status_code == 404


@pytest.mark.parametrize(
    "body",
    [{"fields": ["shoe"]}, {"fields": "x"}, {"status": "gone"}, {"list_ids": ["x"]}],
)
def test_a_faulty_export_is_refused(call, body):
    assert call("POST", "/v3/activities/contact_exports", json=body).status_code == 400


def test_looking_for_an_unknown_list_fails(sandbox):
    with pytest.raises(LookupError):
        sandbox.members("Nothing")
