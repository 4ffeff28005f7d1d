"""The setting `store_url`: what is taken, and what is shown of it."""

from __future__ import annotations

import pytest

from target_constant_contact.exceptions import SettingsError
from target_constant_contact.settings.settings import Settings
from target_constant_contact.singer.target import TargetConstantContact
from target_constant_contact.store.address import no_url, place_of, schema_fault, url_fault

SECRET = "correct-horse"


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("postgresql://h/d", "h:5432/d"),
        ("postgresql+psycopg://u@db.example.com:6543/d", "db.example.com:6543/d"),
        (f"postgresql://u:{SECRET}@10.0.0.1/d?sslmode=require", "10.0.0.1:5432/d"),
        (f"postgresql://u%40x:p%40s%2F%3A{SECRET}@[::1]:5433/my%20d", "[::1]:5433/my d"),
        ("postgresql:///d?host=/run/postgresql", "/run/postgresql:5432/d"),
        ("postgresql:///d", "localhost:5432/d"),
        ("postgres://h/d", "h:5432/d"),
    ],
)
def test_a_url_is_shown_by_its_place(url, place):
    assert url_fault(url) == ""
    assert place_of(url) == place


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost:5432",
        "redis://h/0",
        "mysql://h/d",
        "postgresql://",
        "postgresql://h",
        "postgresql://h/",
        "postgresql://h:port/d",
        "postgresql://h:0/d",
        "postgresql://h:99999/d",
        "postgresql://[::1/d",
        "postgresql://h/d/e",
        "postgresql://h/d#e",
        "postgresql://h /d",
        f"postgresql://h/d?password={SECRET}",
    ],
)
def test_another_url_is_refused_in_one_line(url):
    assert url_fault(url) == no_url()
    assert SECRET not in no_url()


@pytest.mark.parametrize("character", "@/#?[] :")
def test_a_password_whose_characters_are_not_escaped_is_refused(character):
    """A part of it could be taken for the host, which is shown."""
    assert url_fault(f"postgresql://u:pass{character}word@h:5432/d") == no_url()


def test_a_schema_is_a_plain_name_beside_a_url():
    assert schema_fault("my_store", "postgresql://h/d") == ""
    assert schema_fault("my_store", None).startswith("store_schema is set without store_url")
    for name in ("1st", "a b", 'a"b', "a[b]", "x" * 64, "a.b"):
        assert schema_fault(name, "postgresql://h/d").startswith("store_schema: ")


def test_a_wrong_url_is_reported_with_the_other_faults_of_the_settings():
    config = {"store_url": f"http://u:{SECRET}@h", "store_schema": "a b"}
    with pytest.raises(SettingsError) as caught:
        Settings.parse(config, TargetConstantContact.config_jsonschema)
    assert no_url() in caught.value.faults
    assert len(caught.value.faults) > 2
    assert SECRET not in str(caught.value)


def test_the_url_is_not_shown_with_the_settings():
    url = f"postgresql://u:{SECRET}@h/d"
    config = {"store_url": url, "store_schema": "mine", "sandbox": True, "lists": "Newsletter"}
    parsed = Settings.parse(config, TargetConstantContact.config_jsonschema)
    assert (parsed.store.url, parsed.store.schema) == (url, "mine")
    assert SECRET not in repr(parsed)
