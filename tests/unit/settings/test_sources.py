"""Where settings come from, which of them win, and what is said of a file that is none."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from target_constant_contact.exceptions import SettingsError
from target_constant_contact.settings.sources import Given, read_settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PREFIX = "TARGET_CONSTANT_CONTACT_"


@pytest.fixture(autouse=True)
def _empty_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No `.env` of the developer's is found."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def read(schema: dict[str, Any], tmp_path: Path) -> Callable[..., Given]:
    """Read settings from sources: the word `ENV`, or what a file is to hold."""

    def read(*sources: Any) -> Given:
        files = []
        for number, source in enumerate(sources):
            path = tmp_path / f"{number}.json"
            if source != "ENV":
                path.write_text(json.dumps(source))
            files.append("ENV" if source == "ENV" else str(path))
        return read_settings(files, schema)

    return read


@pytest.fixture
def _variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{PREFIX}LISTS", "environment")


@pytest.mark.usefixtures("_variables")
@pytest.mark.parametrize(
    ("sources", "lists"),
    [
        ([], "environment"),
        (["ENV"], "environment"),
        ([{"account": "x"}], "environment"),
        ([{"lists": "first"}], "first"),
        ([{"lists": "first"}, {"lists": "second"}], "second"),
        (["ENV", {"lists": "first"}], "first"),
        ([{"lists": "first"}, "ENV"], "environment"),
        ([{"lists": "first"}, "ENV", {"lists": "second"}], "second"),
    ],
)
def test_the_environment_comes_first_or_where_it_is_named_and_later_ones_win(read, sources, lists):
    assert read(*sources)["lists"] == lists


@pytest.mark.usefixtures("_variables")
def test_the_variable_of_a_setting_is_known_unless_a_file_has_set_it(read):
    assert read({"account": "x"}).variables == {"lists": f"{PREFIX}LISTS"}
    assert read({"lists": "first"}).variables == {}
    assert read({"lists": "first"}, "ENV").variables == {"lists": f"{PREFIX}LISTS"}


def test_variables_are_texts_until_they_are_parsed(read, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(f"{PREFIX}LISTS", "A, B")
    monkeypatch.setenv(f"{PREFIX}BATCH_SIZE_ROWS", "many")
    monkeypatch.setenv(f"{PREFIX}STREAM_MAPS", "{}")
    assert read() == {"lists": "A, B", "batch_size_rows": "many", "stream_maps": "{}"}


@pytest.mark.parametrize("empty", ["", "  "])
def test_an_empty_variable_is_not_set(read, monkeypatch: pytest.MonkeyPatch, empty: str):
    monkeypatch.setenv(f"{PREFIX}LISTS", empty)
    monkeypatch.setenv(f"{PREFIX}ACCESS_TOKEN", empty)
    assert read({"lists": "first"}, "ENV") == {"lists": "first"}
    assert read().variables == {}


def test_variables_that_are_no_settings_are_passed_over(read, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(f"{PREFIX}LOGLEVEL", "DEBUG")
    monkeypatch.setenv("TARGET_OTHER_LISTS", "x")
    assert read() == {}


def test_a_file_may_begin_with_a_byte_order_mark(schema, tmp_path: Path):
    path = tmp_path / "config.json"
    path.write_text('{"lists": "Größe"}', encoding="utf-8-sig")
    assert read_settings([str(path)], schema) == {"lists": "Größe"}


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (None, "does not exist. Correct the path behind --config"),
        (b"", "is empty. Write the settings into it, as a JSON object"),
        (b" \n", "is empty. Write the settings into it, as a JSON object"),
        (b'"t0p-secret"', "holds no JSON object. Put the settings into {...}"),
        (b'["t0p-secret"]', "holds no JSON object. Put the settings into {...}"),
        (
            b'{\n  "access_token": t0p-secret\n}',
            (
                "is not JSON (line 2, column 19). Correct it: texts in double quotes, and no comma "
                "behind the last one"
            ),
        ),
        (
            b'{"max_rejected_percent": NaN}',
            "is not JSON. Correct it: texts in double quotes, and no comma behind the last one",
        ),
        (
            b"[" * 200_000,
            "is not JSON. Correct it: texts in double quotes, and no comma behind the last one",
        ),
        (
            '{"account": "Zoë"}'.encode("latin-1"),
            "is not UTF-8 but another encoding. Save it as UTF-8",
        ),
        ('{"account": "x"}'.encode("utf-16"), "is not UTF-8 but UTF-16. Save it as UTF-8"),
    ],
    ids=str,
)
def test_a_file_that_cannot_be_used_is_named_with_the_cause_and_not_quoted(
    schema, tmp_path: Path, content: bytes | None, fault: str
):
    path = tmp_path / "config.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SettingsError) as caught:
        read_settings([str(path)], schema)
    assert str(caught.value) == f"Settings file {path} {fault}"


def test_a_folder_is_no_settings_file(schema, tmp_path: Path):
    with pytest.raises(SettingsError, match=r"cannot be read \(Is a directory\)"):
        read_settings([str(tmp_path)], schema)


def test_a_name_that_no_file_can_have_is_one_line(schema):
    with pytest.raises(SettingsError, match="cannot be read"):
        read_settings(["a\0b"], schema)


@pytest.mark.parametrize(("folder", "read"), [(".", {"dry_run": "true"}), ("below", {})])
def test_a_file_of_variables_is_read_from_the_working_folder_alone(
    schema, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str, read
):
    monkeypatch.setenv(f"{PREFIX}DRY_RUN", "")  # so that it is put back
    monkeypatch.delenv(f"{PREFIX}DRY_RUN")
    (tmp_path / ".env").write_text(f"{PREFIX}DRY_RUN=true\n")
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / folder)
    # Where singer-sdk 0.54 and 0.55 look for it.
    monkeypatch.setattr(
        "singer_sdk.configuration._dict_config.find_dotenv", lambda **_: str(tmp_path / ".env")
    )
    assert read_settings([], schema) == read


def test_a_file_of_variables_that_is_not_utf_8_is_named(schema, tmp_path: Path):
    (tmp_path / ".env").write_bytes(f"{PREFIX}ACCOUNT=Zo\xeb".encode("latin-1"))
    with pytest.raises(SettingsError, match=r"^The file \.env is not UTF-8"):
        read_settings([], schema)
