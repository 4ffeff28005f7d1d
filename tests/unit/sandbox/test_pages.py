"""The pages for people."""

from __future__ import annotations

import re

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


def test_members_are_searched_by_address(read, bring_in, sandbox):
    bring_in({"email": "Ann@example.com", "last_name": "Öz"}, {"email": "bob@example.com"})
    path = f"/lists/{sandbox.lists()['Loyalty members']}"
    assert "2 members" in read(path)
    page = read(f"{path}?q=ANN")
    assert "Ann@example.com" in page
    assert "bob@example.com" not in page
    assert "Öz" in page
    assert "Show all members" in read(f"{path}?q=%25")


def test_members_are_paged(read, bring_in, sandbox):
    bring_in(*({"email": f"p{number:03}@example.com"} for number in range(120)))
    path = f"/lists/{sandbox.lists()['Loyalty members']}"
    assert "Page 1 of 3" in read(path)
    last = read(f"{path}?q=p&page=3")
    assert "p119@example.com" in last
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
