"""The page of alerts: its conditions are those of the code, and its receiver takes our events."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from target_constant_contact.alerts.conditions import MAY_ALWAYS_GO
from target_constant_contact.alerts.decision import MOST_OWED
from target_constant_contact.alerts.delivery import SECONDS
from target_constant_contact.alerts.webhook import Webhook
from target_constant_contact.settings.alert_urls import key_of
from tests.docs import pages, told
from tests.support.alerts import ALERT, SECRET
from tests.support.receivers import inbox

PAGE = pages.read(pages.DOCS / "how-to" / "alerts.md")


@pytest.fixture(scope="module")
def is_genuine():
    """The receiver of the page."""
    (block,) = pages.blocks("python", PAGE)
    names = {}
    exec(block.body, names)
    return names["is_genuine"]


def test_the_table_has_every_event_and_says_which_are_told_by_default():
    setting = told.about()["alert_on"]
    rows = [row for row in pages.rows(PAGE) if len(row) == 4]

    by_default = {pages.code(row[0])[0]: row[3] for row in rows}
    assert by_default.keys() == set(setting["items"]["enum"])
    assert {name for name, usual in by_default.items() if usual == "yes"} == set(setting["default"])


def test_the_numbers_of_the_page_are_those_of_the_code():
    settings = told.about()
    rejected, shrunk = (settings[f"alert_{name}_percent"] for name in ("rejected", "shrunk"))

    assert f"more than `alert_rejected_percent` ({rejected['default']})" in PAGE
    assert f"more than `alert_shrunk_percent` ({shrunk['default']})" in PAGE
    assert f"Up to {MAY_ALWAYS_GO} rows may always go" in PAGE
    assert f"within {SECONDS:g} seconds together" in PAGE
    assert f"At most {MOST_OWED} messages wait" in PAGE


@pytest.mark.parametrize("secret", [SECRET, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])
def test_the_receiver_of_the_page_takes_an_event_that_was_sent_and_no_other(is_genuine, secret):
    with inbox() as box:
        Webhook("n", "p", f"http://{box.place}/", key_of(secret)).send([ALERT], print)
    (post,) = box.posts

    assert is_genuine(secret, post.headers, post.body)
    assert not is_genuine("another secret of ours", post.headers, post.body)
    assert not is_genuine(secret, post.headers, post.body + b" ")
    sent_at = int(post.headers["webhook-timestamp"])
    assert not is_genuine(secret, post.headers, post.body, sent_at + 600)
    later = post.headers | {"webhook-timestamp": str(sent_at + 1)}
    assert not is_genuine(secret, later, post.body)
    assert not is_genuine(secret, post.headers | {"webhook-id": "other"}, post.body)


def test_the_event_of_the_page_has_all_members():
    assert [name for name in asdict(ALERT) if f'"{name}": ' not in PAGE] == []
