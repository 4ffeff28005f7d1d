"""Where settings come from: variables of the environment, and files."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from singer_sdk.configuration._dict_config import parse_environment_config

from target_constant_contact.exceptions import SettingsError
from target_constant_contact.settings.texts import json_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ENV_PREFIX: Final = "TARGET_CONSTANT_CONTACT_"
_ENVIRONMENT: Final = "ENV"
"""What stands for the variables among the files of ``--config``."""
_DOTENV: Final = ".env"
"""In the working folder. Left alone, singer-sdk looks for it in all folders above its own code, or
from 0.55 on above this one: a file that was meant for something else would change a run."""
_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")
# It names every variable that it finds, with words for programmers.
logging.getLogger("singer_sdk.configuration._dict_config").setLevel(logging.ERROR)


class Given(dict[str, Any]):
    """Settings as they were given, unchecked.

    Attributes:
        variables: Settings that came from the environment, with their variable.
    """

    def __init__(
        self, settings: Mapping[str, Any] | None = None, variables: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(settings or {})
        self.variables = dict(variables or {})


def read_settings(
    files: Iterable[str], schema: Mapping[str, Any], prefix: str = ENV_PREFIX
) -> Given:
    """The settings of a run or a command: later ones win.

    Args:
        files: Settings files in their order. ``ENV`` among them stands for the variables of the
            environment, which come first otherwise.
        schema: JSON schema of the settings.
        prefix: What the names of the variables begin with.

    Raises:
        SettingsError: A file cannot be used.
    """
    order = list(files)
    if _ENVIRONMENT not in order:
        order.insert(0, _ENVIRONMENT)
    given = Given()
    for source in order:
        if source == _ENVIRONMENT:
            found = _environment(schema, prefix)
            given.variables.update({name: f"{prefix}{name.upper()}" for name in found})
        else:
            found = _file(Path(source))
            for name in found:
                given.variables.pop(name, None)
        given.update(found)
    return given


def _environment(schema: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """The variables that are set and not empty, as texts, with those of ``.env`` here."""
    as_texts = {"properties": {name: {"type": "string"} for name in schema["properties"]}}
    try:
        found = parse_environment_config(as_texts, prefix, _DOTENV)
    except UnicodeDecodeError:
        raise SettingsError(["The file .env is not UTF-8. Save it as UTF-8"]) from None
    except OSError as error:
        raise SettingsError(
            [f"The file .env cannot be read ({error.strerror}). Correct its rights, or remove it"]
        ) from None
    return {name: text for name, text in found.items() if text.strip()}


def _file(path: Path) -> dict[str, Any]:
    """The settings of a file. No line quotes it: it holds secrets."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        fault = f"Settings file {path} does not exist. Correct the path behind --config"
        raise SettingsError([fault]) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "its name is none"
        fault = f"Settings file {path} cannot be read ({reason}). Correct the path behind --config"
        raise SettingsError([fault]) from None
    if not content.strip():
        fault = f"Settings file {path} is empty. Write the settings into it, as a JSON object"
        raise SettingsError([fault])
    return _settings(path, content)


def _settings(path: Path, content: bytes) -> dict[str, Any]:
    try:
        # Editors of some systems begin a file with a byte order mark.
        settings = json_of(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        coding = "UTF-16" if content.startswith(_UTF_16) else "another encoding"
        fault = f"Settings file {path} is not UTF-8 but {coding}. Save it as UTF-8"
        raise SettingsError([fault]) from None
    except ValueError as error:
        line = getattr(error, "lineno", None)
        where = f" (line {line}, column {getattr(error, 'colno', None)})" if line else ""
        fault = (
            f"Settings file {path} is not JSON{where}. Correct it: texts in double quotes, and no "
            "comma behind the last one"
        )
        raise SettingsError([fault]) from None
    if not isinstance(settings, dict):
        fault = f"Settings file {path} holds no JSON object. Put the settings into {{...}}"
        raise SettingsError([fault])
    return settings
