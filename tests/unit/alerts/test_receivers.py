"""What receivers get, on real servers of this machine."""

from __future__ import annotations

import json
import logging
from dataclasses import replace

import pytest

from target_constant_contact.alerts.receivers import receivers
from target_constant_contact.settings.alerts import AlertSettings
from tests.support.alerts import ALERT, ALL, SECRET
from tests.support.certificates import signed_by_itself
from tests.support.receivers import inbox, nobody


def all_of(*, urls=(), webhooks=()):
    return receivers(AlertSettings(tuple(urls), tuple(webhooks), SECRET, ALL, 1, 20))


def sent(receiver, *alerts):
    """What has come, and why the rest has not."""
    told = []
    fault = receiver.send(alerts, told.append)
    return told, fault


def test_apprise_tells_what_people_read(box):
    (receiver,) = all_of(urls=[f"json://{box.place}/"])
    assert sent(receiver, ALERT) == ([ALERT], "")
    (post,) = box.posts
    body = json.loads(post.body)
    assert body["title"] == "Constant Contact: failed"
    assert body["message"] == "It broke\n\nAccount Acme, connection default"
    assert body["type"] == "failure"


def test_all_messages_to_a_service_come_as_one_of_the_most_serious_kind(box):
    (receiver,) = all_of(urls=[f"json://{box.place}/"])
    over, shrunk = replace(ALERT, event="recovered"), replace(ALERT, event="shrunk", text="Less")
    assert sent(receiver, over, shrunk, shrunk) == ([over, shrunk, shrunk], "")
    (post,) = box.posts
    body = json.loads(post.body)
    assert body["title"] == "Constant Contact: recovered, shrunk"
    assert body["message"].count("Less") == 2
    assert body["type"] == "warning"


@pytest.mark.parametrize(
    ("event", "kind"), [("recovered", "success"), ("removed", "info"), ("rejected", "warning")]
)
def test_apprise_has_a_kind_for_each_event(box, event, kind):
    (receiver,) = all_of(urls=[f"json://{box.place}/"])
    sent(receiver, replace(ALERT, event=event))
    assert json.loads(box.posts[0].body)["type"] == kind


def test_a_service_that_shows_html_shows_the_text_as_it_is(box):
    (receiver,) = all_of(urls=[f"json://{box.place}/?format=html"])
    sent(receiver, replace(ALERT, text="no list <address>"))
    assert "&lt;address&gt;" in json.loads(box.posts[0].body)["message"]


def test_a_webhook_gets_an_event_for_each_message(box):
    (receiver,) = all_of(webhooks=[f"http://{box.place}/hook?a=b"])
    other = replace(ALERT, id="run-1-removed", event="removed", stream="a", number=3, of=40)
    assert sent(receiver, ALERT, other) == ([ALERT, other], "")
    assert [post.path for post in box.posts] == ["/hook?a=b"] * 2
    first, second = (json.loads(post.body) for post in box.posts)
    assert (first["type"], first["timestamp"]) == ("run.failed", "2026-06-01")
    assert (first["data"]["run"], first["data"]["text"]) == ("run-1", "It broke")
    assert (second["data"]["stream"], second["data"]["number"], second["data"]["of"]) == (
        "a",
        3,
        40,
    )
    assert [post.headers["webhook-id"] for post in box.posts] == ["run-1-failed", "run-1-removed"]
    assert box.posts[0].headers["content-type"] == "application/json"


@pytest.mark.parametrize("status", [301, 404, 500])
def test_a_webhook_that_refuses_a_message_gets_no_other(box, status):
    """So that they come in their order, when the next run tries again."""
    box.status = status
    (receiver,) = all_of(webhooks=[f"http://{box.place}/"])
    assert sent(receiver, ALERT, ALERT) == ([], f"answer {status}")
    assert len(box.posts) == 1


@pytest.mark.parametrize("status", [301, 302, 307])
def test_a_redirect_is_not_followed(box, status):
    with inbox() as other:
        box.status, box.location = status, f"http://{other.place}/"
        urls = [f"json://{box.place}/?+X-Token=t0k3n"]
        service, webhook = all_of(urls=urls, webhooks=[f"http://{box.place}/"])
        assert sent(service, ALERT) == ([], "it was not taken")
        assert sent(webhook, ALERT) == ([], f"answer {status}")
        assert other.posts == []


def test_a_service_that_refuses_a_message_was_not_told(box):
    box.status = 500
    (receiver,) = all_of(urls=[f"json://{box.place}/"])
    assert sent(receiver, ALERT) == ([], "it was not taken")


def test_where_nobody_listens_nobody_is_told():
    with nobody() as place:
        service, webhook = all_of(urls=[f"json://{place}/"], webhooks=[f"http://{place}/"])
        assert sent(service, ALERT) == ([], "it was not taken")
        assert sent(webhook, ALERT) == ([], "no answer (ConnectionError)")


def test_a_url_that_apprise_does_not_know_is_told_of():
    (receiver,) = all_of(urls=["nonsense://x"])
    assert sent(receiver, ALERT) == ([], "Apprise knows no such URL")


def test_the_password_of_a_webhook_is_sent_and_one_of_netrc_is_not(box, tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password of-another-service\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    for receiver in all_of(webhooks=[f"http://{box.place}/", f"http://us%40er:pw@{box.place}/"]):
        sent(receiver, ALERT)
    without, with_password = (post.headers.get("authorization") for post in box.posts)
    assert without is None
    assert with_password == "Basic dXNAZXI6cHc="  # us@er:pw


def test_receivers_are_called_by_their_place_and_known_again_when_a_token_changes():
    urls = ["json://a/t0k3n", "xml://b/", "json://c/"]
    first = all_of(urls=urls, webhooks=["https://d/t0k3n"])
    assert [each.place for each in first] == [
        "alert_urls.0 (json://***)",
        "alert_urls.1 (xml://***)",
        "alert_urls.2 (json://***)",
        "alert_webhooks.0 (https://***)",
    ]
    names = [each.name for each in first]
    assert len({*names}) == 4
    assert not any("t0k3n" in name for name in names)
    again = all_of(urls=["json://a/other", *urls[1:]], webhooks=["https://d/other"])
    assert [each.name for each in again] == names


def test_nothing_that_sends_logs_a_url(box, caplog):
    """Neither Apprise, which quotes them, nor what both send with, at any level."""
    box.status = 500
    path = "s3cr3tPath"
    urls = [f"json://{box.place}/{path}", f"nonsense://{path}", f"json://user:{path}@{box.place}/"]
    caplog.set_level(logging.DEBUG)
    for logger in ("apprise", "urllib3", "requests"):
        caplog.set_level(logging.DEBUG, logger)
    for receiver in all_of(urls=urls, webhooks=[f"http://{box.place}/{path}"]):
        assert sent(receiver, ALERT)[1]
    assert len(box.posts) == 3
    assert path not in caplog.text


def test_no_warning_names_the_host_whose_certificate_is_not_asked_for(tmp_path):
    with inbox(signed_by_itself(tmp_path / "server.pem")) as box:
        (receiver,) = all_of(urls=[f"jsons://{box.place}/?verify=no"])
        assert sent(receiver, ALERT) == ([ALERT], "")
