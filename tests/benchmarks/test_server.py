"""The server of the benchmark speaks as the API does. Its clock stands still."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
import requests

from benchmarks.server import Server, list_id, serving
from benchmarks.service import Rules

if TYPE_CHECKING:
    from collections.abc import Iterator

BODY = b'{"import_data":[{"email":"ann@example.com"}],"list_ids":["1"]}'


class Caller:
    """Makes requests over one connection."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._url = f"http://127.0.0.1:{server.server_port}"
        self._session = requests.Session()

    def get(self, path: str) -> requests.Response:
        return self._session.get(f"{self._url}{path}", timeout=20)

    def post(self) -> requests.Response:
        path = "/activities/contacts_json_import"
        return self._session.post(f"{self._url}{path}", data=BODY, timeout=20)

    def close(self) -> None:
        self._session.close()


@contextmanager
def calling(rules: Rules) -> Iterator[Caller]:
    with Server(rules, clock=lambda: 1_000_000_000.0) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        caller = Caller(server)
        try:
            yield caller
        finally:
            caller.close()
            server.shutdown()
            thread.join()


def test_requests_above_the_limit_are_throttled_and_the_connection_stays_usable():
    with calling(Rules(per_second=2)) as caller:
        answers = [caller.post(), caller.get("/activities"), caller.post(), caller.post()]
        assert [answer.status_code for answer in answers] == [201, 200, 429, 429]
        assert answers[2].json()[0]["error_key"] == "throttled"
        counted = caller.server.service.counted()
        assert (counted.imports, counted.polls, counted.refused) == (1, 1, 2)


def test_an_import_can_be_asked_after_alone_and_among_the_others():
    with calling(Rules(import_seconds=5)) as caller:
        begun = caller.post().json()
        alone = caller.get(f"/activities/{begun['activity_id']}").json()
        assert alone["state"] == "processing"
        assert caller.get("/activities?limit=500").json() == {"activities": [alone]}


def test_it_has_as_many_lists_as_it_is_told_and_their_ids_follow_from_their_names():
    with calling(Rules(lists=1_000)) as caller:
        lists = caller.get("/contact_lists?limit=500").json()["lists"]
        assert len(lists) == 1_000
        assert lists[7] == {"list_id": list_id("List 007"), "name": "List 007"}


@pytest.mark.parametrize("path", ["/activities/other", "/account/summary"])
def test_what_it_does_not_know_is_not_found(path):
    with calling(Rules()) as caller:
        assert caller.get(path).status_code == 404


def test_a_server_of_its_own_tells_what_it_has_got():
    with serving() as server:
        requests.post(f"{server.url}/activities/contacts_json_import", data=BODY, timeout=20)
        counted = server.counted()
    assert (counted.requests, counted.imports, counted.rows) == (1, 1, 1)
    assert counted.size == len(BODY)
