"""The sandbox's answers must agree with the facts of the service's API."""

from __future__ import annotations

import pytest
import requests
from jsonschema import Draft4Validator, FormatChecker
from referencing import Registry
from referencing.jsonschema import DRAFT4

from target_constant_contact.sandbox import Behaviour, ManualClock, Sandbox
from tests.contract.facts import ANSWERS, SCHEMAS, example, properties

RICH = {
    "email": "rich@example.com",
    "first_name": "Rich",
    "birthday_month": 3,
    "birthday_day": 4,
    "anniversary": "2012-03-04",
    "home_phone": "503-555-0101",
    "mobile_phone": "503-555-0102",
    "street": "1 Way",
    "street2": "Flat 2",
    "work_city": "Salem",
    "cf:customer_id": "7",
    "cf:Loyalty_tier": "Gold",
    "sms_number": "5035550103",
    "sms_consent_date": "2025-01-02",
}
ALL_PARTS = (
    "include=custom_fields,list_memberships,phone_numbers,street_addresses,taggings,notes,"
    "sms_channel"
)


REGISTRY = Registry().with_resources(
    (name, DRAFT4.create_resource(schema)) for name, schema in SCHEMAS.items()
)


def faults(name, value):
    """Return how a value differs from a schema."""
    validator = Draft4Validator({"$ref": name}, registry=REGISTRY, format_checker=FormatChecker())
    return [f"{list(error.path)}: {error.message}" for error in validator.iter_errors(value)]


def undocumented(schema, value, at=""):
    """Name properties of a value that the schema does not know."""
    while "$ref" in schema:
        schema = SCHEMAS[schema["$ref"]]
    if isinstance(value, list):
        items = schema.get("items", {})
        return [name for item in value for name in undocumented(items, item, at + "[]")]
    if not isinstance(value, dict):
        return []
    known = schema.get("properties", {})
    unknown = [f"{at}.{name}" for name in value if name not in known]
    deeper = [undocumented(known[n], v, f"{at}.{n}") for n, v in value.items() if n in known]
    return unknown + [name for names in deeper for name in names]


@pytest.fixture(scope="module")
def clock():
    return ManualClock()


@pytest.fixture(scope="module")
def sandbox(clock):
    with Sandbox(clock=clock, behaviour=Behaviour(line_errors=True)) as open_sandbox:
        headers = {"Authorization": f"Bearer {open_sandbox.access_token}"}
        body = {
            "import_data": [RICH, {"email": "wrong"}],
            "list_ids": list(open_sandbox.lists().values()),
            "sms_permission_to_send": "explicit",
        }
        url = f"{open_sandbox.api_url}/activities/contacts_json_import"
        requests.post(url, json=body, headers=headers, timeout=10).raise_for_status()
        clock.advance(5)
        open_sandbox.advance()
        yield open_sandbox


@pytest.fixture
def ids(sandbox):
    """Ids for the placeholders of a path."""
    headers = {"Authorization": f"Bearer {sandbox.access_token}"}
    url = f"{sandbox.api_url}/contacts?email=rich%40example.com"
    (contact,) = requests.get(url, headers=headers, timeout=10).json()["contacts"]
    return {
        "{list_id}": sandbox.lists()["Newsletter"],
        "{activity_id}": sandbox.activities()[0]["activity_id"],
        "{contact_id}": contact["contact_id"],
    }


@pytest.fixture
def call(sandbox):
    def send(method, path, **more):
        headers = {"Authorization": f"Bearer {sandbox.access_token}"}
        return requests.request(method, sandbox.api_url + path, headers=headers, timeout=10, **more)

    return send


def check(answer, method, path, status):
    assert answer.status_code == status, answer.text
    schema = ANSWERS[f"{method} {path}"][status]
    assert faults(schema, answer.json()) == []
    assert undocumented(SCHEMAS[schema], answer.json()) == []


READS = [
    ("/contact_lists", "include_membership_count=all&include_count=true&status=all"),
    ("/contact_lists", "limit=1"),
    ("/contact_lists/{list_id}", "include_membership_count=active"),
    ("/contact_custom_fields", ""),
    ("/contact_custom_fields", "limit=2"),
    ("/contacts", f"{ALL_PARTS}&status=all&include_count=true"),
    ("/contacts", "limit=3"),
    ("/contacts/{contact_id}", ALL_PARTS),
    ("/contacts/counts", "include=new_subscriber"),
    ("/activities", ""),
    ("/activities", "limit=1&state=completed"),
    ("/activities/{activity_id}", ""),
    ("/account/summary", "extra_fields=physical_address"),
    ("/account/user/privileges", ""),
    ("/contact_tags", ""),
]


