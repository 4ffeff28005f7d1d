"""The client, against a server on this machine."""

from __future__ import annotations

import json
import logging
import socket
import threading
import time
import traceback

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Response

from target_constant_contact.api.models import AccountSummary, CustomField
from target_constant_contact.api.oauth.credentials import BearerToken
from target_constant_contact.exceptions import (
    ApiError,
    QueueFullError,
    QuotaExceededError,
    ServiceUnavailableError,
    SignInError,
)

TOKEN = "token-that-nobody-may-see"
LISTS, FIELDS = "/v3/contact_lists", "/v3/contact_custom_fields"
ACTIVITIES = "/v3/activities"
SUMMARY, PRIVILEGES = "/v3/account/summary", "/v3/account/user/privileges"
JSON_IMPORT = "/v3/activities/contacts_json_import"
CSV_IMPORT = "/v3/activities/contacts_file_import"
CREATED = {"activity_id": "a1", "state": "initialized"}
CONFLICT = ([{"error_key": "contacts.api.conflict"}], 409)
TIER = {"custom_field_id": "f1", "label": "Tier", "name": "tier_1", "type": "string"}
PERSONAL = b'{"email":"ann@example.com"}'
THROTTLED = {"error_key": "throttled", "error_message": "Too Many Requests"}


@pytest.fixture(scope="module")
def running():
    with HTTPServer(host="127.0.0.1", port=0, threaded=True) as server:
        yield server


@pytest.fixture
def server(running):
    running.clear()
    return running


@pytest.fixture
def api_url(server):
    return server.url_for("/v3")


@pytest.fixture
def client_options():
    return {"auth": BearerToken(TOKEN)}


def answers(server, path, *replies, **matching):
    """Answer one request after the other; a reply is a body, a status, or both."""
    for reply in replies:
        body, status = reply if isinstance(reply, tuple) else (reply, 200)
        handler = server.expect_ordered_request(path, **matching)
        if isinstance(body, str):
            handler.respond_with_data(body, status=status)
        else:
            handler.respond_with_json(body, status=status)


def requests_to(server):
    return [request for request, _ in server.log]


def page(*ids, next_=None):
    links = {"next": {"href": next_}} if next_ else {}
    return {"lists": [{"list_id": i, "name": f"List {i}"} for i in ids], "_links": links}


# Requests


def test_every_request_is_signed_and_says_who_asks(client, server):
    answers(server, LISTS, page())
    client.contact_lists()
    headers = requests_to(server)[0].headers
    assert headers["Authorization"] == f"Bearer {TOKEN}"
    assert headers["User-Agent"].startswith("target-constant-contact/")
    assert headers["Accept"] == "application/json"


