"""Settings of alerts: what is refused, and what of them is never shown."""

from __future__ import annotations

import base64
import sys

import pytest

from target_constant_contact.known_secrets import without_known
from target_constant_contact.settings import alert_urls
from target_constant_contact.settings.alert_urls import key_of, scheme_of
from tests.support.alerts import SECRET

TOKEN = "T0k3nT0k3nOfAR3c3iv3r"


def test_by_default_nobody_is_told(parse):
    alerts = parse().alerts
    assert not alerts.wanted
    assert alerts.on == {"failed", "recovered", "rejected", "shrunk"}
    assert (alerts.rejected_percent, alerts.shrunk_percent) == (1, 20)


def test_the_settings_are_read(parse):
    alerts = parse(
        alert_urls=[" json://localhost/ "],
        alert_webhooks=["https://example.com/hook"],
        alert_secret=SECRET,
        alert_on=["failed"],
        alert_rejected_percent=0.5,
        alert_shrunk_percent=50,
    ).alerts
    assert alerts.wanted
    assert alerts.urls == ("json://localhost/",)
    assert alerts.webhooks == ("https://example.com/hook",)
    assert (alerts.on, alerts.rejected_percent, alerts.shrunk_percent) == ({"failed"}, 0.5, 50)


def test_they_come_as_texts_too(parse):
    """As Meltano and the environment bring them."""
    alerts = parse(alert_urls='["json://localhost/"]', alert_on='["failed", "removed"]').alerts
    assert alerts.urls == ("json://localhost/",)
    assert alerts.on == {"failed", "removed"}


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ({"alert_urls": "slack://a/b/c"}, "alert_urls: is a text that is no JSON array"),
        ({"alert_on": ["failure"]}, "alert_on.0: 'failure' is not one of"),
        ({"alert_on": ["recovered"]}, "alert_on: recovered alone tells nothing"),
        ({"alert_urls": ["nonsense://x"]}, "alert_urls.0: Apprise knows no such URL"),
        ({"alert_urls": ["json://localhost", "slack://T/x"]}, "alert_urls.1: Apprise knows no"),
        ({"alert_webhooks": ["https://example.com"]}, "alert_webhooks needs alert_secret"),
        ({"alert_secret": "short"}, "alert_secret is shorter than 16 characters"),
        ({"alert_secret": "whsec_no base64!"}, "alert_secret begins with whsec_"),
        ({"alert_secret": "whsec_c2hvcnQ="}, "alert_secret is shorter than 16 characters"),
        ({"alert_rejected_percent": 101}, "alert_rejected_percent: 101 is greater than"),
    ],
)
def test_what_is_wrong_is_said(faults, settings, fault):
    enough = {"access_token": "t", "accept_data_transfer": True, "lists": "Newsletter"}
    (line,) = faults(**enough, **settings)
    assert line.startswith(fault)


@pytest.mark.parametrize(
    "url", ["example.com/hook", "json://localhost", "https://", "https://a b/c", "http://[::1", ""]
)
def test_a_webhook_is_an_address_of_a_server(faults, url):
    enough = {"access_token": "t", "accept_data_transfer": True, "lists": "Newsletter"}
    (line,) = faults(**enough, alert_webhooks=["https://example.com", url], alert_secret=SECRET)
    assert line.startswith("alert_webhooks.1 is no address of a server")


def test_without_apprise_its_urls_are_refused_before_anything_is_sent(faults, monkeypatch):
    monkeypatch.setattr(alert_urls, "find_spec", lambda _: None)
    monkeypatch.setitem(sys.modules, "apprise", None)
    enough = {"access_token": "t", "accept_data_transfer": True, "lists": "Newsletter"}
    assert faults(**enough, alert_urls=["json://localhost"]) == [
        "alert_urls: apprise is not installed; install target-constant-contact[alerts]"
    ]


def test_webhooks_do_not_need_apprise(parse, monkeypatch):
    monkeypatch.setattr(alert_urls, "find_spec", lambda _: None)
    monkeypatch.setitem(sys.modules, "apprise", None)
    assert parse(alert_webhooks=["http://localhost:9/"], alert_secret=SECRET).alerts.wanted


@pytest.mark.parametrize(
    "shown",
    [
        f"slack://T1AB2CD3EF/{TOKEN}/x9Y8z7W6v5U4/#general",
        f"POST /T1AB2CD3EF/{TOKEN}/x9Y8z7W6v5U4/%23general failed",
        TOKEN,
        TOKEN.lower(),
        f"https://{TOKEN}.example.com",
    ],
)
def test_a_url_is_known_for_a_secret_in_whatever_part_it_comes_back(parse, shown):
    parse(alert_urls=[f"slack://T1AB2CD3EF/{TOKEN}/x9Y8z7W6v5U4WWWWWWWWWWWWW/#general"])
    assert TOKEN.lower() not in without_known(shown).lower()


@pytest.mark.parametrize(
    ("url", "secret"),
    [
        ("https://example.com/hooks/a-path-of-words?of=nobody", "/hooks/a-path-of-words?of=nobody"),
        ("https://robot:wordsonly@example.com/", "wordsonly"),
        ("https://the-robots-name:wordsonly@example.com/", "the-robots-name:wordsonly"),
        ("https://r0b0tUs3rNam3:wordsonly@example.com/", "r0b0tUs3rNam3"),
        ("https://the-robots-token@example.com/", "the-robots-token"),
        ("https://example.com/?key=k3yk3yk3yk3yk3yk3y", "k3yk3yk3yk3yk3yk3y"),
    ],
)
def test_so_is_what_stands_in_a_webhook(parse, url, secret):
    parse(alert_webhooks=[url], alert_secret=SECRET)
    assert secret not in without_known(f"it quotes {secret} here")


def test_words_of_a_url_are_shown_where_they_stand_for_something_else(parse):
    parse(alert_webhooks=["https://example.com/hooks/constant-contact"], alert_secret=SECRET)
    line = "target-constant-contact: see https://example.com/help, hooks and constant-contact"
    assert without_known(line) == line
    # Such as a list that is called as the user who sends the mail.
    parse(alert_urls=["json://newsletter:of-nobody-else@example.com"])
    assert without_known("the list Newsletter") == "the list Newsletter"


def test_the_secret_and_the_urls_are_in_no_text_of_the_settings(parse):
    settings = parse(
        alert_urls=["json://localhost/abcdefgh"],
        alert_webhooks=["https://example.com/abcdefgh"],
        alert_secret=SECRET,
    )
    assert "abcdefgh" not in repr(settings)
    assert SECRET not in repr(settings)
    assert SECRET not in without_known(f"it is {SECRET}")


def test_a_key_is_text_or_base64_and_none_without_a_secret():
    key = b"\x00\xff" * 12
    assert key_of(f"whsec_{base64.b64encode(key).decode()}") == key
    assert key_of("zwölf Buchstaben") == "zwölf Buchstaben".encode()
    assert key_of("") == b""


@pytest.mark.parametrize(
    ("url", "scheme"), [("slack://a", "slack"), ("JSONS://a", "jsons"), ("t0k3n", ""), ("://", "")]
)
def test_nothing_but_its_scheme_is_shown_of_a_url(url, scheme):
    assert scheme_of(url) == scheme
