"""What becomes of the rows of an import."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import requests

from target_constant_contact.sandbox import Behaviour

LIST = "Loyalty members"


@pytest.fixture
def post(sandbox):
    def send(body=None, path="contacts_json_import", **more):
        headers = {"Authorization": f"Bearer {sandbox.access_token}", **more.pop("headers", {})}
        url = f"{sandbox.api_url}/activities/{path}"
        return requests.post(url, json=body, headers=headers, timeout=10, **more)

    return send


@pytest.fixture
def bring_in(sandbox, post, clock):
    """Import rows into the list and return the counters."""

    def run(*rows, lists=(LIST,), **more):
        list_ids = [sandbox.lists()[name] for name in lists]
        answer = post({"import_data": list(rows), "list_ids": list_ids, **more})
        assert answer.status_code == 201, answer.text
        clock.advance(5)
        return find(sandbox, answer)["status"]

    return run


@pytest.fixture
def bring_file(sandbox, post, clock):
    """Import a CSV file into the list and return the counters."""

    def run(text, name="people.csv"):
        content = text if isinstance(text, bytes) else text.encode()
        files = {"file": (name, content, "text/csv")}
        answer = post(
            path="contacts_file_import", data={"list_ids": sandbox.lists()[LIST]}, files=files
        )
        if answer.status_code != 201:
            return answer
        clock.advance(5)
        return find(sandbox, answer)["status"]

    return run


def find(sandbox, answer):
    activity_id = answer.json()["activity_id"]
    return next(a for a in sandbox.activities() if a["activity_id"] == activity_id)


def counted(counters):
    """Return (total, people, correctable, cannot add)."""
    names = ["items_total_count", "person_count", "correctable_count", "cannot_add_to_list_count"]
    return tuple(counters[name] for name in names)


def test_a_new_contact_is_made_with_implicit_permission(bring_in, sandbox):
    counters = bring_in({"email": " New.One@Example.com ", "first_name": " Nia ", "last_name": ""})
    assert counted(counters) == (2, 1, 0, 0)
    assert sandbox.members(LIST) == {
        "new.one@example.com": {
            "email": "New.One@Example.com",
            "first_name": "Nia",
            "permission_to_send": "implicit",
            "lists": [LIST],
        }
    }


def test_an_existing_contact_keeps_what_is_not_supplied(bring_in, sandbox):
    bring_in({"email": "ADA.marsh@example.com", "last_name": "Reed", "city": "", "state": None})
    contact = sandbox.contact("ada.marsh@example.com")
    assert contact["email"] == "ada.marsh@example.com"
    assert (contact["first_name"], contact["last_name"]) == ("Ada", "Reed")
    assert (contact["city"], contact["state"]) == ("Portland", "Oregon")
    assert contact["lists"] == ["General Interest", LIST, "Newsletter"]


def test_every_documented_property_is_kept_under_its_kind(bring_in, sandbox):
    row = {
        "email": "all@example.com",
        "job_title": "Baker",
        "company_name": "Bread",
        "birthday_month": 2,
        "birthday_day": "29",
        "anniversary": "3/7/2011",
        "other_phone": "1",
        "home_phone": "2",
        "work_phone": "3",
        "street": "1 Way",
        "home_street2": "Flat 2",
        "home country": "France",
        "work_city": "Lyon",
        "other_zip": "690",
        "cf:customer_id": 77,
        "cf:Loyalty_tier": "Gold",
    }
    bring_in(row)
    contact = sandbox.contact("all@example.com")
    expected = {
        "birthday_month": 2,
        "birthday_day": 29,
        "anniversary": "2011-03-07",
        "phone": "1",
        "street2": "Flat 2",
        "country": "France",
        "work_city": "Lyon",
        "other_zip": "690",
        "cf:customer_id": "77",
    }
    assert {name: contact[name] for name in expected} == expected
    shown = resource(sandbox, "all@example.com", "street_addresses,phone_numbers,custom_fields")
    addresses = {a["kind"]: a for a in shown["street_addresses"]}
    assert addresses["home"]["street"] == "1 Way Flat 2"
    assert set(addresses) == {"home", "work", "other"}
    assert {p["kind"] for p in shown["phone_numbers"]} == {"home", "work", "other"}
    assert {f["value"]: f.get("choice_ids") for f in shown["custom_fields"]} == {
        "77": None,
        "Gold": ["3"],
    }


def resource(sandbox, email, include):
    headers = {"Authorization": f"Bearer {sandbox.access_token}"}
    query = {"email": email, "include": include}
    answer = requests.get(f"{sandbox.api_url}/contacts", query, headers=headers, timeout=10)
    return answer.json()["contacts"][0]


def test_a_fourth_kind_of_phone_is_not_kept(bring_in, sandbox):
    numbers = {f"{kind}_phone": kind for kind in ("home", "work", "mobile", "other")}
    bring_in({"email": "p@example.com", **numbers})
    assert "phone" not in sandbox.contact("p@example.com")


def test_no_more_than_25_custom_fields_are_kept(bring_in, sandbox):
    names = [sandbox.create_custom_field(f"Field {number}") for number in range(30)]
    bring_in({"email": "p@example.com", **{f"cf:{name}": "x" for name in names}})
    assert len([name for name in sandbox.contact("p@example.com") if name[:3] == "cf:"]) == 25


def test_unknown_properties_and_unknown_custom_fields_are_ignored(bring_in, sandbox):
    counters = bring_in({"email": "p@example.com", "shoe": "9", "cf:Customer ID": "1", "city": []})
    assert counted(counters) == (2, 1, 0, 0)
    assert set(sandbox.contact("p@example.com")) == {"email", "permission_to_send", "lists"}


@pytest.mark.parametrize("address", ["una.subscribed@example.com", "ada.optout@example.org"])
def test_nobody_is_subscribed_again(bring_in, sandbox, address):
    counters = bring_in({"email": address, "first_name": "X"}, {"email": "ok@example.com"})
    assert counted(counters) == (3, 2, 0, 1)
    assert address not in sandbox.members(LIST)
    assert sandbox.contact(address)["permission_to_send"] == "unsubscribed"
    assert "first_name" not in sandbox.contact(address)


def test_a_deleted_contact_comes_back(bring_in, sandbox):
    assert sandbox.contact("del.eted@example.net") is None
    bring_in({"email": "del.eted@example.net", "last_name": "Eted"})
    contact = sandbox.contact("del.eted@example.net")
    assert (contact["first_name"], contact["last_name"], contact["lists"]) == (
        "Del",
        "Eted",
        [LIST],
    )


def test_who_unsubscribed_before_deletion_comes_back_unsubscribed(bring_in, sandbox):
    counters = bring_in({"email": "gone.unsubscribed@example.com"})
    assert counted(counters) == (2, 1, 0, 1)
    contact = sandbox.contact("gone.unsubscribed@example.com")
    assert (contact["permission_to_send"], contact["lists"]) == ("unsubscribed", [])


@pytest.mark.parametrize("address", ["tem.hold@example.org", "pen.ding@example.net"])
def test_a_contact_on_hold_joins_with_its_permission_unchanged(bring_in, sandbox, address):
    before = sandbox.contact(address)["permission_to_send"]
    assert counted(bring_in({"email": address})) == (2, 1, 0, 0)
    assert sandbox.members(LIST)[address]["permission_to_send"] == before


@pytest.mark.parametrize(
    "row",
    [
        {"email": "no-at-sign"},
        {"email": "two@@example.com"},
        {"email": "a@localhost"},
        {"email": f"{'x' * 69}@example.com"},
        {"email": "jo@example.com", "birthday_month": 13, "birthday_day": 1},
        {"email": "jo@example.com", "birthday_month": 2, "birthday_day": 30},
        {"email": "jo@example.com", "birthday_day": 3},
        {"email": "jo@example.com", "birthday_month": "1" * 5000, "birthday_day": "1"},
        {"email": "jo@example.com", "birthday_month": True, "birthday_day": 1},
        {"email": "jo@example.com", "anniversary": "soon"},
        {"email": "jo@example.com", "anniversary": "2011-13-01"},
        {"email": "jo@example.com", "anniversary": "1066-10-14"},
        {"email": "jo@example.com", "sms_number": "12"},
    ],
)
def test_a_faulty_row_is_correctable_and_not_imported(bring_in, sandbox, row):
    assert counted(bring_in(row)) == (2, 1, 1, 0)
    assert sandbox.members(LIST) == {}


def test_a_row_without_identity_is_not_a_person(bring_in, sandbox):
    assert counted(bring_in({"first_name": "Nobody"}, {"email": " "})) == (3, 0, 2, 0)
    assert sandbox.members(LIST) == {}


def test_the_last_row_of_a_duplicate_wins_as_a_whole(bring_in, sandbox):
    first = {"email": "A@example.com", "first_name": "One", "city": "Rome"}
    counters = bring_in(first, {"email": "a@example.com", "first_name": "Two"})
    assert counted(counters) == (3, 1, 0, 0)
    contact = sandbox.contact("a@example.com")
    assert contact["first_name"] == "Two"
    assert "city" not in contact


def test_the_first_row_of_a_duplicate_wins_when_told_so(bring_in, sandbox):
    sandbox.behaviour = Behaviour(duplicate_row_wins="first")
    bring_in(
        {"email": "a@example.com", "first_name": "1"}, {"email": "a@example.com", "first_name": "2"}
    )
    assert sandbox.contact("a@example.com")["first_name"] == "1"


def test_a_second_import_of_the_same_rows_changes_nothing(bring_in, sandbox, clock):
    row = {"email": "a@example.com", "city": "Rome", "street2": "Flat 2", "cf:customer_id": 3}
    bring_in(row)
    before = resource(sandbox, "a@example.com", "custom_fields,street_addresses")
    clock.advance(3600)
    assert counted(bring_in(row)) == (2, 1, 0, 0)
    assert resource(sandbox, "a@example.com", "custom_fields,street_addresses") == before


def test_a_contact_joins_several_lists_at_once(bring_in, sandbox):
    bring_in({"email": "a@example.com"}, lists=(LIST, "Newsletter"))
    assert sandbox.contact("a@example.com")["lists"] == [LIST, "Newsletter"]


def test_a_contact_is_on_50_lists_at_most(bring_in, sandbox):
    names = [f"List {number}" for number in range(60)]
    for name in names:
        sandbox.create_list(name)
    bring_in({"email": "a@example.com"}, lists=names[:40])
    bring_in({"email": "a@example.com"}, lists=names[40:])
    assert len(sandbox.contact("a@example.com")["lists"]) == 50


def test_an_sms_number_alone_is_an_identity(bring_in, sandbox):
    assert counted(bring_in({"sms_number": "212-555-0143", "first_name": "Sam"})) == (2, 1, 0, 0)
    bring_in({"sms_number": "2125550143", "last_name": "Sung"})
    member = sandbox.members(LIST)["2125550143"]
    assert (member["first_name"], member["last_name"]) == ("Sam", "Sung")
    assert member["sms_permission_to_send"] == "not_set"
    assert member["permission_to_send"] == ""


def test_explicit_sms_permission_needs_the_date_of_consent(bring_in, sandbox):
    rows = (
        {"email": "a@example.com", "sms_number": "2125550143"},
        {"email": "b@example.com", "sms_number": "2125550144", "sms_consent_date": "2025-02-03"},
    )
    counters = bring_in(*rows, sms_permission_to_send="explicit")
    assert counted(counters) == (3, 2, 1, 0)
    assert sandbox.members(LIST)["b@example.com"]["sms_consent_date"] == "2025-02-03"
    bring_in(rows[1])
    assert sandbox.contact("b@example.com")["sms_permission_to_send"] == "explicit"
    channel = resource(sandbox, "b@example.com", "sms_channel")["sms_channel"]
    assert channel["sms_channel_consents"][0]["opt_in_date"] == "2025-02-03T00:00:00Z"


def test_half_a_surrogate_pair_is_replaced(bring_in, sandbox):
    bring_in({"email": "a@example.com", "first_name": "Z\ud83d"})
    assert sandbox.contact("a@example.com")["first_name"] == "Z?"


def test_a_birthday_may_be_a_whole_number_only(bring_in):
    row = {"email": "a@example.com", "birthday_month": 1.5, "birthday_day": 1}
    assert counted(bring_in(row)) == (2, 1, 1, 0)


def test_long_values_are_cut_or_correctable(bring_in, sandbox):
    row = {"email": "a@example.com", "first_name": "x" * 60}
    assert counted(bring_in(row)) == (2, 1, 0, 0)
    assert sandbox.contact("a@example.com")["first_name"] == "x" * 50
    sandbox.behaviour = Behaviour(too_long="reject")
    assert counted(bring_in(row)) == (2, 1, 1, 0)


ROWS = (
    {"email": "a@example.com"},
    {"email": "A@example.com"},
    {"email": "wrong"},
    {"email": "una.subscribed@example.com"},
    {"first_name": "Nobody"},
)


@pytest.mark.parametrize(("count", "people"), [("unique", 3), ("rows", 5), ("landed", 1)])
def test_people_are_counted_as_told(bring_in, sandbox, count, people):
    sandbox.behaviour = Behaviour(person_count=count)
    assert counted(bring_in(*ROWS)) == (6, people, 2, 1)


def test_the_header_row_and_all_counters_can_be_left_out(bring_in, sandbox):
    sandbox.behaviour = Behaviour(header_row_counted=False)
    assert counted(bring_in(*ROWS))[0] == 5
    sandbox.behaviour = Behaviour(report_counters=False)
    assert bring_in(*ROWS) == {}


def test_errors_name_lines_when_told_so(bring_in, sandbox):
    sandbox.behaviour = Behaviour(line_errors=True)
    bring_in(*ROWS)
    assert sandbox.activities()[-1]["activity_errors"] == [
        "Line 4: Invalid email address",
        "Line 6: No email address or SMS number",
    ]


def test_lost_rows_show_only_in_the_counts(bring_in, sandbox):
    sandbox.behaviour = Behaviour(rows_lost=2)
    rows = [{"email": f"p{number}@example.com"} for number in range(5)]
    assert counted(bring_in(*rows)) == (4, 3, 0, 0)
    assert list(sandbox.members(LIST)) == [f"p{number}@example.com" for number in range(3)]
    assert sandbox.activities()[-1]["rows"] == 5


def test_rows_beyond_the_largest_number_are_dropped(bring_in, sandbox):
    sandbox.behaviour = Behaviour(max_rows=3)
    rows = [{"email": f"p{number}@example.com"} for number in range(5)]
    assert counted(bring_in(*rows)) == (4, 3, 0, 0)


@pytest.mark.parametrize("indent", [None, 2])
def test_json_beyond_the_largest_size_is_dropped_at_a_row(sandbox, post, clock, indent):
    """Of a row that straddles the limit nothing arrives; a row that ends on it does."""
    rows = [
        {"email": f"p{number}@example.com", "first_name": "Zoë \\u00eb]"} for number in range(9)
    ]
    body = {"list_ids": [sandbox.lists()[LIST]], "import_data": rows}
    text = json.dumps(body, ensure_ascii=False, indent=indent).encode()
    end_of_fourth = text.index(b'"p4@example.com"')
    end_of_fourth = text.rindex(b"}", 0, end_of_fourth) + 1
    for limit, landed in ((end_of_fourth, 4), (end_of_fourth - 1, 3), (10, 0), (len(text) - 1, 9)):
        sandbox.behaviour = replace(sandbox.behaviour, truncate_at_bytes=limit)
        answer = post(data=text, headers={"Content-Type": "application/json"})
        clock.advance(5)
        assert find(sandbox, answer)["status"]["person_count"] == landed
    assert sandbox.requests[-1].rows == 9


def test_an_unknown_list_is_refused_or_fails_the_activity(sandbox, post, clock):
    body = {
        "import_data": [{"email": "a@example.com"}],
        "list_ids": ["9b0f8a52-0000-4000-8000-000000000000"],
    }
    refused = post(body)
    assert refused.status_code == 400
    assert isinstance(refused.json(), list)
    sandbox.behaviour = Behaviour(unknown_list="failed")
    answer = post(body)
    clock.advance(5)
    assert find(sandbox, answer)["state"] == "failed"
    assert sandbox.contact("a@example.com") is None


GOOD_ROW = [{"email": "a@example.com"}]


@pytest.mark.parametrize(
    "change",
    [
        {"import_data": []},
        {"import_data": None},
        {"import_data": ["a@example.com"]},
        {"import_data": {}},
        {"list_ids": []},
        {"list_ids": None},
        {"list_ids": ["12"]},
        {"list_ids": [12]},
        {"list_ids": ["9b0f8a52-0000-4000-8000-000000000000"] * 51},
        {"sms_permission_to_send": "maybe"},
    ],
)
def test_a_faulty_import_is_refused(sandbox, post, change):
    body = {"import_data": GOOD_ROW, "list_ids": [sandbox.lists()[LIST]]}
    answer = post({**body, **change})
    assert answer.status_code == 400
    assert answer.json()[0]["error_key"] == "contacts.api.validation.error"
    assert sandbox.activities() == []


def test_a_file_is_imported(bring_file, sandbox):
    counters = bring_file(
        "\ufeffEmail,First_Name,cf:customer_id,shoe,home_phone\r\n"
        'A@example.com,"Ann, ""Annie""",7,9,1\r\n'
        "\r\n"
        "b@example.com,Bo\nb,8\n"
    )
    assert counted(counters) == (4, 3, 1, 0)
    member = sandbox.members(LIST)["a@example.com"]
    assert (member["first_name"], member["cf:customer_id"]) == ('Ann, "Annie"', "7")
    assert "home_phone" not in member
    assert sandbox.activities()[-1]["source_file_name"] == "people.csv"


