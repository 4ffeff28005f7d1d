"""Settings: all faults together, each on one line, with the next step and without secrets."""

from __future__ import annotations

from typing import Any

import pytest

from target_constant_contact.api.oauth.credentials import Credentials
from target_constant_contact.api.oauth.grants import AUTH_URL
from target_constant_contact.batches.batch import BatchLimits
from target_constant_contact.exceptions import SettingsError
from target_constant_contact.settings.faults import unknown_settings
from target_constant_contact.settings.settings import Settings
from target_constant_contact.settings.streams import StreamSettings
from target_constant_contact.singer.target import TargetConstantContact

SCHEMA = TargetConstantContact.settings_schema()
GOOD = {"access_token": "t0p-secret", "accept_data_transfer": True, "lists": "Newsletter"}


def parse(**settings: Any) -> Settings:
    return Settings.parse(GOOD | settings, SCHEMA)


def faults(**settings: Any) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        Settings.parse(settings, SCHEMA)
    return list(caught.value.faults)


def test_three_settings_are_enough():
    settings = parse()
    assert settings.default == StreamSettings(lists=("Newsletter",))
    assert settings.limits == BatchLimits(rows=40_000, size=3_800_000)
    assert settings.requests_per_second == 4
    assert settings.api_url == "https://api.cc.email/v3"


def test_the_sandbox_needs_a_list_and_nothing_else():
    assert Settings.parse({"sandbox": True, "lists": "Newsletter"}, SCHEMA).sandbox


def test_all_faults_are_reported_together():
    found = faults(
        field_mapping={"frist_name": "FirstName"},
        batch_size_rows=50_000,
        import_format="xml",
        max_rejected_percent=101,
        on_too_long="shrug",
    )
    text = "\n".join(found)
    assert len(found) == 8
    for part in (
        "accept_data_transfer is not true",
        "lists is missing",
        "did you mean",
        "'first_name'",
        "add email to field_mapping",
        "batch_size_rows: 50000",
        "import_format: 'xml'",
        "max_rejected_percent: 101",
        "on_too_long: 'shrug'",
    ):
        assert part in text, part


def test_every_fault_is_one_line_and_names_its_setting():
    for fault in faults(batch_size_bytes=5_000_000, segments=[{"lists": "x"}], sandbox="yes"):
        assert "\n" not in fault


def test_a_secret_of_the_wrong_type_is_not_shown():
    found = faults(access_token=["t0p-secret"], accept_data_transfer=True, lists="x")
    assert found == ["access_token: has the wrong type"]


def test_the_token_does_not_show_in_the_settings():
    assert "t0p-secret" not in repr(parse())


@pytest.mark.parametrize("name", ["client_secret", "refresh_token"])
def test_no_secret_of_an_application_shows_in_the_settings(name: str):
    settings = Settings.parse(
        {"lists": "x", "sandbox": True, "client_id": "app", name: "t0p-secret"}, SCHEMA
    )
    assert getattr(settings.credentials, name) == "t0p-secret"
    assert "t0p-secret" not in repr(settings)


def test_without_any_credentials_the_default_connection_is_used():
    settings = Settings.parse({"accept_data_transfer": True, "lists": "x"}, SCHEMA)
    assert settings.credentials == Credentials(connection="default", auth_url=AUTH_URL)
    assert settings.access_token is None


def test_blanks_around_an_applications_secrets_are_dropped_and_blank_ones_are_none():
    settings = Settings.parse(
        GOOD | {"access_token": "", "client_id": " app ", "client_secret": " "}, SCHEMA
    )
    assert settings.access_token is None
    assert settings.credentials.client_id == "app"
    assert settings.credentials.client_secret is None


def test_a_refresh_token_needs_the_application_that_it_belongs_to():
    (fault,) = faults(refresh_token="t0p-secret", accept_data_transfer=True, lists="x")
    assert "refresh_token is set without client_id" in fault
    assert "t0p-secret" not in fault


def test_an_access_token_beside_a_refresh_token_is_a_fault():
    (fault,) = faults(**GOOD, client_id="app", refresh_token="r")
    assert "access_token and refresh_token are both set" in fault


@pytest.mark.parametrize("name", ["", "../escape", "a b", ".hidden", "x" * 65])
def test_a_connection_has_a_name_that_a_file_can_have(name: str):
    (fault,) = faults(**GOOD, connection=name)
    assert fault.startswith(f"connection: {name!r} cannot be a name")


def test_commands_need_neither_lists_nor_the_agreement():
    assert Settings.parse({}, SCHEMA, for_export=False).default is None
    with pytest.raises(SettingsError) as caught:
        Settings.parse({"connection": "a/b"}, SCHEMA, for_export=False)
    assert len(caught.value.faults) == 1


