"""The client's requests, compared with the service's official description."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Response

from target_constant_contact.api.client import MAX_EXPORT_LISTS, ConstantContactClient
from target_constant_contact.api.limits.limiter import RateLimiter
from target_constant_contact.api.limits.sqlite import SqliteSlots
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

LIST_IDS = ["04fe9a97-a579-43c5-bb1a-58ed29bf0a6a", "14fe9a97-a579-43c5-bb1a-58ed29bf0a6a"]

CALLS = {
    "contact_lists": ("/contact_lists", lambda c: c.contact_lists()),
    "contact_lists_with_counts": ("/contact_lists", lambda c: c.contact_lists(counts=True)),
    "create_contact_list": ("/contact_lists", lambda c: c.create_contact_list("VIP")),
    "custom_fields": ("/contact_custom_fields", lambda c: c.custom_fields()),
    "create_custom_field": (
        "/contact_custom_fields",
        lambda c: c.create_custom_field("Tier", "single_select", [str(n) for n in range(21)]),
    ),
    "account_summary": ("/account/summary", lambda c: c.account_summary()),
    "privileges": ("/account/user/privileges", lambda c: c.privileges()),
    "import_json": ("/activities/contacts_json_import", lambda c: c.import_json(b"{}")),
    "import_csv": (
        "/activities/contacts_file_import",
        lambda c: c.import_csv(b"email\n", LIST_IDS, "explicit"),
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
    "find_contact": ("/contacts", lambda c: c.find_contact("ann+x@example.com")),
    "contact_counts": ("/contacts/counts", lambda c: c.contact_counts()),
}
RESULTS = "/v3/contact_exports/e1"
ANSWER = {"activity_id": "a1", "list_id": "l1", "custom_field_id": "f1", "total": 1}


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


@pytest.fixture(scope="module")
def exchanges(description):
    """The requests of every method of the client."""
    base, made = description["basePath"], {}
    with HTTPServer(host="127.0.0.1", port=0) as server:
        limiter = RateLimiter(SqliteSlots(None), "contract", sleep=lambda _: None)
        client = ConstantContactClient(
            server.url_for(base), auth=BearerToken("t"), limiter=limiter, max_tries=1
        )
        for name, (path, call) in CALLS.items():
            server.clear()

            def answer(request, name=name):
                made[name] = see(request)
                table = "text/csv" in made[name].accept
                return Response("Email address\r\n" if table else json.dumps(ANSWER))

            ids = {"activity_id": "a1", "file_export_id": "e1"}
            url_path = base + path.format(**ids)
            server.expect_request(url_path).respond_with_handler(answer)
            call(client)
        client.close()
        limiter.close()
    return made


@pytest.fixture(params=CALLS)
def exchange(request, exchanges, description):
    """A request that the client made, and the operation that it is meant for."""
    made = exchanges[request.param]
    path, _ = CALLS[request.param]
    return made, description["paths"][path].get(made.method.lower())


def test_the_path_and_method_exist(exchange):
    made, operation = exchange
    assert operation, made.method


def test_query_parameters_are_known_and_within_their_limits(exchange):
    made, operation = exchange
    known = {item["name"]: item for item in operation["parameters"] if item["in"] == "query"}
    for name, value in made.query.items():
        several = known[name]["type"] == "array"
        values = known[name]["items"] if several else known[name]
        assert value in values.get("enum", [value])
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
    parts = {item["name"]: item for item in operation["parameters"] if item["in"] == "formData"}
    if parts:
        assert set(made.form) | made.files == set(parts)
        assert made.form["sms_permission_to_send"] in parts["sms_permission_to_send"]["enum"]


def test_the_keys_of_a_new_list_are_known_and_complete(exchanges, description):
    schema = description["definitions"]["ListInput"]
    keys = set(json.loads(exchanges["create_contact_list"].data))
    assert set(schema["required"]) <= keys <= set(schema["properties"])


def test_the_keys_of_an_export_are_known_and_may_go_together(exchanges, description):
    schema = description["definitions"]["ContactsExport"]["properties"]
    body = json.loads(exchanges["start_contact_export"].data)
    assert set(body) == {"fields", "list_ids"} <= set(schema)
    assert schema["list_ids"]["maxItems"] == MAX_EXPORT_LISTS
    assert body["fields"][0] == schema["fields"]["items"]["example"]


def test_an_export_is_read_under_the_documented_keys(description):
    shown = example(description, "ActivityExportStatus")
    links = description["definitions"]["ActivityStatusExportLink"]["properties"]
    href = links["results"]["properties"]["href"]["example"]
    read = Activity.from_json(shown | {"_links": {"results": {"href": href}}})
    assert read.activity_id == shown["activity_id"]
    assert read.created_at.isoformat().startswith(shown["created_at"][:19])
    assert read.results == href


def test_a_contact_is_read_under_the_documented_keys(description):
    email = example(description, "EmailAddress")
    lists = description["definitions"]["ContactResource"]["properties"]["list_memberships"]
    shown = example(description, "ContactResource")
    shown |= {"email_address": email, "list_memberships": [lists["items"]["example"]]}
    assert ContactStatus.from_json(shown) == ContactStatus(
        email=email["address"],
        permission=email["permission_to_send"],
        deleted=True,
        list_ids=frozenset({lists["items"]["example"]}),
    )
    contacts = description["definitions"]["Contacts"]["properties"]["contacts"]
    assert contacts["items"]["$ref"].endswith("/ContactResource")


def test_the_documented_counts_add_up_as_they_are_read(description):
    """The total of the example includes the unsubscribed."""
    shown = example(description, "ContactsCounts")
    counts = ContactCounts.from_json(shown)
    assert counts.total == shown["total"]
    assert counts.active == shown["total"] - shown["unsubscribed"]


def test_the_keys_of_a_new_custom_field_are_known(exchanges, description):
    definitions = description["definitions"]
    body = json.loads(exchanges["create_custom_field"].data)
    assert set(body) <= set(definitions["CustomFieldRequest"]["properties"])
    assert set(body["metadata"]) <= set(definitions["CustomFieldMetadata"]["properties"])
    known = set(definitions["CustomFieldChoiceRequest"]["properties"])
    assert all(set(choice) == known for choice in body["choices"])


def test_the_limits_of_a_new_custom_field_are_the_documented_ones(description):
    definitions = description["definitions"]
    field = definitions["CustomFieldRequest"]["properties"]
    choice = definitions["CustomFieldChoiceRequest"]["properties"]
    assert field["label"]["maxLength"] == MAX_LABEL_LENGTH
    assert field["choices"]["maxItems"] == MAX_CHOICES
    assert choice["choice_label"]["maxLength"] == MAX_CHOICE_LENGTH
    words = field["choices"]["description"]
    assert all(kind in words for kind in CHOICE_TYPES)
    assert f"types is {MAX_BUTTONS}." in words
    operation = description["paths"]["/contact_custom_fields"]["post"]
    assert f"up to {MAX_ACCOUNT_FIELDS} " in operation["description"]


def example(description, name):
    """An answer made of the examples of a definition."""
    found = description["definitions"][name]["properties"].items()
    return {key: value["example"] for key, value in found if "example" in value}


def test_answers_are_read_under_the_documented_keys(description):
    shown = example(description, "Customer")
    assert AccountSummary.from_json(shown) == AccountSummary(
        shown["encoded_account_id"], shown["organization_name"]
    )
    field = example(description, "CustomField")
    assert CustomField.from_json(field) == CustomField(
        field["custom_field_id"], field["label"], field["name"], field["type"]
    )
    found = ContactList.from_json(example(description, "ContactList") | {"deleted_at": None})
    assert all([found.list_id, found.name, found.membership_count])


def test_privileges_are_documented_as_an_array_of_names(description):
    schema = description["definitions"]["UserPrivilegesResource"]
    assert schema["type"] == "array"
    assert schema["items"]["properties"]["privilege_name"]["type"] == "string"