def test_a_netrc_file_does_not_replace_the_token(client, server, tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    answers(server, LISTS, page())
    client.contact_lists()
    assert requests_to(server)[0].headers["Authorization"] == f"Bearer {TOKEN}"


def test_each_try_takes_a_slot_and_counts_as_a_request(client, server, limiter):
    answers(server, LISTS, ("", 503), page())
    client.contact_lists()
    assert len(limiter.in_flight) == client.requests_made == 2


def test_a_json_import_is_sent_as_it_was_encoded(client, server):
    body = '{"import_data":[{"email":"zoë@example.com"}],"list_ids":["l1"]}'.encode()
    answers(server, JSON_IMPORT, (CREATED, 201), method="POST")
    assert client.import_json(body).activity_id == "a1"
    request = requests_to(server)[0]
    assert request.get_data() == body
    assert request.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("path", [JSON_IMPORT, CSV_IMPORT])
def test_it_is_told_when_it_is_the_turn_of_an_import_and_before_it_goes_out(
    client, server, limiter, path
):
    """For every try, each with a slot of its own."""
    told = []

    def on_turn():
        told.append((len(limiter.in_flight), len(requests_to(server))))

    answers(server, path, ("", 429), (CREATED, 201), method="POST")
    if path == JSON_IMPORT:
        client.import_json(b"{}", on_turn=on_turn)
    else:
        client.import_csv("ours.csv", b"email\n", ["l1"], on_turn=on_turn)
    assert told == [(1, 0), (2, 1)]


@pytest.mark.parametrize("permission", [None, "explicit"])
def test_a_csv_import_has_the_parts_that_the_service_knows(client, server, permission):
    seen = {}

    def handler(request):
        seen.update(request.form)
        file = request.files["file"]
        seen["file"] = (file.filename, file.mimetype, file.read())
        file.close()
        return Response(json.dumps(CREATED), 201)

    server.expect_request(CSV_IMPORT, method="POST").respond_with_handler(handler)
    client.import_csv("ours.csv", b"email\nann@example.com\n", ["l1", "l2"], permission)
    expected = {
        "list_ids": "l1,l2",
        "file": ("ours.csv", "text/csv", b"email\nann@example.com\n"),
    }
    assert seen == expected | ({"sms_permission_to_send": permission} if permission else {})


def test_a_list_is_made_by_name(client, server):
    answers(server, LISTS, ({"list_id": "l9", "name": "VIP"}, 201), method="POST")
    assert client.create_contact_list("VIP").list_id == "l9"
    assert requests_to(server)[0].get_json() == {"name": "VIP"}


def test_members_are_counted_only_when_asked_for(client, server):
    """A run has no use for counts, so it asks for none."""
    body = page("l1")
    answers(server, LISTS, body, query_string={"limit": "500"})
    counted = {"lists": [body["lists"][0] | {"membership_count": 7}]}
    query = {"limit": "500", "include_membership_count": "all"}
    answers(server, LISTS, counted, query_string=query)
    assert [found.membership_count for found in client.contact_lists()] == [None]
    assert [found.membership_count for found in client.contact_lists(counts=True)] == [7]


def test_a_custom_field_is_made_and_its_name_is_the_service_s(client, server):
    answers(server, FIELDS, (TIER, 201), method="POST")
    assert client.create_custom_field("Tier", "string") == CustomField("f1", "Tier", "tier_1")
    assert requests_to(server)[0].get_json() == {"label": "Tier", "type": "string"}


def test_the_choices_of_a_custom_field_are_sent_in_their_order(client, server):
    answers(server, FIELDS, (TIER, 201), method="POST")
    client.create_custom_field("Tier", "single_select", ["Gold", "Silver"])
    assert requests_to(server)[0].get_json() == {
        "label": "Tier",
        "type": "single_select",
        "choices": [
            {"choice_label": "Gold", "display_order": 1},
            {"choice_label": "Silver", "display_order": 2},
        ],
    }


@pytest.mark.parametrize(("count", "metadata"), [(20, None), (21, {"display_type": "dropdown"})])
def test_choices_that_fit_no_buttons_are_displayed_in_a_dropdown(client, server, count, metadata):
    answers(server, FIELDS, (TIER, 201), method="POST")
    client.create_custom_field("Tier", "single_select", [str(n) for n in range(count)])
    assert requests_to(server)[0].get_json().get("metadata") == metadata


def test_the_account_is_asked_for_without_its_address_or_logo(client, server):
    body = {"encoded_account_id": "a07e1kr", "organization_name": "Harbour Books"}
    answers(server, SUMMARY, body, method="GET", query_string="")
    assert client.account_summary() == AccountSummary("a07e1kr", "Harbour Books")


def test_privileges_are_read_from_an_array(client, server):
    shown = [{"privilege_id": n, "privilege_name": f"p{n}"} for n in (1, 2)]
    answers(server, PRIVILEGES, shown, method="GET")
    assert client.privileges() == {"p1", "p2"}


def test_privileges_are_read_from_an_array_inside_an_object(client, server):
    shown = [{"privilege_id": 1, "privilege_name": "contacts:read"}]
    answers(server, PRIVILEGES, {"user_privileges": shown, "count": 1}, method="GET")
    assert client.privileges() == {"contacts:read"}


def test_a_privilege_without_a_name_is_passed_over(client, server):
    odd = [{}, {"privilege_name": None}, {"privilege_name": ""}, {"privilege_name": ["x"]}, "odd"]
    answers(server, PRIVILEGES, [*odd, {"privilege_name": "contacts:read"}])
    assert client.privileges() == {"contacts:read"}


def test_a_user_without_privileges_has_none(client, server):
    answers(server, PRIVILEGES, [])
    assert client.privileges() == frozenset()


def test_an_activity_is_asked_for_by_id(client, server):
    answers(server, f"{ACTIVITIES}/a1", {"activity_id": "a1", "state": "completed"})
    assert client.activity("a1").state == "completed"


def test_recent_activities_take_one_request_whatever_follows(client, server):
    body = {"activities": [CREATED], "_links": {"next": {"href": f"{ACTIVITIES}?cursor=x"}}}
    answers(server, ACTIVITIES, body, query_string={"limit": "500"})
    assert [found.activity_id for found in client.recent_activities()] == ["a1"]
    assert client.requests_made == 1


# Pages


def test_all_pages_of_lists_are_read_with_the_link_as_it_came(client, server):
    """The cursor is opaque base64; its padding and its escapes must survive."""
    server.expect_ordered_request(LISTS, query_string="limit=500").respond_with_json(
        page("l1", next_=f"{LISTS}?cursor=bGlt%2BaXQ9/MQ==")
    )
    answers(server, LISTS, page("l2"))
    assert [found.list_id for found in client.contact_lists()] == ["l1", "l2"]
    assert requests_to(server)[1].query_string == b"cursor=bGlt%2BaXQ9/MQ=="


def test_a_list_on_two_pages_is_taken_once(client, server):
    answers(server, LISTS, page("l1", "l2", next_=f"{LISTS}?cursor=b"), page("l2", "l3"))
    assert [found.list_id for found in client.contact_lists()] == ["l1", "l2", "l3"]


def test_a_deleted_list_is_left_out(client, server):
    body = page("l1", "l2")
    body["lists"][0]["deleted_at"] = "2026-01-01T00:00:00Z"
    answers(server, LISTS, body)
    assert [found.list_id for found in client.contact_lists()] == ["l2"]


def test_all_pages_of_custom_fields_are_read(client, server):
    field = {"custom_field_id": "f1", "label": "Tier", "name": "tier"}
    first = {"custom_fields": [field], "_links": {"next": {"href": f"{FIELDS}?cursor=b"}}}
    server.expect_ordered_request(FIELDS, query_string="limit=100").respond_with_json(first)
    answers(server, FIELDS, {"custom_fields": [field, field | {"custom_field_id": "f2"}]})
    assert [found.custom_field_id for found in client.custom_fields()] == ["f1", "f2"]


@pytest.mark.parametrize("href", ["http://127.0.0.2:1/v3/x", "//other.example.com/v3/x"])
def test_a_link_to_another_host_is_not_followed(client, server, href):
    answers(server, LISTS, page("l1", next_=href))
    with pytest.raises(ApiError, match="another host"):
        client.contact_lists()
    assert client.requests_made == 1


@pytest.mark.parametrize("body", [{}, {"lists": None}, {"lists": ["odd", None]}])
def test_an_answer_without_items_is_no_items(client, server, body):
    answers(server, LISTS, body)
    assert client.contact_lists() == []


# Refusals


@pytest.mark.parametrize("status", [400, 404, 405, 406, 409, 413, 415, 418])
def test_a_refusal_is_not_repeated_and_carries_its_key(client, server, status):
    body = [{"error_key": "contacts.api.odd", "error_message": "It is odd"}]
    answers(server, f"{ACTIVITIES}/a1", (body, status))
    with pytest.raises(ApiError, match=rf"{status}.*contacts\.api\.odd.*It is odd") as caught:
        client.activity("a1")
    assert (caught.value.status, caught.value.error_key) == (status, "contacts.api.odd")
    assert client.requests_made == 1


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"error_key": "k", "error_message": "said"}, "k: said"),
        ([{"error_key": "k", "error_message": "said"}], "k: said"),
        ({"message": "said"}, "said"),
        ({"error": "k", "error_description": "said"}, "k: said"),
        ({"errorCode": "E1", "errorSummary": "said"}, "E1: said"),
        ([], "400"),
        ([["odd"]], "400"),
        ("<html>", "400"),
        ("", "400"),
    ],
)
def test_every_shape_of_error_body_is_read(client, server, body, words):
    answers(server, f"{ACTIVITIES}/a1", (body, 400))
    with pytest.raises(ApiError, match=words):
        client.activity("a1")


