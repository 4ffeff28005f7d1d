"""Faults of settings: all together, each on one line, with the next step and without secrets."""

from __future__ import annotations

import contextlib

import pytest

from target_constant_contact import known_secrets
from target_constant_contact.exceptions import SettingsError
from target_constant_contact.redaction import redacted
from target_constant_contact.settings.faults import unknown_settings
from target_constant_contact.settings.settings import Settings
from target_constant_contact.settings.sources import Given


def test_all_faults_are_reported_together(faults):
    found = faults(
        field_mapping={"frist_name": "FirstName"},
        batch_size_rows=50_000,
        import_format="xml",
        max_rejected_percent=101,
        on_too_long="shrug",
        date_order="ymd",
    )
    text = "\n".join(found)
    assert len(found) == 9
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
        "date_order: 'ymd'",
    ):
        assert part in text, part


def test_every_fault_is_one_line_and_names_its_setting(faults):
    for fault in faults(batch_size_bytes=5_000_000, segments=[{"lists": "x"}], sandbox="maybe"):
        assert "\n" not in fault


def test_a_secret_of_the_wrong_type_is_not_shown(faults):
    found = faults(access_token=["t0p-secret"], accept_data_transfer=True, lists="x")
    assert found == ["access_token: has the wrong type; it takes string"]


def test_a_refresh_token_needs_the_application_that_it_belongs_to(faults):
    (fault,) = faults(refresh_token="t0p-secret", accept_data_transfer=True, lists="x")
    assert "refresh_token is set without client_id" in fault
    assert "t0p-secret" not in fault


def test_an_access_token_beside_a_refresh_token_is_a_fault(faults):
    (fault,) = faults(
        access_token="t", accept_data_transfer=True, lists="x", client_id="app", refresh_token="r"
    )
    assert "access_token and refresh_token are both set" in fault


@pytest.mark.parametrize("name", ["", "../escape", "a b", ".hidden", "x" * 65])
def test_a_connection_has_a_name_that_a_file_can_have(faults, name: str):
    (fault,) = faults(sandbox=True, lists="x", connection=name)
    assert fault.startswith(f"connection: {name!r} cannot be a name")


def test_the_data_transfer_has_to_be_agreed_to_unless_nothing_leaves(faults, schema):
    assert "accept_data_transfer" in faults(access_token="t", lists="x")[0]
    assert Settings.parse({"access_token": "t", "lists": "x", "dry_run": True}, schema).dry_run


def test_a_segment_without_any_list_is_a_fault(faults):
    found = faults(
        access_token="t",
        accept_data_transfer=True,
        segments=[{"stream": "a", "lists": "A"}, {"stream": "b"}],
    )
    assert found == ["segments.1 (stream 'b'): lists is missing"]


def test_faults_of_a_segments_mapping_name_the_segment(faults):
    found = faults(
        sandbox=True,
        lists="x",
        segments=[{"stream": "a", "field_mapping": {"email": "E", "emial": "F"}}],
    )
    assert found == [
        (
            "segments.0 (stream 'a'): field_mapping: unknown contact property 'emial'; did you "
            "mean 'email'?"
        )
    ]


def test_faults_in_the_types_of_an_entry_name_the_entry_by_its_number_and_its_streams(faults):
    entries = [{"stream": "a"}, {"stream": "vip-*", "load_method": "replace"}, {"lists": "A"}]
    assert faults(sandbox=True, lists="x", segments=entries) == [
        "segments.1 (stream 'vip-*'): load_method: 'replace' is not one of ['upsert', 'overwrite']",
        "segments.2: 'stream' is a required property",
    ]


def test_an_entry_that_inherits_too_many_lists_does_not_repeat_the_fault(faults):
    names = [f"List {number}" for number in range(51)]
    (fault,) = faults(sandbox=True, lists=names, segments=[{"stream": "a"}])
    assert fault == "lists: 51 lists; a contact can be on 50"


def test_a_segment_with_a_setting_that_does_not_exist_is_a_fault_with_close_matches(faults):
    found = faults(sandbox=True, lists="x", segments=[{"stream": "a", "list": "A", "zzz": 1}])
    assert found == [
        (
            "segments.0 (stream 'a'): 'list' does not exist here; did you mean lists?; 'zzz' does "
            "not exist here (what does: stream, lists, lists_field, field_mapping, date_order, "
            "load_method, overwrite_when, overwrite_scope, respect_departures, send_unchanged, "
            "left_field, max_removed_percent)"
        )
    ]


@pytest.mark.parametrize(
    ("setting", "text", "words"),
    [
        ("batch_size_rows", "many", "'many' is no whole number"),
        ("batch_size_rows", "7.5", "7.5 is no whole number"),
        ("max_rejected_percent", "ten", "'ten' is no number"),
        ("dry_run", "maybe", "'maybe' is neither true nor false"),
        ("flattening_enabled", "x", "'x' is neither true nor false"),
    ],
)
def test_a_text_that_is_no_number_and_no_truth_is_shown(faults, setting, text, words):
    assert faults(sandbox=True, lists="x", **{setting: text}) == [f"{setting}: {words}"]


