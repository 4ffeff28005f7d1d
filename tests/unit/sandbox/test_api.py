"""Lists, custom fields, contacts, the account and refusals, over HTTP."""

from __future__ import annotations

import uuid

import pytest
import requests

from target_constant_contact.sandbox import Sandbox


@pytest.fixture
def call(sandbox):
    def send(method, path, **more):
        headers = {"Authorization": f"Bearer {sandbox.access_token}", **more.pop("headers", {})}
        return requests.request(method, sandbox.url + path, headers=headers, timeout=10, **more)

    return send


def pages(call, path, key):
    """Follow a collection to its end."""
    while path:
        answer = call("GET", path).json()
        yield answer[key]
        path = answer["_links"].get("next", {}).get("href")


def test_a_new_account_has_its_lists(call):
    names = [found["name"] for found in call("GET", "/v3/contact_lists").json()["lists"]]
    assert names == ["General Interest", "Newsletter", "Loyalty members", "Product updates"]


def test_ids_of_the_seed_are_the_same_in_every_sandbox(sandbox):
    with Sandbox() as other:
        assert other.lists() == sandbox.lists()


def test_deleted_lists_are_shown_on_demand_only(call):
    answer = call("GET", "/v3/contact_lists?status=deleted").json()
    assert [found["name"] for found in answer["lists"]] == ["Old campaign 2019"]
    assert answer["lists"][0]["deleted_at"]
    assert len(call("GET", "/v3/contact_lists?status=all").json()["lists"]) == 5
    assert len(call("GET", "/v3/contact_lists?status=active,deleted").json()["lists"]) == 5


def test_lists_are_found_by_exact_name(call):
    answer = call("GET", "/v3/contact_lists?name=Newsletter&include_count=true").json()
    assert [found["name"] for found in answer["lists"]] == ["Newsletter"]
    assert answer["lists_count"] == 1
    assert call("GET", "/v3/contact_lists?name=newsletter").json()["lists"] == []


def test_lists_are_counted_when_asked(call):
    answer = call("GET", "/v3/contact_lists?include_membership_count=active").json()
    assert {x["name"]: x["membership_count"] for x in answer["lists"]} == {
        "General Interest": 10,
        "Newsletter": 2,
        "Loyalty members": 0,
        "Product updates": 0,
    }
    assert "membership_count" not in call("GET", "/v3/contact_lists").json()["lists"][0]


def test_all_members_are_counted_or_the_active_ones_only(call, sandbox, clock):
    """A member on hold counts for `all` and not for `active`."""
    list_id = sandbox.lists()["Newsletter"]
    body = {"import_data": [{"email": "tem.hold@example.org"}], "list_ids": [list_id]}
    assert call("POST", "/v3/activities/contacts_json_import", json=body).status_code == 201
    clock.advance(5)

    def counts(which):
        path = f"/v3/contact_lists?include_membership_count={which}"
        return {x["name"]: x["membership_count"] for x in call("GET", path).json()["lists"]}

    assert (counts("all")["Newsletter"], counts("active")["Newsletter"]) == (3, 2)
    assert set(counts("all")) == set(sandbox.lists())


def test_pages_follow_each_other_by_opaque_links(call):
    found = list(pages(call, "/v3/contact_lists?limit=3&status=all", "lists"))
    assert [len(page) for page in found] == [3, 2]
    assert len({item["list_id"] for page in found for item in page}) == 5


def test_a_full_last_page_has_no_next_link(call):
    assert call("GET", "/v3/contact_lists?limit=4").json()["_links"] == {}


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=1001", "limit=x", "status=gone", "include_count=maybe", "cursor=%21"],
)
def test_a_wrong_parameter_of_lists_is_refused(call, query):
    answer = call("GET", f"/v3/contact_lists?{query}")
    assert answer.status_code == 400
    assert answer.json()[0]["error_key"] == "contacts.api.validation.error"