def test_the_data_transfer_has_to_be_agreed_to_unless_nothing_leaves():
    assert "accept_data_transfer" in faults(access_token="t", lists="x")[0]
    assert Settings.parse({"access_token": "t", "lists": "x", "dry_run": True}, SCHEMA).dry_run


def test_the_first_segment_that_matches_wins_and_inherits_what_it_does_not_say():
    settings = parse(
        field_mapping={"email": "Mail"},
        segments=[
            {"stream": "crm-vip*", "lists": ["VIP", "All"]},
            {"stream": "crm-*", "lists_field": "list", "field_mapping": {"email": "E"}},
        ],
    )
    assert settings.for_stream("crm-vips") == StreamSettings(
        "crm-vip*", ("VIP", "All"), None, {"email": "Mail"}
    )
    assert settings.for_stream("crm-x") == StreamSettings("crm-*", (), "list", {"email": "E"})
    assert settings.for_stream("shop") == StreamSettings(
        "*", ("Newsletter",), None, {"email": "Mail"}
    )


def test_a_segment_without_lists_takes_the_default_ones():
    settings = parse(segments=[{"stream": "a", "field_mapping": {"email": "E"}}])
    assert settings.for_stream("a").lists == ("Newsletter",)


def test_a_stream_that_nothing_matches_needs_a_default():
    settings = parse(lists=None, segments=[{"stream": "a", "lists": "A"}])
    with pytest.raises(SettingsError, match=r"stream 'b' has no list.*stream_maps"):
        settings.for_stream("b")


def test_a_segment_without_any_list_is_a_fault():
    found = faults(
        access_token="t",
        accept_data_transfer=True,
        segments=[{"stream": "a", "lists": "A"}, {"stream": "b"}],
    )
    assert found == ["segments.1 (stream 'b'): lists is missing"]


def test_faults_of_a_segments_mapping_name_the_segment():
    found = faults(
        sandbox=True,
        lists="x",
        segments=[{"stream": "a", "field_mapping": {"email": "E", "emial": "F"}}],
    )
    assert len(found) == 1
    assert found[0].startswith("segments.0.field_mapping: ")


def test_a_segment_with_a_setting_that_does_not_exist_is_a_fault():
    found = faults(sandbox=True, lists="x", segments=[{"stream": "a", "list": "A"}])
    assert "'list' was unexpected" in found[0]


@pytest.mark.parametrize("where", ["lists", "segments"])
def test_more_lists_than_a_contact_can_be_on_are_a_fault(where):
    names = [f"List {number}" for number in range(51)]
    given = {"lists": {"lists": names}, "segments": {"segments": [{"stream": "a", "lists": names}]}}
    assert "51 lists; a contact can be on 50" in faults(sandbox=True, **given[where])[0]


def test_lists_are_cleaned_and_kept_in_order():
    assert parse(lists=[" B ", "", "A", "B"]).default == StreamSettings(lists=("B", "A"))


def test_null_is_the_same_as_not_set():
    assert parse(import_format=None, segments=None, field_mapping=None) == parse()


def test_overwrite_is_refused_and_not_taken_for_upsert():
    assert "load_method: 'overwrite'" in faults(sandbox=True, lists="x", load_method="overwrite")[0]


def test_a_trailing_slash_of_the_url_does_not_matter():
    assert parse(api_url="http://127.0.0.1:1/v3/").api_url == "http://127.0.0.1:1/v3"


def test_a_setting_that_does_not_exist_gets_close_matches():
    config = {"field_maping": {}, "lists": "x", "zzz": 1}
    assert list(unknown_settings(config, SCHEMA)) == [
        "Setting 'field_maping' does not exist and is ignored; did you mean field_mapping?",
        "Setting 'zzz' does not exist and is ignored",
    ]


def test_the_settings_of_singer_sdk_exist_too():
    config = {"stream_maps": {}, "flattening_enabled": True, "validate_records": False}
    assert list(unknown_settings(config, SCHEMA)) == []


def test_every_setting_has_a_title_and_a_description():
    for name, declared in TargetConstantContact.config_jsonschema["properties"].items():
        assert declared.get("description"), name


@pytest.mark.parametrize("text", ["nan", "inf", "ten"])
def test_a_number_as_text_has_to_be_one(text):
    assert parse(max_rejected_percent="7.5").max_rejected_percent == 7.5
    found = faults(sandbox=True, lists="x", max_rejected_percent=text)
    assert found[0].startswith("max_rejected_percent: ")