def test_a_token_that_is_not_accepted_asks_for_another(client, server):
    body = {"error_key": "unauthorized", "error_message": "Unauthorized"}
    answers(server, LISTS, (body, 401))
    with pytest.raises(SignInError, match=r"401.*access_token"):
        client.contact_lists()
    assert client.requests_made == 1


def test_a_forbidden_request_names_scope_and_privileges(client, server):
    answers(server, LISTS, ({"message": "Forbidden"}, 403))
    with pytest.raises(SignInError, match=r"403.*contact_data.*contacts:lists:write"):
        client.contact_lists()
    assert client.requests_made == 1


def test_a_forbidden_account_names_the_scope_that_it_needs(client, server):
    answers(server, SUMMARY, ({"message": "Forbidden"}, 403))
    with pytest.raises(SignInError, match=r"403.*account_read"):
        client.account_summary()


def test_a_redirect_is_not_followed(client, server):
    server.expect_request(LISTS).respond_with_data(
        "", status=302, headers={"Location": server.url_for("/elsewhere")}
    )
    with pytest.raises(ApiError, match="302"):
        client.contact_lists()
    assert len(server.log) == 1


def test_the_request_id_is_told_for_the_service_s_support(client, server):
    server.expect_request(LISTS).respond_with_data(
        "[]", status=400, headers={"x-amzn-RequestId": "1f-2e"}
    )
    with pytest.raises(ApiError, match="request id 1f-2e"):
        client.contact_lists()


