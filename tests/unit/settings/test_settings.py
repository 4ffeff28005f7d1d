"""Settings become values: what is not set, what is cleaned, and what does not show."""

from __future__ import annotations

import pytest

from target_constant_contact.api.oauth.connection import AUTH_URL
from target_constant_contact.api.oauth.credentials import Credentials
from target_constant_contact.batches.batch import BatchLimits
from target_constant_contact.exceptions import SettingsError
from target_constant_contact.settings.settings import Settings
from target_constant_contact.settings.streams import StreamSettings


def test_three_settings_are_enough(parse):
    settings = parse()
    assert settings.default == StreamSettings(lists=("Newsletter",))
    assert settings.limits == BatchLimits(rows=40_000, size=3_800_000)
    assert settings.requests_per_second == 4
    assert settings.api_url == "https://api.cc.email/v3"


def test_the_sandbox_needs_a_list_and_nothing_else(schema):
    assert Settings.parse({"sandbox": True, "lists": "Newsletter"}, schema).sandbox


def test_the_token_does_not_show_in_the_settings(parse):
    assert "t0p-secret" not in repr(parse())


@pytest.mark.parametrize("name", ["client_secret", "refresh_token"])
def test_no_secret_of_an_application_shows_in_the_settings(schema, name: str):
    settings = Settings.parse(
        {"lists": "x", "sandbox": True, "client_id": "app", name: "t0p-secret"}, schema
    )
    assert getattr(settings.credentials, name) == "t0p-secret"
    assert "t0p-secret" not in repr(settings)


def test_without_any_credentials_the_default_connection_is_used(schema):
    settings = Settings.parse({"accept_data_transfer": True, "lists": "x"}, schema)
    assert settings.credentials == Credentials(connection="default", auth_url=AUTH_URL)
    assert settings.access_token is None


def test_blanks_around_an_applications_secrets_are_dropped_and_blank_ones_are_none(parse):
    settings = parse(access_token="", client_id=" app ", client_secret=" ")
    assert settings.access_token is None
    assert settings.credentials.client_id == "app"
    assert settings.credentials.client_secret is None


def test_commands_need_neither_lists_nor_the_agreement(schema):
    assert Settings.parse({}, schema, for_export=False).default is None
    with pytest.raises(SettingsError) as caught:
        Settings.parse({"connection": "a/b"}, schema, for_export=False)
    assert len(caught.value.faults) == 1


def test_null_is_the_same_as_not_set(parse):
    assert parse(import_format=None, segments=None, field_mapping=None) == parse()


def test_a_trailing_slash_of_the_url_does_not_matter(parse):
    assert parse(api_url="http://127.0.0.1:1/v3/").api_url == "http://127.0.0.1:1/v3"


@pytest.mark.parametrize("text", ["nan", "inf", "ten"])
def test_a_number_as_text_has_to_be_one(parse, faults, text):
    assert parse(max_rejected_percent="7.5").max_rejected_percent == 7.5
    found = faults(sandbox=True, lists="x", max_rejected_percent=text)
    assert found[0].startswith("max_rejected_percent: ")
