"""The settings as they are declared."""

from __future__ import annotations

from target_constant_contact.singer.target import TargetConstantContact


def test_every_setting_has_a_title_and_a_description():
    for name, declared in TargetConstantContact.config_jsonschema["properties"].items():
        assert declared.get("description"), name
