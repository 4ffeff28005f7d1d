"""The file of an export: fetched, whatever befalls it, and read."""

from __future__ import annotations

import errno
import gzip
import io
import os
import tempfile
import traceback

import pytest
from werkzeug import Response

from target_constant_contact.api.models import Activity
from target_constant_contact.api.oauth.credentials import BearerToken
from target_constant_contact.exceptions import (
    ApiError,
    QuotaExceededError,
    ServiceUnavailableError,
    SignInError,
    TargetError,
)

FILE = "/v3/contact_exports/e1"
DONE = Activity("a1", "completed", results=FILE)
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
