"""What the commands share: settings from everywhere, tables and JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click
import pytest
from click.testing import CliRunner

from target_constant_contact.commands.common import (
    configured,
    json_option,
    parse_settings,
    print_json,
    print_table,
    read_config,
)
from target_constant_contact.exceptions import SettingsError

if TYPE_CHECKING:
    from pathlib import Path

    from target_constant_contact.settings.sources import Given


@click.command()
@configured
@json_option
def show(config: dict[str, Any], as_json: bool) -> None:  # noqa: FBT001 - as click calls it
    if as_json:
        print_json(config)


@pytest.fixture(autouse=True)
def _empty_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No `.env` of the developer's is found."""
    monkeypatch.chdir(tmp_path)


def shown(*arguments: str) -> dict[str, Any]:
    done = CliRunner().invoke(show, ["--json", *arguments])
    assert done.exit_code == 0, done.output
    return dict(json.loads(done.stdout))


def test_settings_come_from_the_environment_then_files_then_options(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    for name in ("CONNECTION", "ACCOUNT", "DATA_DIR"):
        monkeypatch.setenv(f"TARGET_CONSTANT_CONTACT_{name}", "environment")
    first, second = tmp_path / "a.json", tmp_path / "b.json"
    first.write_text('{"account": "first", "lists": "x"}')
    second.write_text('{"account": "second", "data_dir": "file"}')

    config = shown("--config", str(first), "--config", str(second), "--data-dir", "option")

    assert config == {
        "connection": "environment",
        "account": "second",
        "lists": "x",
        "data_dir": "option",
    }


def test_the_word_env_is_no_file(monkeypatch: pytest.MonkeyPatch):
    """`--config=ENV` is what the Singer command takes."""
    monkeypatch.setenv("TARGET_CONSTANT_CONTACT_CONNECTION", "shop")
    assert shown("--config=ENV") == {"connection": "shop"}


def test_objects_of_the_environment_are_json_as_meltano_passes_them(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setenv("TARGET_CONSTANT_CONTACT_SEGMENTS", '[{"stream": "a", "lists": "A"}]')
    monkeypatch.setenv("TARGET_CONSTANT_CONTACT_SANDBOX", "true")
    settings = parse_settings(read_config())
    assert settings.sandbox
    assert [segment.lists for segment in settings.segments] == [("A",)]


def test_a_variable_that_does_not_fit_its_setting_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TARGET_CONSTANT_CONTACT_BATCH_SIZE_ROWS", "many")
    with pytest.raises(SettingsError, match=r"\(from TARGET_CONSTANT_CONTACT_BATCH_SIZE_ROWS\)"):
        parse_settings(read_config())


def test_the_option_of_the_data_folder_keeps_where_the_rest_came_from(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("TARGET_CONSTANT_CONTACT_CONNECTION", "shop")
    seen = []

    @click.command()
    @configured
    def keep(config: Given) -> None:
        seen.append(config)

    CliRunner().invoke(keep, ["--data-dir", str(tmp_path)])

    assert seen == [{"connection": "shop", "data_dir": str(tmp_path)}]
    assert seen[0].variables == {"connection": "TARGET_CONSTANT_CONTACT_CONNECTION"}


def test_a_table_has_aligned_columns_with_numbers_to_the_right(
    capsys: pytest.CaptureFixture[str],
):
    print_table(["name", "members"], [["Newsletter", 12_919], ["VIP", 3], ["Ä b\nc", None]])
    assert capsys.readouterr().out.splitlines() == [
        "name        members",
        "----------  -------",
        "Newsletter   12,919",
        "VIP               3",
        r"Ä b\nc",
    ]


def test_json_keeps_its_letters(capsys: pytest.CaptureFixture[str]):
    print_json({"name": "Größe"})
    assert capsys.readouterr().out == '{\n  "name": "Größe"\n}\n'
