"""Requests as they are sent."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from target_constant_contact.api.http.request import ApiRequest

URL = "https://api.cc.email/v3/activities/contacts_file_import"
FILE = b"email,city\r\n\r\nann@example.com,Zo\xc3\xab\n"


def sent(request: requests.Request) -> tuple[bytes, str]:
    """Body and media type, with the boundary, which is made up each time, taken out."""
    prepared = request.prepare()
    kind, _, boundary = prepared.headers["Content-Type"].partition("boundary=")
    assert isinstance(prepared.body, bytes)
    assert boundary.encode() in prepared.body
    return prepared.body.replace(boundary.encode(), b"--"), kind


@pytest.mark.parametrize("content", [FILE, b""])
@pytest.mark.parametrize("others", [{"list_ids": "l1,l2"}, {}])
def test_a_file_and_what_belongs_to_it_are_sent_as_requests_encodes_them(
    content: bytes, others: dict[str, str]
):
    parts: dict[str, Any] = {"file": ("ours.csv", content, "text/csv")}
    ours = ApiRequest("POST", "/activities", files=parts | others).at(URL)
    fields = {name: (None, value) for name, value in others.items()}
    assert sent(ours) == sent(requests.Request("POST", URL, files=parts | fields))