def test_one_list_is_shown_with_its_count(call, sandbox):
    list_id = sandbox.lists()["Newsletter"]
    answer = call("GET", f"/v3/contact_lists/{list_id}?include_membership_count=all").json()
    assert (answer["name"], answer["membership_count"]) == ("Newsletter", 2)


@pytest.mark.parametrize(
    ("list_id", "message"),
    [("c3a88030-1e20-4599-93fe-6293d26a2992", "was not found"), ("12", "is in an invalid format")],
)
def test_an_unknown_list_is_not_found(call, list_id, message):
    answer = call("GET", f"/v3/contact_lists/{list_id}")
    assert answer.status_code == 404
    assert message in answer.json()[0]["error_message"]


def test_a_list_is_made_once(call, sandbox):
    made = call("POST", "/v3/contact_lists", json={"name": "Spring", "description": "Buds"})
    assert made.status_code == 201
    assert made.json()["description"] == "Buds"
    assert "membership_count" not in made.json()
    assert sandbox.lists()["Spring"] == made.json()["list_id"]
    again = call("POST", "/v3/contact_lists", json={"name": "SPRING"})
    assert again.status_code == 409
    assert again.json()[0]["error_key"] == "contacts.api.conflict"


def test_the_name_of_a_deleted_list_is_free(call):
    made = call("POST", "/v3/contact_lists", json={"name": "Old campaign 2019"})
    assert made.status_code == 201


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": " "},
        {"name": "x" * 256},
        {"name": 5},
        {"name": "\ud800"},
        {"name": "A", "favorite": "yes"},
        {"name": "A", "description": 3},
    ],
)
def test_a_faulty_list_is_not_made(call, body):
    assert call("POST", "/v3/contact_lists", json=body).status_code == 400


def test_an_account_has_no_more_than_a_thousand_lists(call, sandbox):
    for number in range(996):
        sandbox.create_list(f"List {number}")
    assert call("POST", "/v3/contact_lists", json={"name": "One more"}).status_code == 400


def test_custom_fields_show_names_that_differ_from_labels(call):
    fields = call("GET", "/v3/contact_custom_fields").json()["custom_fields"]
    assert {f["label"]: f["name"] for f in fields}["Customer ID"] == "customer_id"
    tier = next(f for f in fields if f["name"] == "Loyalty_tier")
    assert [c["choice_label"] for c in tier["choices"]] == ["Bronze", "Silver", "Gold"]


def test_custom_fields_are_paged(call):
    found = list(pages(call, "/v3/contact_custom_fields?limit=2", "custom_fields"))
    assert [len(page) for page in found] == [2, 2, 1]
    assert call("GET", "/v3/contact_custom_fields?limit=101").status_code == 400


def test_a_custom_field_is_made_with_a_name_from_its_label(call):
    body = {"label": "Favourite colour", "type": "single_select"}
    choices = [{"choice_label": "Red"}, {"choice_label": "Blue"}]
    made = call("POST", "/v3/contact_custom_fields", json={**body, "choices": choices})
    assert made.status_code == 201
    assert made.json()["name"] == "Favourite_colour"
    again = call("POST", "/v3/contact_custom_fields", json={"label": "x", "type": "date"} | body)
    assert again.status_code == 400
    again = call("POST", "/v3/contact_custom_fields", json=body | {"type": "string"})
    assert again.status_code == 409


CHOICES = [{"choice_label": "Red"}, {"choice_label": "Blue"}]