@pytest.mark.parametrize(
    ("setting", "text", "kind"),
    [
        ("field_mapping", "{email: t0p-secret}", "object"),
        ("field_mapping", '["t0p-secret"]', "object"),
        ("stream_maps", "t0p-secret", "object"),
        ("stream_map_config", "{'hash_seed': 't0p-secret'}", "object"),
        ("batch_config", '{"storage": {"root": "t0p-secret"}', "object"),
        ("segments", '[{"stream": t0p-secret}]', "array"),
    ],
)
def test_a_text_that_should_be_json_says_so_and_how_meltano_is_told(faults, setting, text, kind):
    (fault,) = faults(sandbox=True, lists="x", **{setting: text})
    assert fault.startswith(f"{setting}: is a text that is no JSON {kind}; write an {kind}")
    assert fault.endswith(f"In meltano.yml, declare the setting with kind: {kind}")
    assert "t0p-secret" not in fault


def test_a_value_of_the_environment_is_named_by_its_variable(schema):
    given = Given(
        {"sandbox": True, "lists": "x", "batch_size_rows": "many", "dry_run": "maybe"},
        {"batch_size_rows": "TARGET_CONSTANT_CONTACT_BATCH_SIZE_ROWS"},
    )
    with pytest.raises(SettingsError) as caught:
        Settings.parse(given, schema)
    assert sorted(caught.value.faults) == [
        "batch_size_rows (from TARGET_CONSTANT_CONTACT_BATCH_SIZE_ROWS): 'many' is no whole number",
        "dry_run: 'maybe' is neither true nor false",
    ]


@pytest.mark.parametrize("where", ["lists", "segments"])
def test_more_lists_than_a_contact_can_be_on_are_a_fault(faults, where):
    names = [f"List {number}" for number in range(51)]
    given = {"lists": {"lists": names}, "segments": {"segments": [{"stream": "a", "lists": names}]}}
    assert "51 lists; a contact can be on 50" in faults(sandbox=True, **given[where])[0]


def test_overwrite_is_refused_and_not_taken_for_upsert(faults):
    assert "load_method: 'replace'" in faults(sandbox=True, lists="x", load_method="replace")[0]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("dryrun", "dry_run"),
        ("DRY_RUN", "dry_run"),
        ("dry-run", "dry_run"),
        ("accounts", "account"),
        ("Account", "account"),
        ("max_new_contact", "max_new_contacts"),
        ("maxActiveContacts", "max_active_contacts"),
        ("storeurl", "store_url"),
        ("list", "lists"),
        ("field_maping", "field_mapping"),
    ],
)
def test_a_misspelt_setting_is_a_fault_also_for_commands(faults, schema, name, meant):
    fault = f"Setting {name!r} does not exist; did you mean {meant}?"
    assert faults(sandbox=True, lists="x", **{name: 1}) == [fault]
    with pytest.raises(SettingsError):
        Settings.parse({name: 1}, schema, for_export=False)


def test_a_name_that_is_none_of_a_setting_is_passed_over_with_its_close_matches(parse, schema):
    config = {"batch_size": 1, "zzz": 1}
    assert list(unknown_settings(config | {"dryrun": True}, schema)) == [
        (
            "Setting 'batch_size' does not exist and is ignored; did you mean batch_size_rows or "
            "batch_size_bytes?"
        ),
        "Setting 'zzz' does not exist and is ignored",
    ]
    parse(**config)


@pytest.mark.parametrize(
    "name",
    [
        "default_target_schema",
        "hard_delete",
        "process_activate_version_messages",
        "batch_wait_limit_seconds",
        "table_prefix",
        "start_date",
        "user_agent",
        "api_key",
        "base_url",
        "verify_ssl",
        "schema_mapping",
        "add_metadata_columns",
        "replication_method",
    ],
)
def test_settings_of_other_plugins_are_no_misspelt_ones(parse, name):
    parse(**{name: "x"})


def test_the_settings_of_singer_sdk_exist_too(schema):
    config = {"stream_maps": {}, "flattening_enabled": True, "validate_records": False}
    assert list(unknown_settings(config, schema)) == []


SECRET = "hunter22-and-more"
HELD = [SECRET, {"key": SECRET}, [{"deep": {"deeper": [SECRET]}}], [[SECRET]]]


QUOTED = {"boolean", "integer", "number"}


@pytest.mark.parametrize("value", HELD, ids=["text", "object", "deep", "list"])
def test_no_fault_quotes_a_value_in_which_a_secret_can_be(schema, value, monkeypatch):
    """In every setting, whatever is wrong with it, and before anything is known to be a secret."""
    for name, declared in schema["properties"].items():
        monkeypatch.setattr(known_secrets, "_known", known_secrets._Known())
        config = {"lists": "x", "accept_data_transfer": True} | {name: value}
        found = ""
        try:
            Settings.parse(config, schema)
        except SettingsError as error:
            found = "\n".join([*error.faults, str(error)])
        # What is to be a number or one of a few words is no place for a secret.
        harmless = "enum" in declared or not QUOTED.isdisjoint(declared["type"])
        assert (SECRET in found) == (value == SECRET and harmless), name


