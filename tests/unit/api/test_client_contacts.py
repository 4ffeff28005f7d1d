"""Reading contacts back: exports, single look-ups, and counts."""

from __future__ import annotations

import errno
import gzip
import io
import logging
import os
import tempfile
import traceback

import pytest
from werkzeug import Response

from target_constant_contact.api.client import MAX_EXPORT_LISTS, ConstantContactClient
from target_constant_contact.api.models import Activity, ContactCounts, ContactStatus
from target_constant_contact.api.oauth.credentials import BearerToken
from target_constant_contact.exceptions import (
    ApiError,
    QuotaExceededError,
    ServiceUnavailableError,
    SignInError,
    TargetError,
)
from tests.support.fakes import Limiter

EXPORTS = "/v3/activities/contact_exports"
FILE = "/v3/contact_exports/e1"
DONE = Activity("a1", "completed", results=FILE)
CONTACTS, COUNTS = "/v3/contacts", "/v3/contacts/counts"
ANN_MARIE = "ann-marie@example.com"
ANN = {"email": "ann@example.com", "First name": "Ann"}
TABLE = "Email address,First name\r\nann@example.com,Ann\r\n"
TOO_MANY = {"error_key": "throttled", "error_message": "Too Many Requests"}


@pytest.fixture
def serve(httpserver):
    """Answer one request for the file after the other."""

    def serve(*answers, path=FILE):
        for body, status, headers in answers:
            httpserver.expect_ordered_request(path).respond_with_data(
                body, status=status, headers=headers
            )

    return serve


def table(body, **headers):
    return body, 200, {"Content-Type": "text/csv"} | headers


def read(client, activity=DONE):
    return list(client.exported_contacts(activity))


# Starting an export


def test_an_export_of_everybody_names_no_lists(client, httpserver):
    answer = {
        "activity_id": "a1",
        "state": "initialized",
        "_links": {"results": {"href": FILE}},
    }
    httpserver.expect_request(EXPORTS, method="POST").respond_with_json(answer, status=201)
    assert client.start_contact_export() == Activity("a1", "initialized", results=FILE)
    assert httpserver.log[0][0].get_json() == {"fields": ["email_address"]}


def test_an_export_of_lists_asks_for_the_columns_that_are_wanted(client, httpserver):
    httpserver.expect_request(EXPORTS).respond_with_json({"activity_id": "a1"}, status=201)
    client.start_contact_export(["l1", "l2"], ("email_address", "first_name"))
    assert httpserver.log[0][0].get_json() == {
        "fields": ["email_address", "first_name"],
        "list_ids": ["l1", "l2"],
    }


def test_an_export_without_an_id_is_none(client, httpserver):
    httpserver.expect_request(EXPORTS).respond_with_json({"state": "initialized"}, status=201)
    with pytest.raises(ServiceUnavailableError, match="without activity_id"):
        client.start_contact_export()


def test_the_documented_number_of_lists_fits_into_an_export():
    assert MAX_EXPORT_LISTS == 50


# Reading an exported file


def test_exported_contacts_are_read_under_the_headers_of_the_file(client, serve, httpserver):
    serve(table(TABLE + '"B@example.com","O\'Neil, ""Bea""\r\nof Zürich"\r\n'))
    assert read(client) == [
        ANN,
        {"email": "B@example.com", "First name": 'O\'Neil, "Bea"\r\nof Zürich'},
    ]
    assert httpserver.log[0][0].headers["Accept"] == "text/csv"
    assert httpserver.log[0][0].headers["Authorization"] == "Bearer t"


@pytest.mark.parametrize("path", ["/v3/contact_exports/e1", "/v3/contacts_exports/e1"])
def test_the_link_to_the_file_is_followed_as_it_came(client, serve, path):
    """An example of the official description spells it in another way."""
    serve(table(TABLE), path=path)
    assert read(client, Activity("a1", "completed", results=path)) == [ANN]


@pytest.mark.parametrize(
    "header",
    [
        "Email address",
        "EMAIL ADDRESS",
        "email_address",
        "E-mail address",
        " Email Address ",
        "Email",
        "emailAddress",
    ],
)
def test_the_column_of_addresses_is_found_by_its_letters(client, serve, header):
    serve(table(f"First name,{header}\nAnn,ann@example.com\n"))
    assert read(client) == [ANN]


@pytest.mark.parametrize(
    "header",
    [
        "Email address,First name,First name",
        "Email address,E-mail,Name",
        "Email,First name,FIRST_NAME",
    ],
)
def test_of_columns_with_the_same_letters_none_is_told(client, serve, header):
    serve(table(f"{header}\nann@example.com,Ann,Other\n"))
    (row,) = read(client)
    assert row["email"] == "ann@example.com"
    assert "Ann" not in row.values()