@pytest.mark.parametrize(
    ("type_", "more"),
    [
        ("string", {}),
        ("text_area", {}),
        ("number", {"metadata": {"integer": False, "decimal_places": 2}}),
        ("currency", {"metadata": {"currency_code": "USD"}}),
        ("date", {"metadata": {"display_format": "MM/DD/YYYY"}, "version": 2}),
        ("datetime", {"version": 1}),
        ("boolean", {}),
        ("single_select", {"metadata": {"display_type": "dropdown"}, "choices": CHOICES}),
        ("multi_select", {"metadata": {"display_type": "checkbox"}, "choices": CHOICES}),
    ],
)
def test_a_custom_field_of_every_type_is_made_as_asked(call, type_, more):
    made = call("POST", "/v3/contact_custom_fields", json={"label": "A", "type": type_} | more)
    assert made.status_code == 201
    found = call("GET", "/v3/contact_custom_fields").json()["custom_fields"][-1]
    assert found == made.json()
    assert (found["type"], found.get("metadata"), found.get("version")) == (
        type_,
        more.get("metadata"),
        more.get("version"),
    )
    labels = [choice["choice_label"] for choice in more.get("choices", [])]
    assert [choice["choice_label"] for choice in found.get("choices", [])] == labels


def test_choices_stand_in_the_order_that_was_asked_for(call):
    choices = [
        {"choice_label": "Last", "display_order": 3},
        {"choice_label": "First", "display_order": 1},
        {"choice_label": "Middle", "display_order": 2},
    ]
    body = {"label": "A", "type": "single_select", "choices": choices}
    made = call("POST", "/v3/contact_custom_fields", json=body).json()
    assert [(c["choice_label"], c["display_order"]) for c in made["choices"]] == [
        ("First", 1),
        ("Middle", 2),
        ("Last", 3),
    ]


@pytest.mark.parametrize(("display_type", "limit"), [("radio", 20), ("dropdown", 100)])
def test_a_field_has_as_many_choices_as_its_display_allows(call, display_type, limit):
    def make(number):
        body = {
            "label": f"{number} choices",
            "type": "single_select",
            "metadata": {"display_type": display_type},
            "choices": [{"choice_label": f"Choice {n}"} for n in range(number)],
        }
        return call("POST", "/v3/contact_custom_fields", json=body).status_code

    assert (make(limit), make(limit + 1)) == (201, 400)


@pytest.mark.parametrize(
    "body",
    [
        {"type": "string"},
        {"label": "x" * 51, "type": "string"},
        {"label": "A", "type": "colour"},
        {"label": "A", "type": []},
        {"label": "A", "type": "multi_select"},
        {"label": "A", "type": "single_select", "choices": ["x"]},
        {"label": "A", "type": "number", "metadata": "x"},
        {"label": "A", "type": "date", "version": 3},
        {"label": "A", "type": "date", "version": True},
        {
            "label": "A",
            "type": "multi_select",
            "choices": [{"choice_label": "x", "display_order": "1"}],
        },
    ],
)
def test_a_faulty_custom_field_is_not_made(call, body):
    assert call("POST", "/v3/contact_custom_fields", json=body).status_code == 400


def test_an_account_has_no_more_than_a_hundred_fields(call, sandbox):
    for number in range(95):
        sandbox.create_custom_field(f"Field {number}")
    body = {"label": "One more", "type": "string"}
    assert call("POST", "/v3/contact_custom_fields", json=body).status_code == 400


def test_preparing_a_name_that_is_taken_fails(sandbox):
    with pytest.raises(ValueError, match="exists"):
        sandbox.create_list("newsletter")
    with pytest.raises(ValueError, match="exists"):
        sandbox.create_custom_field("customer id")
    assert sandbox.create_custom_field("Shoe size", "number", name="shoe") == "shoe"


def test_tags_are_an_empty_collection(call):
    assert call("GET", "/v3/contact_tags").json()["tags"] == []


def test_contacts_are_found_by_address_in_any_case(call):
    found = call("GET", "/v3/contacts?email=Ada.Marsh%40Example.com").json()["contacts"]
    assert [c["email_address"]["address"] for c in found] == ["ada.marsh@example.com"]
    assert call("GET", "/v3/contacts?email=nobody%40example.com").json()["contacts"] == []


