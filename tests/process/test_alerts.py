"""Alerts of a process: what it shows of their secrets, what it loads for them, and how it ends."""

from __future__ import annotations

import json
import time
from contextlib import ExitStack

import pytest

from tests.support.process import cli
from tests.support.receivers import inbox, nobody, silence
from tests.support.secrets import given_away
from tests.support.target import lines, member, record, schema, settings_for, state

SECRET = "key-of-the-signatures-7fXq"
USER, PASSWORD = "r0b0tUs3rNam3", "p4sSw0rd0fTh3R0b0t"
PATH, QUERY = "T0K1bXq93LmPz7RtVw", "Zk81MnQ4rTs9UvWx2"
SECRETS = (SECRET, USER, PASSWORD, PATH, QUERY)
ROWS = [schema(), *map(member, range(3)), record(EmailAddress="nonsense"), state("end")]


@pytest.fixture
def machine(sandbox, tmp_path):
    """Run a command at DEBUG, with these settings; what it said is kept."""
    said = []

    def called(*words, **settings):
        path = tmp_path / "config.json"
        path.write_text(json.dumps(settings_for(sandbox, tmp_path / "data", **settings)))
        done = cli(tmp_path, *words, "--config", str(path), stdin=lines(*ROWS), LOGLEVEL="DEBUG")
        said.extend((done.stdout, done.stderr))
        return done

    called.said = said
    return called


def urls(places):
    """URLs with a secret in each part that may hold one."""
    services = [
        url
        for place in places
        for url in (
            f"json://{USER}:{PASSWORD}@{place}/{PATH}?-key={QUERY}",
            f"xml://{place}/hooks/{PATH}/{QUERY}",
        )
    ]
    webhooks = [f"http://{USER}:{PASSWORD}@{place}/{PATH}?key={QUERY}" for place in places]
    return {
        "alert_urls": services,
        "alert_webhooks": webhooks,
        "alert_secret": SECRET,
        "alert_rejected_percent": 0,
    }


@pytest.mark.long
def test_no_secret_of_an_alert_is_shown_or_kept(machine, tmp_path):
    """By receivers that take it, refuse it, say nothing and are not there; by each command."""
    with ExitStack() as servers:
        boxes = [servers.enter_context(inbox()) for _ in range(2)]
        boxes[1].status = 500
        places = [box.place for box in boxes]
        places += [servers.enter_context(silence()), servers.enter_context(nobody())]
        settings = urls(places)
        assert machine(**settings).returncode == 0
        assert len(boxes[0].posts) == 3
        for words in (["alerts"], ["alerts", "--test"], ["check"], ["runs", "show", "--json"]):
            machine(*words, **settings)
    said = "".join(machine.said)
    assert "alert_webhooks.3 (http://***) was not told: rejected" in said
    assert "alert_urls.0 (json://***) was told: rejected" in said
    assert given_away(said, SECRETS) == []
    kept = [path.read_bytes() for path in (tmp_path / "data").rglob("*") if path.is_file()]
    assert kept
    shown = "\n".join(content.decode("latin-1") for content in kept)
    assert given_away(shown, SECRETS) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"alert_urls": f"json://{USER}:{PASSWORD}@host/{PATH}"},
        {"alert_urls": [f"jsn://{USER}:{PASSWORD}@host/{PATH}", f"slack://{PATH}"]},
        {"alert_urls": [{"url": PATH}]},
        {"alert_webhooks": [f"ftp://{USER}:{PASSWORD}@host/{PATH}"], "alert_secret": SECRET},
        {"alert_webhooks": [f"https://{USER}:{PASSWORD}@[host/{PATH}"], "alert_secret": SECRET},
        {"alert_secret": f"whsec_{SECRET}"},
    ],
)
def test_a_fault_of_the_settings_shows_none_of_them(machine, wrong):
    done = machine(**wrong)
    assert done.returncode == 78
    assert "alert_" in done.stderr
    machine("check", **wrong)
    machine("alerts", "--test", **wrong)
    assert given_away("".join(machine.said), SECRETS) == []


@pytest.mark.long
def test_a_server_that_never_answers_holds_a_run_up_for_ten_seconds_and_no_more(machine):
    """Three of them take no longer than one, and none keeps the process from ending."""
    settings = {"alert_rejected_percent": 0, "alert_secret": SECRET}
    with silence() as place:
        hooks = [f"http://{place}/{number}" for number in range(2)]
        began = time.monotonic()
        done = machine(
            alert_webhooks=hooks, alert_urls=[f"json://{place}/?rto=60&cto=60"], **settings
        )
        took = time.monotonic() - began
    assert done.returncode == 0
    assert json.loads(done.stdout) == {"bookmark": "end"}
    assert done.stderr.count("no answer in 10 seconds") == 3
    # The service would be waited for for a minute.
    assert took < 50


@pytest.mark.parametrize(
    ("settings", "loads"),
    [
        ({}, False),
        ({"alert_webhooks": ["http://127.0.0.1:1/"], "alert_secret": SECRET}, False),
        ({"alert_urls": ["json://127.0.0.1:1/"]}, True),
    ],
)
def test_apprise_is_loaded_only_where_a_url_of_it_is_set(sandbox, tmp_path, settings, loads):
    path = tmp_path / "config.json"
    path.write_text(json.dumps(settings_for(sandbox, tmp_path / "data", **settings)))
    done = cli(tmp_path, "--config", str(path), stdin=lines(*ROWS), PYTHONPROFILEIMPORTTIME="1")
    assert done.returncode == 0
    loaded = done.stderr
    assert ("apprise.apprise" in loaded) == loads
