"""The pages for people."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
import requests

from target_constant_contact.sandbox import Fault

EVIL = "<script>alert(1)</script>"


@pytest.fixture
def read(sandbox):
    def get(path, status=200):
        headers = {"Accept": "text/html"}
        answer = requests.get(sandbox.url + path, headers=headers, timeout=10)
        assert answer.status_code == status
        return answer.text

    return get


@pytest.fixture
def bring_in(sandbox, clock):
    def send(*rows, to="Loyalty members", seconds=5):
        headers = {"Authorization": f"Bearer {sandbox.access_token}"}
        body = {"import_data": list(rows), "list_ids": [sandbox.lists()[to]]}
        url = f"{sandbox.api_url}/activities/contacts_json_import"
        answer = requests.post(url, json=body, headers=headers, timeout=10)
        clock.advance(seconds)
        return answer.json()["activity_id"]

    return send


def links(page, prefix):
    return re.findall(rf'href="({prefix}[^"]+)"', page)


def test_the_first_page_shows_lists_with_their_counts(read, bring_in):
    bring_in({"email": "a@example.com"}, {"email": "b@example.com"})
    page = read("/")
    assert "nothing here leaves this machine" in page
    assert re.search(r"Loyalty members</a>.*?<td class=\"number\">2</td>", page, re.DOTALL)
    assert "Old campaign 2019" not in page


def test_work_under_way_is_announced(read, bring_in):
    bring_in({"email": "a@example.com"}, seconds=0)
    assert "1 activity under way" in read("/")


def text_of(page):
    """What a person reads."""
    return re.sub(
        r"\s+", " ", re.sub(r"</t[dhr]>|<br>", " ", re.sub(r"<(?!/t[dhr]>|br>)[^>]*>", "", page))
    )


@pytest.mark.parametrize("search", ["ANN", "example.com", "öz", "ZOË ÖZ", "öz, zoë", "Zo%C3%AB"])
def test_members_are_searched_by_address_and_name_in_any_case(read, bring_in, sandbox, search):
    bring_in(
        {"email": "Ann@example.com", "first_name": "Zoë", "last_name": "Öz"},
        {"email": "bob@example.org", "last_name": "Ross"},
    )
    path = f"/lists/{sandbox.lists()['Loyalty members']}"
    assert "2 members" in read(path)
    page = text_of(read(f"{path}?q={search}"))
    assert "1 match " in page
    assert "Ann@example.com Zoë Öz" in page
    assert "bob@example.org" not in page


def test_a_search_takes_no_character_for_more_than_itself(read, bring_in, sandbox):
    bring_in({"email": "ann@example.com", "first_name": "Ann", "last_name": "Öz"})
    path = f"/lists/{sandbox.lists()['Loyalty members']}"
    for search in ("%25", "_nn", "*"):
        assert "Show all members" in read(f"{path}?q={search}")


def test_a_narrow_page_breaks_an_address_between_its_labels_only(read, bring_in, sandbox):
    bring_in({"email": "ann-marie.o'neil@mail.example.com"})
    path = f"/lists/{sandbox.lists()['Loyalty members']}"
    page = read(path)
    (contact,) = links(page, "/contacts/")
    labels = ["ann-marie.", "o&#39;neil@", "mail.", "example.", "com"]
    shown = "<wbr>".join(f'<span class="part">{label}</span>' for label in labels)
    assert shown in page
    assert shown in read(contact)
    assert ".part { white-space: nowrap; }" in page


def test_every_time_says_in_which_zone_it_is(read, bring_in, sandbox):
    activity_id = bring_in({"email": "a@example.com"})
    export = {"list_ids": [sandbox.lists()["Loyalty members"]]}
    headers = {"Authorization": f"Bearer {sandbox.access_token}"}
    url = f"{sandbox.api_url}/activities/contact_exports"
    requests.post(url, json=export, headers=headers, timeout=10)
    members = read(f"/lists/{export['list_ids'][0]}")
    (contact,) = links(members, "/contacts/")
    pages = [read(path) for path in ("/", "/activities", "/requests", contact)]
    pages += [members, read(f"/activities/{activity_id}")]
    for page in pages:
        times = re.findall(r"\d\d:\d\d:\d\d(?! UTC)", page)
        assert (times, "UTC" in page) == ([], True)


def test_members_are_paged(read, bring_in, sandbox):
    bring_in(*({"email": f"p{number:03}@example.com"} for number in range(120)))
    path = f"/lists/{sandbox.lists()['Loyalty members']}"
    assert "Page 1 of 3" in read(path)
    last = read(f"{path}?q=p&page=3")
    assert "p119@example.com" in text_of(last)
    assert "page=2&amp;q=p" in last
    assert "Page 1 of 3" in read(f"{path}?page=x")


def test_an_empty_list_says_so(read, sandbox):
    assert "Nobody is on this list yet" in read(f"/lists/{sandbox.lists()['Product updates']}")


def test_a_contact_shows_fields_lists_and_history(read, bring_in, sandbox):
    first = bring_in({"email": "a@example.com", "cf:customer_id": "77", "zip": "123"})
    second = bring_in({"email": "a@example.com", "first_name": "Ann"}, to="Newsletter")
    (path,) = links(read(f"/lists/{sandbox.lists()['Loyalty members']}"), "/contacts/")
    page = read(path)
    assert "Customer ID" in page
    assert "ZIP" in page
    assert links(page, "/lists/") == [
        f"/lists/{sandbox.lists()[name]}" for name in ("Loyalty members", "Newsletter")
    ]
    assert links(page, "/activities/") == [f"/activities/{second}", f"/activities/{first}"]


def test_the_history_is_bounded_and_keeps_its_beginning(read, bring_in, sandbox):
    for number in range(25):
        bring_in({"email": "a@example.com", "first_name": f"A{number}"})
    (path,) = links(read(f"/lists/{sandbox.lists()['Loyalty members']}"), "/contacts/")
    page = read(path)
    assert len(links(page, "/activities/")) == 20
    assert "Created by" in page


def test_contacts_in_every_condition_are_shown(read, sandbox):
    headers = {"Authorization": f"Bearer {sandbox.access_token}"}
    url = f"{sandbox.api_url}/contacts?status=all"
    for contact in requests.get(url, headers=headers, timeout=10).json()["contacts"]:
        page = read(f"/contacts/{contact['contact_id']}")
        assert "there from the start" in page


def test_an_activity_shows_its_counters(read, bring_in):
    bring_in({"email": "a@example.com"}, {"email": "wrong"})
    page = read("/activities")
    assert "completed" in page
    shown = read(links(page, "/activities/")[0])
    assert re.search(r"correctable_count</code></th><td class=\"number\">1</td>", shown)
    assert "Loyalty members" in shown


def test_an_export_shows_its_list_and_its_contacts(read, bring_in, sandbox, clock):
    bring_in({"email": "a@example.com"}, {"email": "b@example.com"})
    headers = {"Authorization": f"Bearer {sandbox.access_token}"}
    url = f"{sandbox.api_url}/activities/contact_exports"
    for body in ({"list_ids": [sandbox.lists()["Loyalty members"]]}, {}):
        requests.post(url, json=body, headers=headers, timeout=10)
        clock.advance(5)
    everyone, one_list = links(read("/activities"), "/activities/")[:2]
    page = read(one_list)
    assert links(page, "/lists/") == [f"/lists/{sandbox.lists()['Loyalty members']}"]
    assert "items_total_count 2" in text_of(page)
    assert "Contacts of the whole account" in read(everyone)


def test_an_import_says_of_each_row_why_it_did_not_land(read, bring_in, sandbox):
    sandbox.behaviour = replace(
        sandbox.behaviour,
        line_errors=True,
        dropped_addresses=("gone@example.com",),
        flagged_addresses=("c@example.com",),
    )
    activity_id = bring_in(
        {"email": "fine@example.com"},
        {"email": "b@example.com", "anniversary": "never"},
        {"email": "c@example.com"},
        {"email": "una.subscribed@example.com"},
        {"email": "gone@example.com"},
        {"first_name": "Nobody"},
    )
    page = text_of(read(f"/activities/{activity_id}"))
    rows = page.partition("Why")[2].partition("Times")[0]
    assert rows.split(" 3 ", 1)[0].strip() == ""
    for line in (
        "3 b@example.com Invalid anniversaryThe API names the line",
        "4 c@example.com Invalid email addressThe API names the line",
        "5 una.subscribed@example.com Has unsubscribedThe API only counts it",
        "6 gone@example.com Dropped without a wordThe API says nothing of it",
        "7 - No email address or SMS numberThe API names the line",
    ):
        assert line in rows
    assert "fine@example.com" not in page


def test_an_activity_under_way_has_no_counters_yet(read, bring_in):
    activity_id = bring_in({"email": "a@example.com"}, seconds=0)
    assert "Counted when the activity ends" in read(f"/activities/{activity_id}")


def test_requests_are_shown_without_their_query(read, sandbox):
    sandbox.add_fault(Fault(nth=2, action="drop_after"))
    headers = {"Authorization": f"Bearer {sandbox.access_token}"}
    url = f"{sandbox.api_url}/contacts?email=secret%40example.com"
    requests.get(url, headers=headers, timeout=10)
    with pytest.raises(requests.ConnectionError):
        requests.get(url, headers=headers, timeout=10)
    page = read("/requests")
    assert "GET /v3/contacts" in page
    assert "dropped" in page
    assert "secret" not in page


def test_only_the_last_requests_are_kept(read, sandbox):
    for _ in range(205):
        requests.post(f"{sandbox.auth_url}/token", timeout=10)
    assert read("/requests").count("POST /oauth2") == 200


def test_empty_pages_say_what_will_be_there(read):
    assert "No activities yet" in read("/activities")
    assert "No requests yet" in read("/requests")


@pytest.mark.parametrize("path", ["/nothing", "/lists/1", "/contacts/1", "/activities/1"])
def test_a_page_that_is_not_there_says_so(read, path):
    assert "Nothing here" in read(path, 404)


def test_values_are_shown_and_never_run(read, bring_in, sandbox):
    sandbox.create_list(EVIL)
    bring_in({"email": "a@example.com", "first_name": EVIL, "city": EVIL}, to=EVIL)
    list_path = f"/lists/{sandbox.lists()[EVIL]}"
    pages = [read("/"), read(list_path), read(f"{list_path}?q={EVIL}"), read("/activities")]
    pages += [read(links(pages[1], "/contacts/")[0]), read(links(pages[3], "/activities/")[0])]
    assert all(EVIL not in page and "&lt;script&gt;" in page for page in pages)


def test_pages_load_nothing_from_elsewhere(sandbox):
    answer = requests.get(sandbox.url, timeout=10)
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "http" not in re.sub(r"xmlns='[^']*'", "", answer.text)


def test_a_page_writes_out_what_would_turn_or_hide_the_text(sandbox, read):
    sandbox.create_list("Gold\x1b[2K\u202emembers\u2028")
    page = read("/")
    assert r"Gold\x1b[2K\u202emembers\u2028" in page
    assert not any(hidden in page for hidden in "\x1b\u202e\u2028")