@pytest.mark.parametrize(
    ("status", "address"),
    [
        ("unsubscribed", "una.subscribed@example.com"),
        ("deleted", "del.eted@example.net"),
        ("temp_hold", "tem.hold@example.org"),
        ("pending_confirmation", "pen.ding@example.net"),
    ],
)
def test_contacts_are_found_by_status(call, status, address):
    found = call("GET", f"/v3/contacts?status={status}").json()["contacts"]
    assert address in [c["email_address"]["address"] for c in found]
    assert "ada.marsh@example.com" not in [c["email_address"]["address"] for c in found]


def test_an_unsubscribed_contact_shows_who_did_it(call):
    found = call("GET", "/v3/contacts?status=unsubscribed").json()["contacts"]
    sources = {c["email_address"]["address"]: c["email_address"]["opt_out_source"] for c in found}
    assert sources == {
        "una.subscribed@example.com": "Contact",
        "ada.optout@example.org": "Account",
    }


def test_deleted_contacts_are_left_out_unless_asked_for(call):
    def count(query):
        return call("GET", f"/v3/contacts?include_count=true{query}").json()["contacts_count"]

    assert (count(""), count("&status=all"), count("&status=active")) == (15, 17, 10)


def test_a_contact_without_address_shows_its_sms_channel(call):
    path = "/v3/contacts?status=not_set&include=sms_channel"
    (found,) = call("GET", path).json()["contacts"]
    assert "email_address" not in found
    assert found["sms_channel"]["sms_address"] == "5035550199"


def test_contacts_are_found_by_list_and_paged(call, sandbox):
    list_id = sandbox.lists()["General Interest"]
    path = f"/v3/contacts?lists={list_id}&limit=4&include=list_memberships"
    found = [c for page in pages(call, path, "contacts") for c in page]
    assert len({c["contact_id"] for c in found}) == 10
    assert all(list_id in c["list_memberships"] for c in found)


def test_contacts_are_found_by_time(call, clock):
    assert call("GET", "/v3/contacts?updated_after=2025-12-01T00:00:00Z").json()["contacts"]
    later = "/v3/contacts?created_after=2026-01-01T00:00:00%2B00:00"
    assert call("GET", later).json()["contacts"] == []
    assert call("GET", "/v3/contacts?optout_before=2026-01-01&status=all").json()["contacts"]
    assert clock() > 0


def test_contacts_with_a_tag_or_in_a_segment_are_none(call):
    assert call("GET", "/v3/contacts?segment_id=14").json()["contacts"] == []


@pytest.mark.parametrize(
    "query",
    ["status=gone", "lists=x", "include=shoes", "updated_after=soon", "limit=501"],
)
def test_a_wrong_parameter_of_contacts_is_refused(call, query):
    assert call("GET", f"/v3/contacts?{query}").status_code == 400


def test_one_contact_is_shown_by_id(call):
    (found,) = call("GET", "/v3/contacts?email=jonas.weber%40example.com").json()["contacts"]
    path = f"/v3/contacts/{found['contact_id']}?include=street_addresses,phone_numbers,notes"
    shown = call("GET", path).json()
    (address,) = shown["street_addresses"]
    assert (address["kind"], address["street"], address["postal_code"]) == (
        "home",
        "1 Mill Lane",
        "97301",
    )
    assert shown["phone_numbers"] == shown["notes"] == []


def test_an_unknown_contact_is_not_found(call):
    answer = call("GET", "/v3/contacts/12")
    assert answer.status_code == 404
    assert answer.json() == [
        {
            "error_key": "contacts.api.not_found",
            "error_message": "contact_id is in an invalid format.",
        }
    ]
    assert call("GET", f"/v3/contacts/{uuid.uuid4()}").status_code == 404


def test_contacts_are_counted_by_permission(call):
    assert call("GET", "/v3/contacts/counts").json() == {
        "total": 15,
        "explicit": 0,
        "implicit": 10,
        "pending": 1,
        "unsubscribed": 2,
    }
    assert call("GET", "/v3/contacts/counts?include=new_subscriber").json()["new_subscriber"] == 0