def test_an_address_in_the_service_s_words_is_masked_and_long_words_are_cut(client, server):
    words = "Email already exists\nfor ann.o'hara+x@example.com " + "so " * 200
    answers(server, f"{ACTIVITIES}/a1", ([{"error_key": "k", "error_message": words}], 400))
    with pytest.raises(ApiError) as caught:
        client.activity("a1")
    text = str(caught.value)
    assert "Email already exists for <address>" in text.replace("ann.o'<address>", "<address>")
    assert "hara" not in text
    assert "\n" not in text
    assert "so " * 70 not in text


# Another try


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_service_in_trouble_is_asked_again(client, server, status):
    answers(server, LISTS, ("<html>", status), ([], status), page("l1"))
    assert len(client.contact_lists()) == 1


def test_a_throttled_request_is_made_again_and_holds_everybody_back(client, server, limiter):
    answers(server, LISTS, (THROTTLED, 429), page("l1"))
    assert len(client.contact_lists()) == 1
    assert limiter.penalties == [1.0]


@pytest.mark.parametrize("body", ["", {"message": "Slow down"}, [{"error_key": "new"}]])
def test_an_unknown_429_is_taken_for_a_throttle(client, server, limiter, body):
    answers(server, LISTS, (body, 429), page("l1"))
    assert len(client.contact_lists()) == 1
    assert limiter.penalties == [1.0]


def test_a_used_up_day_ends_at_once(client, server):
    body = {"error_key": "quota_exceeded", "error_message": "Limit Exceeded"}
    answers(server, LISTS, (body, 429))
    with pytest.raises(QuotaExceededError, match="00:00 UTC"):
        client.contact_lists()
    assert client.requests_made == 1


def test_a_full_queue_is_left_to_the_importer(client, server, limiter):
    """Trying again would help nobody: the account's own activities have to finish first."""
    words = "You exceeded the number of 1,000 queued jobs"
    answers(server, JSON_IMPORT, ([{"error_key": "x", "error_message": words}], 429))
    with pytest.raises(QueueFullError):
        client.import_json(b"{}")
    assert client.requests_made == 1
    assert limiter.penalties == []


@pytest.mark.parametrize("body", ["<html>", "[1]", "", "\xff{"])
def test_an_answer_that_cannot_be_read_is_asked_for_again(client, server, body):
    answers(server, LISTS, body, page("l1"))
    assert len(client.contact_lists()) == 1


def test_a_slow_answer_is_given_up_and_asked_for_again(make, server):
    finish = threading.Event()

    def slow(_):
        finish.wait(5)
        return Response("{}")

    server.expect_ordered_request(LISTS).respond_with_handler(slow)
    answers(server, LISTS, page("l1"))
    try:
        assert len(make(timeout=(5, 0.2)).contact_lists()) == 1
    finally:
        finish.set()
        # The server logs a request when it has answered it; a late one belongs to this test.
        deadline = time.monotonic() + 5
        while len(server.log) < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
    assert len(server.log) == 2


def test_a_service_that_cannot_be_reached_is_named_with_the_tries_made(make):
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))  # bound and not listening: refused for sure
        client = make(f"http://127.0.0.1:{bound.getsockname()[1]}/v3")
        with pytest.raises(ServiceUnavailableError, match=r"GET /contact_lists.*3 tries.*refuses"):
            client.contact_lists()
    assert client.requests_made == 3