@pytest.mark.parametrize(("path", "query"), READS)
def test_what_is_read_has_the_documented_shape(call, ids, path, query):
    real = path
    for name, value in ids.items():
        real = real.replace(name, value)
    check(call("GET", f"{real}?{query}"), "GET", path, 200)


def test_what_is_made_has_the_documented_shape(call):
    made = call("POST", "/contact_lists", json={"name": "Contract"})
    check(made, "POST", "/contact_lists", 201)
    body = {"label": "Contract", "type": "single_select", "choices": [{"choice_label": "Yes"}]}
    made = call("POST", "/contact_custom_fields", json=body)
    check(made, "POST", "/contact_custom_fields", 201)


def bodies(ids):
    list_ids = [ids["{list_id}"]]
    return {
        "contacts_json_import": {"import_data": [RICH], "list_ids": list_ids},
        "remove_list_memberships": {"source": {"list_ids": list_ids}, "list_ids": list_ids},
        "add_list_memberships": {"source": {"all_active_contacts": True}, "list_ids": list_ids},
        "contact_exports": {},
        "list_delete": {"list_ids": ["9b0f8a52-0000-4000-8000-000000000000"]},
        "contact_delete": {"contact_ids": ["9b0f8a52-0000-4000-8000-000000000000"]},
    }


@pytest.mark.parametrize("kind", list(bodies({"{list_id}": ""})))
def test_an_activity_has_the_documented_shape_from_first_to_last(call, clock, ids, kind):
    path = f"/activities/{kind}"
    queued = call("POST", path, json=bodies(ids)[kind])
    check(queued, "POST", path, 201)
    clock.advance(5)
    activity_id = queued.json()["activity_id"]
    ended = call("GET", f"/activities/{activity_id}")
    check(ended, "GET", "/activities/{activity_id}", 200)
    assert ended.json()["state"] == "completed"


def test_a_file_import_has_the_documented_shape(call, ids):
    queued = call(
        "POST",
        "/activities/contacts_file_import",
        files={"file": ("a.csv", b"email\na@example.com\n", "text/csv")},
        data={"list_ids": ids["{list_id}"]},
    )
    check(queued, "POST", "/activities/contacts_file_import", 201)


def test_errors_have_one_of_the_documented_shapes(call, sandbox):
    refused = call("GET", "/contact_lists?limit=0")
    assert faults("APIErrorSchema", refused.json()) == []
    stranger = requests.get(f"{sandbox.api_url}/contacts", timeout=10)
    assert faults("AuthorizationErrorSchema", stranger.json()) == []


def test_every_documented_import_property_is_understood():
    """The sandbox understands the documented properties, no more and no less."""
    from target_constant_contact.sandbox.activities import rows

    own = {"email", "sms_number", "sms_consent_date", "anniversary"}
    own |= {"birthday_month", "birthday_day"}
    documented = {name for name in properties("JsonImportContact") if not name.startswith("cf:")}
    assert documented - set(rows.TEXTS) - own == set()
    assert (set(rows.TEXTS) | own) - documented <= {"home_country"}


LIST = {"list_id": "9b0f8a52-0000-4000-8000-000000000000", "name": "A"}


@pytest.mark.parametrize(
    ("schema", "wrong"),
    [
        ("ContactListArray", {"lists": [LIST | {"list_id": 7}]}),
        ("ContactListArray", {"lists": [LIST | {"created_at": "yesterday"}]}),
        ("ContactListArray", {"lists": [{"name": "A"}]}),
        ("ContactResource", {"first_name": "x" * 51}),
        ("ContactResource", {"list_memberships": [LIST["list_id"]] * 51}),
        ("UserPrivilegesResource", {}),
    ],
)
def test_a_wrong_value_would_be_noticed(schema, wrong):
    """The check itself sees a wrong type, a wrong format, what is missing and what is too long."""
    assert faults(schema, wrong)
    assert faults(schema, example(schema)) == []


def test_an_unknown_property_would_be_noticed():
    wrong = {"lists": [LIST | {"colour": "red"}], "size": 1}
    assert undocumented(SCHEMAS["ContactListArray"], wrong) == [".size", ".lists[].colour"]
