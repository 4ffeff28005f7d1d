"""Where the settings say that the store is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_constant_contact.settings.settings import Settings
from target_constant_contact.singer.target import TargetConstantContact
from target_constant_contact.store.place import StorePlace

if TYPE_CHECKING:
    from pathlib import Path

URL = "postgresql://u@db.example.com/d"


def test_what_stands_around_a_url_is_no_part_of_it(tmp_path: Path):
    """Files of variables often bring a blank or the end of a line with it."""
    config = {"store_url": f" {URL}\n", "data_dir": str(tmp_path), "sandbox": True, "lists": "x"}
    Settings.parse(config, TargetConstantContact.config_jsonschema)
    assert StorePlace.of_settings(config).url == URL


def test_a_url_of_blanks_is_none(tmp_path: Path):
    place = StorePlace.of_settings({"store_url": " ", "data_dir": str(tmp_path)})
    assert place.url is None