def test_a_service_that_stays_in_trouble_is_named_with_its_last_status(client, server):
    server.expect_request(LISTS).respond_with_data("<html>", status=503)
    with pytest.raises(ServiceUnavailableError, match=r"GET /contact_lists.*3 tries.*503"):
        client.contact_lists()


def test_a_throttle_that_does_not_end_asks_to_try_later(client, server):
    server.expect_request(LISTS).respond_with_json(THROTTLED, status=429)
    with pytest.raises(ServiceUnavailableError, match="throttled"):
        client.contact_lists()


def test_a_list_that_an_earlier_try_made_is_found_by_its_name(client, server):
    answers(server, LISTS, ("", 503), ([{"error_key": "k"}], 409), method="POST")
    found = {"lists": [{"list_id": "l9", "name": "VIP"}]}
    query = {"limit": "500", "name": "VIP"}
    answers(server, LISTS, found, method="GET", query_string=query)
    assert client.create_contact_list("VIP").list_id == "l9"


def test_a_taken_name_without_a_list_to_be_seen_is_a_conflict(client, server):
    answers(server, LISTS, ([{"error_key": "contacts.api.conflict"}], 409), method="POST")
    server.expect_request(LISTS, method="GET").respond_with_json(page())
    with pytest.raises(ApiError, match="409"):
        client.create_contact_list("VIP")


@pytest.mark.parametrize("lost", [("", 503), ("<html>", 201), ({"label": "Tier"}, 201)])
def test_a_custom_field_that_an_earlier_try_made_is_found(client, server, lost):
    """One of the same label and another type is another field."""
    answers(server, FIELDS, lost, CONFLICT, method="POST")
    others = [TIER | {"custom_field_id": "f2", "type": "date"}, TIER | {"label": "tier"}]
    found = {"custom_fields": [*others, TIER | {"custom_field_id": "f3"}]}
    answers(server, FIELDS, found, method="GET", query_string={"limit": "100"})
    assert client.create_custom_field(" Tier ", "string").custom_field_id == "f3"


@pytest.mark.parametrize("other", [{"type": "date"}, {"label": "Other"}])
def test_a_taken_label_of_another_custom_field_is_a_conflict(client, server, other):
    answers(server, FIELDS, CONFLICT, method="POST")
    answers(server, FIELDS, {"custom_fields": [TIER | other]}, method="GET")
    with pytest.raises(ApiError, match="409"):
        client.create_custom_field("Tier", "string")


def test_a_custom_field_that_is_refused_is_not_looked_for(client, server):
    answers(server, FIELDS, ([{"error_key": "contacts.api.validation.error"}], 400))
    with pytest.raises(ApiError, match="400"):
        client.create_custom_field("Tier", "string")
    assert client.requests_made == 1


# What nobody may see


def test_waits_are_logged_on_one_line_without_arguments(client, server, caplog):
    answers(server, JSON_IMPORT, (THROTTLED, 429), (CREATED, 201))
    with caplog.at_level(logging.INFO):
        client.import_json(b'{"email":"ann@example.com"}')
    (record,) = [r for r in caplog.records if r.name.startswith("target_constant_contact")]
    assert record.levelno == logging.WARNING
    assert "contacts_json_import" in record.getMessage()
    assert "429" in record.getMessage()
    assert "ann@" not in record.getMessage()


def test_each_request_is_one_debug_line(client, server, caplog):
    answers(server, LISTS, page())
    with caplog.at_level(logging.DEBUG, "target_constant_contact.api"):
        client.contact_lists()
    lines = [r for r in caplog.records if r.name.startswith("target_constant_contact.api")]
    assert len(lines) == 1
    assert "GET /contact_lists" in lines[0].getMessage()
    assert " ms" in lines[0].getMessage()


def test_a_failed_connection_shows_neither_query_nor_body_nor_token(make):
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        client = make(f"http://127.0.0.1:{bound.getsockname()[1]}/v3")
        with pytest.raises(ServiceUnavailableError) as caught:
            client.import_json(PERSONAL)
    text = "".join(traceback.format_exception(caught.value))
    assert TOKEN not in text
    assert "ann@" not in text
