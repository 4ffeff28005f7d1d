"""The client's requests and readings, compared with the facts of the service's API."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Response

from target_constant_contact.api.client import MAX_EXPORT_LISTS, ConstantContactClient
from target_constant_contact.api.models import (
    CHOICE_TYPES,
    MAX_ACCOUNT_FIELDS,
    MAX_BUTTONS,
    MAX_CHOICE_LENGTH,
    MAX_CHOICES,
    MAX_LABEL_LENGTH,
    AccountSummary,
    Activity,
    ContactCounts,
    ContactList,
    ContactStatus,
    CustomField,
)
from target_constant_contact.api.oauth.credentials import BearerToken
from target_constant_contact.batches.batch import BatchLimits, Destination
from target_constant_contact.batches.json_batch import JsonBatch
from tests.contract.facts import BASE_PATH, REQUESTS, SCHEMAS, STATED, example, properties
from tests.support.limiting import LimiterInMemory

LIST_IDS = ["04fe9a97-a579-43c5-bb1a-58ed29bf0a6a", "14fe9a97-a579-43c5-bb1a-58ed29bf0a6a"]


def json_import():
    """The body of an import, with all that one may have."""
    to_lists = Destination("members", tuple(LIST_IDS))
    batch = JsonBatch(1, to_lists, "explicit", 0, BatchLimits())
    batch.add("a@example.com", b'{"email":"a@example.com"}')
    return batch.seal().body


CALLS = {
    "contact_lists": ("/contact_lists", lambda c: c.contact_lists()),
    "contact_lists_with_counts": ("/contact_lists", lambda c: c.contact_lists(counts=True)),
    "create_contact_list": ("/contact_lists", lambda c: c.create_contact_list("VIP")),
    # A list of this name is said to exist, so it is looked for.
    "list_named": ("/contact_lists", lambda c: c.create_contact_list(TAKEN)),
    "custom_fields": ("/contact_custom_fields", lambda c: c.custom_fields()),
    "create_custom_field": (
        "/contact_custom_fields",
        lambda c: c.create_custom_field("Tier", "single_select", [str(n) for n in range(21)]),
    ),
    "account_summary": ("/account/summary", lambda c: c.account_summary()),
    "privileges": ("/account/user/privileges", lambda c: c.privileges()),
    "import_json": ("/activities/contacts_json_import", lambda c: c.import_json(json_import())),
    "import_csv": (
        "/activities/contacts_file_import",
        lambda c: c.import_csv("c.csv", b"email\n", LIST_IDS, "explicit"),
    ),
    "activity": ("/activities/{activity_id}", lambda c: c.activity("a1")),
    "recent_activities": ("/activities", lambda c: c.recent_activities()),
    "start_contact_export": (
        "/activities/contact_exports",
        lambda c: c.start_contact_export(LIST_IDS, ("email_address", "first_name")),
    ),
    "exported_contacts": (
        "/contact_exports/{file_export_id}",
        lambda c: list(c.exported_contacts(Activity("a1", "completed", results=RESULTS))),
    ),
    "start_contact_export_of_some": (
        "/activities/contact_exports",
        lambda c: c.start_contact_export(LIST_IDS, status="active"),
    ),
    "find_contact": ("/contacts", lambda c: c.find_contact("ann+x@example.com")),
    "contact_counts": ("/contacts/counts", lambda c: c.contact_counts()),
    "contacts": (
        "/contacts",
        lambda c: list(c.memberships.contacts(LIST_IDS, status="unsubscribed", optout_after=SINCE)),
    ),
    "contact_list": ("/contact_lists/{list_id}", lambda c: c.memberships.contact_list("l1")),
    "active_members": (
        "/contact_lists/{list_id}",
        lambda c: c.memberships.contact_list("l1", active=True),
    ),
    "remove": (
        "/activities/remove_list_memberships",
        lambda c: c.memberships.remove(LIST_IDS[0], contact_ids=["c1"]),
    ),
    "remove_members_of": (
        "/activities/remove_list_memberships",
        lambda c: c.memberships.remove(LIST_IDS[0], from_list=LIST_IDS[1]),
    ),
    "delete_lists": ("/activities/list_delete", lambda c: c.memberships.delete_lists(LIST_IDS)),
}
SINCE = datetime(2026, 1, 1, tzinfo=UTC)
RESULTS = "/v3/contact_exports/e1"
TAKEN = "A taken name"
ANSWER = {
    "activity_id": "a1",
    "list_id": "l1",
    "custom_field_id": "f1",
    "total": 1,
    "lists": [{"list_id": "l1", "name": TAKEN}],
}


@dataclass(frozen=True)
class Made:
    """What was seen of a request."""

    method: str
    query: dict[str, str]
    mimetype: str
    form: dict[str, str]
    files: frozenset[str]
    data: bytes
    accept: str


def see(request):
    """Read a request while it is served; its uploads have to be closed then."""
    data = request.get_data(cache=True, parse_form_data=False)
    files = frozenset(request.files)
    made = Made(
        method=request.method,
        query=dict(request.args),
        mimetype=request.mimetype,
        form=dict(request.form),
        files=files,
        data=data,
        accept=request.headers["Accept"],
    )
    for file in request.files.values():
        file.close()
    return made


@contextmanager
def client_of(server):
    """A client that asks a server of this test."""
    limiter = LimiterInMemory(sleep=lambda _: None)
    client = ConstantContactClient(
        server.url_for(BASE_PATH), auth=BearerToken("t"), limiter=limiter, max_tries=1
    )
    yield client
    client.close()
    limiter.close()


@pytest.fixture(scope="module")
def exchanges():
    """The requests of every method of the client; the last one, where it makes several."""
    made = {}
    with HTTPServer(host="127.0.0.1", port=0) as server, client_of(server) as client:
        for name, (path, call) in CALLS.items():
            server.clear()

            def answer(request, name=name):
                made[name] = see(request)
                if TAKEN.encode() in made[name].data:
                    return Response(status=409)
                table = "text/csv" in made[name].accept
                return Response("Email address\r\n" if table else json.dumps(ANSWER))

            ids = {"activity_id": "a1", "file_export_id": "e1", "list_id": "l1"}
            url_path = BASE_PATH + path.format(**ids)
            server.expect_request(url_path).respond_with_handler(answer)
            call(client)
    return made


@pytest.fixture(params=CALLS)
def exchange(request, exchanges):
    """A request that the client made, and what may be sent to the operation that it is for."""
    made = exchanges[request.param]
    path, _ = CALLS[request.param]
    return made, REQUESTS.get(f"{made.method} {path}")


def test_the_path_and_method_exist(exchange):
    made, operation = exchange
    assert operation, made.method


def test_query_parameters_are_known_and_within_their_limits(exchange):
    made, operation = exchange
    known = operation.get("query", {})
    for name, value in made.query.items():
        assert value in known[name].get("enum", [value])
        if known[name]["type"] == "integer":
            assert known[name]["minimum"] <= int(value) <= known[name]["maximum"]


def test_the_content_type_is_one_that_the_operation_takes(exchange):
    made, operation = exchange
    if made.method == "POST":
        assert made.mimetype in operation["consumes"]


def test_what_is_asked_for_is_what_the_operation_gives(exchange):
    made, operation = exchange
    assert made.accept in operation["produces"]


def test_the_parts_of_an_upload_are_known_and_complete(exchange):
    made, operation = exchange
    if parts := operation.get("form"):
        assert set(made.form) | made.files == set(parts)
        assert made.files == {name for name, part in parts.items() if part["type"] == "file"}
        assert made.form["sms_permission_to_send"] in parts["sms_permission_to_send"]["enum"]


@pytest.mark.parametrize(
    "name",
    ["create_contact_list", "create_custom_field", "import_json", "remove", "delete_lists"],
)
def test_the_keys_of_a_body_are_known_and_complete(exchanges, name):
    path, _ = CALLS[name]
    schema = SCHEMAS[REQUESTS[f"POST {path}"]["body"]]
    keys = set(json.loads(exchanges[name].data))
    assert set(schema["required"]) <= keys <= set(schema["properties"])


def test_a_removal_has_one_source_of_those_that_are_known(exchanges):
    known = properties(REQUESTS["POST /activities/remove_list_memberships"]["body"])
    for name, source in (("remove", "contact_ids"), ("remove_members_of", "list_ids")):
        body = json.loads(exchanges[name].data)
        assert set(body["source"]) == {source} <= set(known["source"]["properties"])


def test_the_keys_of_an_export_are_known_and_may_go_together(exchanges):
    known = properties(REQUESTS["POST /activities/contact_exports"]["body"])
    body = json.loads(exchanges["start_contact_export"].data)
    assert set(body) == {"fields", "list_ids"} <= set(known)
    assert known["list_ids"]["maxItems"] == MAX_EXPORT_LISTS
    assert body["fields"][0] == STATED["exported_address"]


def test_an_export_is_read_under_the_documented_keys():
    shown = example("ActivityExportStatus")
    read = Activity.from_json(shown)
    assert read.activity_id == shown["activity_id"]
    assert read.state == shown["state"]
    assert read.counters == shown["status"]
    assert read.errors == tuple(shown["activity_errors"])
    assert read.created_at == datetime.fromisoformat(shown["created_at"])
    assert read.results == shown["_links"]["results"]["href"]


def test_a_contact_is_read_under_the_documented_keys():
    (shown,) = example("Contacts")["contacts"]
    assert ContactStatus.from_json(shown) == ContactStatus(
        email=shown["email_address"]["address"],
        permission=shown["email_address"]["permission_to_send"],
        deleted=True,
        list_ids=frozenset(shown["list_memberships"]),
        contact_id=shown["contact_id"],
    )


def test_the_documented_counts_add_up_as_they_are_read():
    """The total includes the unsubscribed; either way of counting the others comes to the same."""
    parts = STATED["counted_in_total"]
    shown = {name: 1 << place for place, name in enumerate(parts)}
    whole = {"total": sum(shown.values()), "unsubscribed": shown.pop("unsubscribed")}
    counts = ContactCounts(active=sum(shown.values()), total=whole["total"])
    assert shown.keys() | whole.keys() <= properties("ContactsCounts").keys()
    assert ContactCounts.from_json(whole) == ContactCounts.from_json(shown | whole) == counts
    assert ContactCounts.from_json(shown).active == counts.active


def test_the_keys_of_the_choices_of_a_custom_field_are_known(exchanges):
    body = json.loads(exchanges["create_custom_field"].data)
    assert set(body["metadata"]) <= set(properties("CustomFieldMetadata"))
    known = set(properties("CustomFieldChoiceRequest"))
    assert all(set(choice) == known for choice in body["choices"])


def test_the_limits_of_a_new_custom_field_are_the_documented_ones():
    field = properties("CustomFieldRequest")
    choice = properties("CustomFieldChoiceRequest")
    assert field["label"]["maxLength"] == MAX_LABEL_LENGTH
    assert field["choices"]["maxItems"] == MAX_CHOICES
    assert choice["choice_label"]["maxLength"] == MAX_CHOICE_LENGTH
    assert set(STATED["choice_types"]) == CHOICE_TYPES
    assert STATED["button_choices"] == MAX_BUTTONS
    assert STATED["account_fields"] == MAX_ACCOUNT_FIELDS


def test_answers_are_read_under_the_documented_keys():
    shown = example("Customer")
    assert AccountSummary.from_json(shown) == AccountSummary(
        shown["encoded_account_id"], shown["organization_name"]
    )
    (field,) = example("CustomFields")["custom_fields"]
    assert CustomField.from_json(field) == CustomField(
        field["custom_field_id"], field["label"], field["name"], field["type"]
    )
    (found,) = example("ContactListArray")["lists"]
    assert ContactList.from_json(found) == ContactList(
        found["list_id"], found["name"], found["membership_count"], deleted=True
    )


def test_privileges_are_read_from_the_documented_array_of_names():
    shown = example("UserPrivilegesResource")
    with HTTPServer(host="127.0.0.1", port=0) as server, client_of(server) as client:
        server.expect_request(f"{BASE_PATH}/account/user/privileges").respond_with_json(shown)
        assert client.privileges() == {shown[0]["privilege_name"]}