@pytest.mark.parametrize(
    "config",
    [
        {"batch_config": {"storage": [SECRET]}},
        {"batch_config": {"storage": {"root": {"key": SECRET}}}},
        {"batch_config": {"encoding": {"format": SECRET}}},
        {"batch_config": {"encoding": {"compression": {"x": SECRET}}}},
        {"stream_map_config": SECRET},
        {"stream_map_config": [{"hash_seed": SECRET}]},
        {"stream_maps": {"a": {"email": {"key": SECRET}}}},
        {"stream_maps": {"a": [SECRET]}},
        {"faker_config": {"seed": {"x": SECRET}}},
        {"segments": [{"stream": {"x": SECRET}}]},
        {"segments": [{"stream": "a", "lists": {"x": SECRET}}]},
        {"segments": {"stream": SECRET}},
        {"segments": [SECRET]},
        {"field_mapping": {"email": {"x": SECRET}}},
        {"lists": {"token": SECRET}},
        {"account": {"token": SECRET}},
        {"requests_per_day": {"token": SECRET}},
        {"verify": [SECRET]},
    ],
    ids=str,
)
def test_no_depth_of_the_settings_quotes_a_secret(faults, config):
    found = faults(**{"accept_data_transfer": True, "lists": "x", **config})
    assert found
    assert SECRET not in "\n".join(found)
    assert all(fault.partition(":")[2].strip() for fault in found)


def test_a_fault_of_type_says_what_the_setting_takes(faults):
    assert faults(sandbox=True, lists={"a": 1})[0] == (
        "lists: has the wrong type; it takes array or string"
    )
    (fault,) = faults(sandbox=True, lists="x", batch_config={"storage": [1]})
    assert fault == "batch_config.storage: has the wrong type; it takes object"


@pytest.mark.parametrize(
    ("setting", "value", "hidden"),
    [
        ("access_token", "abcdefgh-ijkl", "abcdefgh-ijkl"),
        ("store_url", f"postgresql://me:{SECRET}@db:5432/d", SECRET),
        ("api_url", f"https://me:{SECRET}@proxy.example/v3", SECRET),
        ("batch_config", {"storage": {"root": f"s3://me:{SECRET}@bucket"}}, SECRET),
        ("batch_config", {"storage": {"root": "s3://b", "params": {"secret": SECRET}}}, SECRET),
        ("stream_map_config", {"hash_seed": SECRET}, SECRET),
        ("stream_map_config", f'{{"hash_seed": "{SECRET}"}}', SECRET),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_the_settings_keep_secret_is_masked_from_then_on(schema, setting, value, hidden):
    with contextlib.suppress(SettingsError):
        Settings.parse({setting: value}, schema)
    assert redacted(f"somebody quotes {hidden}!") == "somebody quotes ***!"


def test_a_secret_with_characters_of_urls_is_known_as_it_is_and_encoded(schema):
    with contextlib.suppress(SettingsError):
        Settings.parse({"store_url": "postgresql://me:p%40ss%2Fword@db:5432/d"}, schema)
    assert redacted("p%40ss%2Fword and /p@ss/word;") == "*** and /***;"


def test_nobody_is_asked_to_agree_to_sending_where_the_sandbox_was_misspelt(faults):
    found = faults(sandbox="maybe", lists="x")
    assert [line for line in found if line.startswith("sandbox: 'maybe'")]
    assert not [line for line in found if "accept_data_transfer" in line]


def test_flattening_needs_a_depth(faults, parse):
    (fault,) = faults(accept_data_transfer=True, lists="x", flattening_enabled="true")
    assert fault.startswith("flattening_max_depth is missing: flattening_enabled needs it")
    parse(flattening_enabled=True, flattening_max_depth=0)
    parse(flattening_enabled="false")


@pytest.mark.parametrize("login", ["", "me@", "me:Xk29fLq8ZpWv71@", f"me:{SECRET}@"])
def test_the_host_of_a_secret_url_is_shown_where_a_fault_names_it(schema, login):
    url = f"postgresql://{login}db7-Eu2x.Example.com:5432/warehouse9"
    with contextlib.suppress(SettingsError):
        Settings.parse({"store_url": url}, schema)
    line = "the store at db7-Eu2x.Example.com:5432/warehouse9 cannot be used"
    assert redacted(line) == line
    assert "Xk29" not in redacted(url)


@pytest.mark.parametrize("value", ["sometimes", "0", 0, -3, "1.5", 40_000, ""])
def test_send_unchanged_takes_two_words_or_days(faults, value):
    (fault,) = faults(sandbox=True, lists="x", send_unchanged=value)
    assert fault.startswith(f"send_unchanged: {str(value)!r} is neither always nor never")
    entries = [{"stream": "a", "send_unchanged": value}]
    (fault,) = faults(sandbox=True, lists="x", segments=entries)
    assert fault.startswith("segments.0 (stream 'a'): send_unchanged: ")