def test_the_account_says_who_it_is(call):
    summary = call("GET", "/v3/account/summary").json()
    assert summary["organization_name"] == "Sandbox Trading Co."
    assert "physical_address" not in summary
    more = call("GET", "/v3/account/summary?extra_fields=physical_address").json()
    assert more["physical_address"]["city"] == "Portland"


def test_the_account_needs_its_own_scope(call, sandbox):
    narrow = {"Authorization": f"Bearer {sandbox.mint_token('contact_data')}"}
    answer = call("GET", "/v3/account/summary", headers=narrow)
    assert answer.status_code == 403
    assert answer.json()["error_message"] == "Forbidden"
    privileges = call("GET", "/v3/account/user/privileges", headers=narrow).json()
    assert "contacts:write" in [p["privilege_name"] for p in privileges]


def test_a_wrong_token_is_refused_as_the_gateway_does(call):
    answer = call("GET", "/v3/contacts", headers={"Authorization": "Bearer wrong"})
    assert answer.status_code == 401
    assert answer.content == b'{"error_key":"unauthorized","error_message":"Unauthorized"}'
    assert answer.headers["WWW-Authenticate"] == "Bearer realm=api.cc.email"
    assert answer.headers["x-amzn-RequestId"]
    assert call("GET", "/v3/contacts", headers={"Authorization": ""}).status_code == 401


def test_a_token_expires(call, sandbox, clock):
    short = {"Authorization": f"Bearer {sandbox.mint_token(seconds=60)}"}
    assert call("GET", "/v3/contacts", headers=short).status_code == 200
    clock.advance(60)
    assert call("GET", "/v3/contacts", headers=short).status_code == 401


def test_what_does_not_exist_is_refused_in_the_shape_of_its_place(call):
    assert call("GET", "/v3/nothing").status_code == 404
    assert call("GET", "/v3/nothing").json()[0]["error_key"] == "contacts.api.not_found"
    outside = call("GET", "/v2/contacts")
    assert (outside.status_code, outside.json()) == (403, {"message": "Forbidden"})
    assert call("PUT", "/v3/contact_lists").status_code == 405


def test_a_body_that_is_too_large_is_refused(monkeypatch):
    monkeypatch.setattr("target_constant_contact.sandbox.endpoints.gate.MAX_BODY_BYTES", 100)
    with Sandbox() as small:
        headers = {"Authorization": f"Bearer {small.access_token}"}
        url = f"{small.api_url}/contact_lists"
        answer = requests.post(url, json={"name": "x" * 100}, headers=headers, timeout=10)
        assert answer.status_code == 413


@pytest.mark.parametrize("content", [b'{"name": NaN}', b"{,}", b'["x"]', b"", b"\xff"])
def test_a_body_that_is_not_a_json_object_is_refused(call, content):
    headers = {"Content-Type": "application/json"}
    answer = call("POST", "/v3/contact_lists", data=content, headers=headers)
    assert answer.status_code == 400
    assert isinstance(answer.json(), list)


def test_a_body_of_another_type_is_refused(call):
    headers = {"Content-Type": "text/plain"}
    answer = call("POST", "/v3/contact_lists", data=b'{"name": "A"}', headers=headers)
    assert answer.status_code == 415


def test_a_name_of_another_machine_is_refused(call, sandbox):
    """A web page must not read the account through a DNS name that it points here."""
    host = {"Host": f"rebound.example.com:{sandbox.url.rsplit(':', 1)[1]}"}
    assert call("GET", "/", headers=host).status_code == 403
    local = {"Host": f"localhost:{sandbox.url.rsplit(':', 1)[1]}"}
    assert call("GET", "/", headers=local).status_code == 200


def test_a_mistake_of_the_sandbox_is_answered_500_and_logged(call, monkeypatch, caplog):
    def fail(*_):
        raise ZeroDivisionError

    monkeypatch.setattr("target_constant_contact.sandbox.endpoints.lists.list_resource", fail)
    assert call("GET", "/v3/contact_lists").status_code == 500
    assert "/v3/contact_lists" in caplog.text
