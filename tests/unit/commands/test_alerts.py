"""The command `alerts`: who is told, and whether that works."""

from __future__ import annotations

import json

import pytest

from target_constant_contact.alerts import delivery
from tests.support.alerts import SECRET
from tests.support.commands import call, config_file
from tests.support.receivers import nobody, silence


@pytest.fixture
def alerts(tmp_path):
    """Call the command with these settings."""

    def called(*options, **settings):
        file = config_file(tmp_path, data_dir=str(tmp_path / "data"), **settings)
        return call("alerts", *options, "--config", file)

    return called


def test_a_test_tells_each_of_them_once(alerts, box):
    done = alerts(
        "--test",
        alert_urls=[f"json://{box.place}/t0k3nOfTheURL"],
        alert_webhooks=[f"http://{box.place}/t0k3nOfTheURL"],
        alert_secret=SECRET,
    )
    assert done.exit_code == 0
    assert [line.split() for line in done.lines[2:]] == [
        ["alert_urls.0", "(json://***)", "told"],
        ["alert_webhooks.0", "(http://***)", "told"],
    ]
    assert len(box.posts) == 2
    assert all(b"This is a test" in post.body for post in box.posts)
    assert "t0k3nOfTheURL" not in done.stdout + done.log


def test_one_that_cannot_be_told_is_named_and_ends_with_1(alerts, box):
    with nobody() as place:
        done = alerts(
            "--test",
            alert_urls=[f"json://{place}/t0k3nOfTheURL", f"json://{box.place}/"],
            alert_webhooks=[f"http://us3rn4m3:p4ssw0rd@{place}/t0k3nOfTheURL"],
            alert_secret=SECRET,
        )
    assert done.exit_code == 1
    assert "alert_urls.0 (json://***)      it was not taken" in done.stdout
    assert "alert_webhooks.0 (http://***)  no answer (ConnectionError)" in done.stdout
    assert (
        "2 of 3 could not be told: alert_urls.0 (json://***), alert_webhooks.0 (http://***)"
    ) in done.log
    assert len(box.posts) == 1
    said = done.stdout + done.stderr + done.log
    assert not [word for word in ("t0k3n", "us3rn4m3", "p4ssw0rd") if word in said]


def test_a_server_that_never_answers_ends_the_test_in_time(alerts, monkeypatch):
    monkeypatch.setattr(delivery.deliver, "__defaults__", (0.3,))
    with silence() as place:
        done = alerts("--test", alert_webhooks=[f"http://{place}/"], alert_secret=SECRET)
    assert done.exit_code == 1
    assert "no answer in 0.3 seconds" in done.stdout


def test_without_test_nobody_is_told_and_all_are_shown(alerts, box):
    done = alerts(alert_urls=[f"json://{box.place}/"], alert_on=["failed", "recovered"])
    assert done.exit_code == 0
    assert "alert_urls.0 (json://***)  failed, recovered" in done.stdout
    assert box.posts == []


def test_programs_get_the_same_as_json(alerts, box):
    box.status = 404
    done = alerts("--test", "--json", alert_webhooks=[f"http://{box.place}"], alert_secret=SECRET)
    assert done.exit_code == 1
    assert json.loads(done.stdout) == [
        {"receiver": "alert_webhooks.0 (http://***)", "result": "answer 404"}
    ]


@pytest.mark.parametrize("options", [[], ["--test"]])
def test_where_nobody_is_named_that_is_said(alerts, options):
    done = alerts(*options)
    assert done.exit_code == 78
    assert "alert_urls is not set, and neither is alert_webhooks" in done.log


def test_a_url_that_apprise_does_not_know_is_named(alerts):
    done = alerts("--test", alert_urls=["nonsense://t0k3nOfTheURL"])
    assert done.exit_code == 1
    assert "alert_urls.0 (nonsense://***)  Apprise knows no such URL" in done.stdout
    shown = alerts(alert_urls=["nonsense://t0k3nOfTheURL"])
    assert shown.exit_code == 78
    assert "alert_urls.0: Apprise knows no such URL" in shown.log
    assert shown.stdout == ""


def test_a_receiver_that_is_told_of_nothing_is_said(alerts):
    assert alerts(alert_urls=["json://x"], alert_on=[]).lines[-1].endswith("(json://***)  nothing")