def test_a_column_that_only_contains_the_word_holds_no_addresses(client, serve):
    serve(table("Email status,Email opt-in date\nimplicit,2026-01-01\n"))
    with pytest.raises(ApiError, match="no column of e-mail addresses"):
        read(client)


def test_a_custom_field_called_email_does_not_hide_the_address(client, serve):
    serve(table("Email,Email address,email\nodd,ann@example.com,odder\n"))
    assert [row["email"] for row in read(client)] == ["ann@example.com"]


@pytest.mark.parametrize("line", ["", "Bea", "Bea,", "Bea,  "])
def test_a_contact_without_an_address_is_left_out(client, serve, line):
    """Somebody may be in the account by SMS number alone."""
    serve(table(f"First name,Email address\n{line}\nAnn,ann@example.com\n"))
    assert read(client) == [ANN]


def test_a_short_row_lacks_what_it_lacks(client, serve):
    serve(table("Email address,First name,City\nann@example.com,Ann\n"))
    assert read(client) == [ANN]


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_the_file_may_begin_with_a_byte_order_mark(client, serve, mark):
    serve(table((mark + "Email address,First name\nzoë@example.com,Zoë\n").encode()))
    assert read(client) == [{"email": "zoë@example.com", "First name": "Zoë"}]


def test_bytes_that_are_not_utf_8_cost_no_row(client, serve):
    serve(table(b"Email address,First name\nann@example.com,Zo\xeb\n"))
    assert read(client) == [{"email": "ann@example.com", "First name": "Zo\ufffd"}]


def test_a_file_without_contacts_holds_none(client, serve):
    serve(table("Email address\r\n"))
    assert read(client) == []


def test_a_compressed_file_is_read(client, serve):
    serve(table(gzip.compress(TABLE.encode()), **{"Content-Encoding": "gzip"}))
    assert read(client) == [ANN]


def test_a_large_file_is_read_whole(client, serve):
    rows = "".join(f"member{n}@example.com,N{n}\r\n" for n in range(200_000))
    serve(table(f"Email address,First name\r\n{rows}"))
    found = list(client.exported_contacts(DONE))
    assert len(found) == 200_000
    assert found[-1] == {"email": "member199999@example.com", "First name": "N199999"}


def test_the_file_is_private_and_gone_when_it_has_been_read(client, serve, monkeypatch):
    """It holds the addresses of a whole account."""
    made = []
    real = tempfile.TemporaryFile

    def note(*arguments, **options):
        made.append(real(*arguments, **options))
        return made[-1]

    monkeypatch.setattr(tempfile, "TemporaryFile", note)
    serve(table(TABLE))
    contacts = client.exported_contacts(DONE)
    next(contacts)
    status = os.fstat(made[0].fileno())
    assert status.st_mode & 0o077 == 0
    assert status.st_nlink == 0
    contacts.close()
    assert made[0].closed


@pytest.mark.parametrize("fault", ["open", "write"])
def test_a_lack_of_room_for_the_file_is_named(client, serve, monkeypatch, fault):
    made = []

    class Full(io.BytesIO):
        def write(self, _):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def open_file():
        if fault == "open":
            raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found")
        made.append(Full())
        return made[-1]

    monkeypatch.setattr(tempfile, "TemporaryFile", open_file)
    serve(table(TABLE))
    said = "No usable temporary directory" if fault == "open" else "No space left on device"
    with pytest.raises(TargetError, match=rf"temporary file \({said}.*TMPDIR"):
        read(client)
    assert all(file.closed for file in made)
    assert client.requests_made == 1


# A file that does not come at once


@pytest.mark.parametrize(
    "trouble",
    [
        (b"", 503, {}),
        (b"", 404, {}),
        (b"[]", 404, {}),
        (b"", 202, {}),
        (b'{"status":"processing"}', 202, {"Content-Type": "application/json"}),
        (b"still processing", 202, {"Content-Type": "text/plain"}),
        table(b""),
        table(b"\xef\xbb\xbf\r\n"),
        (b"<html>Please stand by</html>", 200, {"Content-Type": "text/html"}),
        (b'  {"message":"Please stand by"}', 200, {"Content-Type": "application/json"}),
        (b"[]", 200, {}),
        table(b"this is not gzip", **{"Content-Encoding": "gzip"}),
    ],
)
def test_a_file_that_is_not_there_or_broken_is_asked_for_again(client, serve, trouble):
    """Whether it can be read as soon as the export is completed is not documented."""
    serve(trouble, trouble, table(TABLE))
    assert read(client) == [ANN]
    assert client.requests_made == 3


LENGTH, CHUNKED = "Content-Length: 999", "Transfer-Encoding: chunked"
broken = pytest.mark.parametrize("header", [LENGTH, CHUNKED])