def test_a_file_holds_one_contact_less_than_lines(bring_file, sandbox):
    sandbox.behaviour = Behaviour(max_rows=3)
    text = "email\n" + "".join(f"p{number}@example.com\n" for number in range(5))
    assert counted(bring_file(text)) == (3, 2, 0, 0)


def test_a_file_beyond_the_largest_size_is_cut_at_a_line(bring_file, sandbox):
    sandbox.behaviour = Behaviour(truncate_at_bytes=30)
    text = "email\n" + "".join(f"p{number}@example.com\n" for number in range(5))
    assert counted(bring_file(text)) == (2, 1, 0, 0)
    assert sandbox.activities()[-1]["rows"] == 5


@pytest.mark.parametrize(
    ("text", "name", "status"),
    [
        ("email\na@example.com\n", "people.txt", 415),
        ("first_name\nAnn\n", "people.csv", 400),
        ("email\n", "people.csv", 400),
        ("", "people.csv", 400),
        (b"email\n\xff\xfe@example.com\n", "people.csv", 400),
        ('email\n"' + "x" * 200_000 + '"\n', "people.csv", 400),
    ],
)
def test_a_faulty_file_is_refused(bring_file, text, name, status):
    assert bring_file(text, name).status_code == status


def test_a_file_import_without_a_file_is_refused(sandbox, post):
    path = "contacts_file_import"
    assert post({"x": 1}, path=path).status_code == 415
    files = {"list_ids": (None, sandbox.lists()[LIST])}
    assert post(path=path, files=files).status_code == 400


def test_forty_thousand_rows_take_seconds(bring_in, sandbox):
    rows = [{"email": f"p{number}@example.com", "first_name": "P"} for number in range(40_000)]
    assert counted(bring_in(*rows)) == (40_001, 40_000, 0, 0)
    assert len(sandbox.members(LIST)) == 40_000
