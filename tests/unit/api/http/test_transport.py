"""The client where an answer, a link or a setting is not what it should be."""

from __future__ import annotations

import logging
import threading

import pytest

from target_constant_contact.api.http.errors import ServiceError
from target_constant_contact.api.http.request import ApiRequest
from target_constant_contact.api.http.signer import Signer
from target_constant_contact.api.oauth.credentials import BearerToken
from target_constant_contact.exceptions import (
    ApiError,
    QuotaExceededError,
    ServiceUnavailableError,
    SettingsError,
    SignInError,
)
from tests.support.fakes import Limiter


class Renewing(Signer):
    """Signs with one token after the other."""

    def __init__(self, *tokens):
        self.tokens = list(tokens)
        self.calls = []

    @property
    def access_token(self):
        return self.tokens[0]

    def make_ready(self):
        self.calls.append("ready")

    def renew(self, rejected):
        self.calls.append(rejected)
        self.tokens.remove(rejected)
        return bool(self.tokens)

    def refusal(self, said):
        return SignInError(f"{said}. Renewed in vain.")


LISTS = "/v3/contact_lists"
JSON_IMPORT = "/v3/activities/contacts_json_import"


@pytest.fixture
def client_options():
    return {"max_tries": 2}


@pytest.mark.parametrize("token", ["", " ", "se cret", "se\ncret", "secr\xe9t", "s\u20accret"])
def test_a_text_that_is_no_token_is_refused_without_quoting_it(token):
    with pytest.raises(SettingsError, match="access_token") as caught:
        BearerToken(token)
    assert "cret" not in str(caught.value)


def test_a_line_end_after_a_token_is_dropped(make, httpserver):
    httpserver.expect_request(LISTS).respond_with_json({})
    make(httpserver.url_for("/v3"), auth=BearerToken("t\n")).contact_lists()
    assert httpserver.log[0][0].headers["Authorization"] == "Bearer t"


def test_a_header_that_cannot_be_sent_does_not_show_the_token(make, httpserver):
    signer = Renewing("secret\nx")
    with pytest.raises(SettingsError) as caught:
        make(httpserver.url_for("/v3"), auth=signer).contact_lists()
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def accept_only(httpserver, token):
    """Answer 401 to everybody else."""
    httpserver.expect_request(
        LISTS, headers={"Authorization": f"Bearer {token}"}
    ).respond_with_json({"lists": [{"list_id": "1", "name": "One"}]})
    httpserver.expect_request(LISTS).respond_with_json({"error_key": "unauthorized"}, status=401)


def test_a_rejected_token_is_renewed_and_the_request_made_again(make, httpserver):
    accept_only(httpserver, "new")
    signer = Renewing("old", "new")
    client = make(httpserver.url_for("/v3"), auth=signer)
    assert [item.name for item in client.contact_lists()] == ["One"]
    assert signer.calls == ["ready", "old", "ready"]
    assert client.requests_made == 2


def test_a_token_is_renewed_once_for_a_request(make, httpserver):
    accept_only(httpserver, "the third")
    signer = Renewing("old", "new", "the third")
    client = make(httpserver.url_for("/v3"), auth=signer)
    with pytest.raises(SignInError, match=r"GET /contact_lists: 401 .*Renewed in vain"):
        client.contact_lists()
    assert client.requests_made == 2


def test_a_token_that_cannot_be_renewed_ends_the_request(make, httpserver):
    accept_only(httpserver, "new")
    client = make(httpserver.url_for("/v3"), auth=BearerToken("old"))
    with pytest.raises(SignInError, match="401"):
        client.contact_lists()
    assert client.requests_made == 1


def test_a_token_is_made_ready_before_a_slot_is_reserved(make, httpserver):
    """Renewing takes its time, and the slot would be past."""
    order = []

    class Noting(Limiter):
        def acquire(self, **_):
            order.extend([*signer.calls, "slot"])

    httpserver.expect_request(LISTS).respond_with_json({})
    signer = Renewing("t")
    make(httpserver.url_for("/v3"), auth=signer, limiter=Noting()).contact_lists()
    assert order == ["ready", "slot"]
    assert signer.calls == ["ready"]


def test_a_url_that_is_none_is_refused_at_once(make):
    with pytest.raises(SettingsError, match="api_url"):
        make("nowhere")


@pytest.mark.parametrize("status", [302, 304])
def test_a_redirect_to_nowhere_is_refused_too(client, httpserver, status):
    httpserver.expect_request(LISTS).respond_with_data("", status=status)
    with pytest.raises(ApiError, match=str(status)):
        client.contact_lists()


@pytest.mark.parametrize("links", [None, [], "odd", {"next": "odd"}, {"next": {"href": 5}}])
def test_links_of_an_unknown_shape_end_the_pages(client, httpserver, links):
    httpserver.expect_request(LISTS).respond_with_json({"lists": [], "_links": links})
    assert client.contact_lists() == []


def test_a_link_that_is_no_url_is_not_followed(client, httpserver):
    body = {"_links": {"next": {"href": "http://[odd"}}}
    httpserver.expect_request(LISTS).respond_with_json(body)
    with pytest.raises(ApiError, match="another host"):
        client.contact_lists()


def test_an_activity_id_cannot_leave_its_path(client, httpserver):
    with pytest.raises(ServiceUnavailableError):
        client.activity("../contact_lists?x=")
    assert httpserver.log[0][0].path.startswith("/v3/activities/")


def test_the_gateway_s_words_for_a_used_up_day_are_known_without_a_key(client, httpserver):
    httpserver.expect_request(LISTS).respond_with_json({"message": "Limit Exceeded"}, status=429)
    with pytest.raises(QuotaExceededError):
        client.contact_lists()


@pytest.mark.parametrize("word", ["o'hara@example.com", "ann%40example.com", '"x@y"@example.com'])
def test_no_part_of_an_address_is_left(client, httpserver, word):
    body = {"error_key": word, "error_message": f"exists for {word}"}
    httpserver.expect_request(LISTS).respond_with_json(body, status=400)
    with pytest.raises(ApiError) as caught:
        client.contact_lists()
    assert "exists for <address>" in str(caught.value)
    assert "example" not in str(caught.value)
    assert "hara" not in str(caught.value)
    assert caught.value.error_key == ""


def test_urllib3_does_not_log_the_query(client, httpserver, caplog):
    httpserver.expect_request(LISTS).respond_with_json([], status=409)
    with caplog.at_level(logging.DEBUG), pytest.raises(ApiError):
        client._transport.send(ApiRequest("GET", "/contact_lists", {"name": "Ann Private"}))
    ours = [r.getMessage() for r in caplog.records if r.name != "werkzeug"]
    assert ours
    assert not any("Private" in line for line in ours)


def test_a_request_without_an_answer_is_a_debug_line_too(make, caplog):
    client = make("http://127.0.0.1:1/v3", max_tries=1)
    with caplog.at_level(logging.DEBUG), pytest.raises(ServiceUnavailableError):
        client.contact_lists()
    assert "GET /contact_lists: ConnectionError in" in caplog.text


def test_threads_count_their_requests_together(client, httpserver):
    httpserver.expect_request(LISTS).respond_with_json({})
    threads = [
        threading.Thread(target=lambda: [client.contact_lists() for _ in range(5)])
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert client.requests_made == 15


def test_an_error_prints_status_key_words_and_request_id():
    error = ServiceError(400, "k", "said", "id")
    assert str(error) == "400 (k: said); request id id"