def half(status, header):
    """Break an answer off in the middle of its body."""

    def handler(request):
        connection = request.environ["werkzeug.socket"]
        start = "3e7\r\n" if header == CHUNKED else ""
        connection.sendall(f"HTTP/1.1 {status} Odd\r\n{header}\r\n\r\n{start}{TABLE}".encode())
        connection.shutdown(2)
        return Response("")

    return handler


@broken
@pytest.mark.parametrize("status", [200, 202, 400, 404, 503])
def test_an_answer_that_breaks_off_is_asked_for_again(client, httpserver, serve, status, header):
    """The body of a file is streamed, and may break off when the answer seems to be there."""
    httpserver.expect_ordered_request(FILE).respond_with_handler(half(status, header))
    serve(table(TABLE))
    assert read(client) == [ANN]


@broken
def test_a_file_that_always_breaks_off_is_given_up(make, httpserver, header):
    httpserver.expect_request(FILE).respond_with_handler(half(200, header))
    client = make(max_tries=2)
    words = r"^GET /contact_exports/\{id\} got no usable answer in 2 tries, last: broken off"
    with pytest.raises(ServiceUnavailableError, match=words) as caught:
        read(client)
    assert client.requests_made == 2
    assert "ann@" not in "".join(traceback.format_exception(caught.value))


def test_a_file_that_is_never_there_is_given_up(client, httpserver):
    words = [{"error_key": "contacts.api.not_found", "error_message": "ann@example.com"}]
    httpserver.expect_request(FILE).respond_with_json(words, status=404)
    with pytest.raises(ServiceUnavailableError, match=r"3 tries, last: 404") as caught:
        read(client)
    assert "ann@" not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (400, [{"error_key": "odd"}], ApiError),
        (403, {"message": "Forbidden"}, SignInError),
        (429, {"error_key": "quota_exceeded"}, QuotaExceededError),
    ],
)
def test_a_refused_file_is_not_asked_for_again(client, httpserver, status, body, error):
    httpserver.expect_request(FILE).respond_with_json(body, status=status)
    with pytest.raises(error, match=str(status)):
        read(client)
    assert client.requests_made == 1


def test_a_throttled_file_is_asked_for_again(client, httpserver, serve):
    httpserver.expect_ordered_request(FILE).respond_with_json(TOO_MANY, status=429)
    serve(table(TABLE))
    assert read(client) == [ANN]


def test_a_file_is_asked_for_with_a_new_token_when_the_old_one_has_expired(make, httpserver):
    class Renewing(BearerToken):
        def renew(self, rejected):
            self._access_token = "new"
            return rejected != "new"

    httpserver.expect_ordered_request(FILE).respond_with_json({}, status=401)
    httpserver.expect_ordered_request(
        FILE, headers={"Authorization": "Bearer new"}
    ).respond_with_data(TABLE)
    assert read(make(auth=Renewing("old"))) == [ANN]


# A file that is none


def test_an_export_without_a_link_has_no_file(client):
    with pytest.raises(ApiError, match=r"^GET /contact_exports/\{id\}: .*no link to its file"):
        read(client, Activity("a1", "completed"))
    assert client.requests_made == 0


def test_a_file_on_another_host_is_not_fetched(client):
    with pytest.raises(ApiError, match="another host"):
        read(client, Activity("a1", "completed", results="https://other.example.com/v3/x"))
    assert client.requests_made == 0


@pytest.mark.parametrize("body", ["First name\nAnn\n", "not a table ann@example.com"])
def test_a_file_without_addresses_is_refused_without_quoting_it(client, serve, body):
    serve(table(body))
    with pytest.raises(ApiError, match="no column of e-mail addresses") as caught:
        read(client)
    assert "Ann" not in str(caught.value)
    assert "ann@" not in str(caught.value)


def test_a_file_that_is_no_csv_is_refused_without_quoting_it(client, serve):
    """A quote that never ends would swallow the rest."""
    serve(table(f'Email address\nann@example.com\n"bea@example.com\n{"x" * 200_000}'))
    with pytest.raises(ApiError, match="not CSV") as caught:
        read(client)
    assert "@example.com" not in "".join(traceback.format_exception(caught.value))


# One contact


def contact(address="ann@example.com", permission="implicit", **more):
    email = {"address": address, "permission_to_send": permission}
    return {"contact_id": "c1", "email_address": email, "list_memberships": ["L1", "l2"]} | more


def found(httpserver, *contacts):
    httpserver.expect_request(CONTACTS).respond_with_json({"contacts": list(contacts)})


