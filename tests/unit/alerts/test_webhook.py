"""Signatures of events, as https://www.standardwebhooks.com describes them."""

from __future__ import annotations

from target_constant_contact.alerts.webhook import Webhook, signed
from target_constant_contact.settings.alert_urls import key_of
from tests.support.alerts import ALERT
from tests.support.receivers import inbox


def test_a_signature_is_the_one_that_the_specification_gives():
    """Its example: https://github.com/standard-webhooks/standard-webhooks."""
    key = key_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    headers = signed(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_the_signature_is_over_name_time_and_body():
    args = b"key of sixteen..", "name", 1, b"body"
    found = {
        signed(*(other if place == number else arg for place, arg in enumerate(args)))[
            "webhook-signature"
        ]
        for number, other in enumerate((b"another key.....", "other", 2, b"bod"))
    }
    assert len({*found, signed(*args)["webhook-signature"]}) == 5


def test_an_event_is_signed_when_it_is_sent():
    with inbox() as box:
        webhook = Webhook("n", "p", f"http://{box.place}/", b"k" * 20, clock=lambda: 1234.9)
        webhook.send([ALERT], print)
    (post,) = box.posts
    expected = signed(b"k" * 20, ALERT.id, 1234, post.body)
    assert {name: post.headers[name] for name in expected} == expected