def test_a_contact_is_looked_for_by_its_address_in_any_status(client, httpserver):
    found(httpserver, contact("Ann+x@Example.com"))
    status = client.find_contact("Ann+X@example.com")
    assert status == ContactStatus(
        "implicit",
        list_ids=frozenset({"l1", "l2"}),
        contact_id="c1",
        email="Ann+x@Example.com",
    )
    request = httpserver.log[0][0]
    assert dict(request.args) == {
        "email": "ann+x@example.com",
        "status": "all",
        "include": "list_memberships",
    }
    assert b"ann%2Bx%40example.com" in request.query_string


@pytest.mark.parametrize("body", [{}, {"contacts": []}, {"contacts": None}, {"contacts": ["odd"]}])
def test_an_address_that_the_account_does_not_know_is_none(client, httpserver, body):
    httpserver.expect_request(CONTACTS).respond_with_json(body)
    assert client.find_contact("ann@example.com") is None


def test_somebody_else_is_not_taken_for_the_contact(client, httpserver):
    found(httpserver, contact("bea@example.com"), {"contact_id": "c2"}, contact(permission="x"))
    assert client.find_contact("ann@example.com").permission == "x"


def test_nobody_but_somebody_else_is_none(client, httpserver):
    found(httpserver, contact("bea@example.com"))
    assert client.find_contact("ann@example.com") is None


def test_a_deleted_contact_is_told_from_others(client, httpserver):
    found(httpserver, contact(deleted_at="2026-01-01", list_memberships=[]))
    assert client.find_contact("ann@example.com").deleted


@pytest.mark.parametrize("status", [400, 404, 503])
def test_an_address_is_never_in_an_error_or_a_log(client, httpserver, caplog, status):
    words = [{"error_key": "k", "error_message": f"no {ANN_MARIE}"}]
    httpserver.expect_request(CONTACTS).respond_with_json(words, status=status)
    with (
        caplog.at_level(logging.DEBUG),
        pytest.raises((ApiError, ServiceUnavailableError), match="GET /contacts") as caught,
    ):
        client.find_contact(ANN_MARIE)
    lines = [record.getMessage() for record in caplog.records if record.name != "werkzeug"]
    text = "".join([*traceback.format_exception(caught.value), *lines])
    assert lines
    assert "ann-marie" not in text


def test_what_is_known_of_a_contact_does_not_show_the_address():
    assert "ann@" not in repr(ContactStatus.from_json(contact()))


# Counts


def test_contacts_are_counted(client, httpserver):
    body = {"total": 72, "explicit": 10, "implicit": 20, "pending": 30, "unsubscribed": 12}
    httpserver.expect_request(COUNTS, method="GET").respond_with_json(body)
    assert client.contact_counts() == ContactCounts(active=60, total=72)


@pytest.mark.parametrize("body", [{}, {"explicit": 7}, {"total": None}, {"total": "72"}])
def test_an_answer_without_counts_is_not_taken_for_an_empty_account(client, httpserver, body):
    """A limit of the contract would be passed unseen."""
    httpserver.expect_request(COUNTS).respond_with_json(body)
    with pytest.raises(ApiError, match=r"^GET /contacts/counts: the answer holds no counts$"):
        client.contact_counts()


# Against the sandbox


@pytest.fixture
def live(sandbox):
    client = ConstantContactClient(
        sandbox.api_url, auth=BearerToken(sandbox.access_token), limiter=Limiter(), retry_seconds=0
    )
    yield client
    client.close()


def test_a_list_is_exported_and_read(live, sandbox):
    list_id = sandbox.lists()["Newsletter"]
    started = live.start_contact_export([list_id], ("email_address", "last_name"))
    done = live.activity(started.activity_id)
    assert done.state == "completed"
    assert {row["email"]: row["Last name"] for row in live.exported_contacts(done)} == {
        "ada.marsh@example.com": "Marsh",
        "bela.novak@example.com": "Novak",
    }


@pytest.mark.parametrize(
    ("address", "permission", "deleted"),
    [
        ("una.subscribed@example.com", "unsubscribed", False),
        ("Tem.Hold@example.org", "temp_hold", False),
        ("del.eted@example.net", "implicit", True),
    ],
)
def test_the_condition_of_a_contact_is_read(live, address, permission, deleted):
    status = live.find_contact(address)
    assert (status.permission, status.deleted) == (permission, deleted)


def test_the_lists_of_a_contact_are_read(live, sandbox):
    status = live.find_contact("ada.marsh@example.com")
    lists = sandbox.lists()
    assert status.list_ids == {lists["General Interest"], lists["Newsletter"]}


def test_the_seed_of_the_sandbox_is_counted(live):
    """Ten ordinary ones and a pending one; not counted: two unsubscribed, one on hold."""
    counts = live.contact_counts()
    assert (counts.active, counts.total) == (11, 15)
