"""Settings in, streams out: the only file that knows ``singer_sdk.Tap``."""

from __future__ import annotations

import logging
import signal
import sys
from functools import cached_property
from types import SimpleNamespace
from typing import IO, TYPE_CHECKING, Any, ClassVar, Final

from singer_sdk import Tap
from singer_sdk.helpers.capabilities import PluginCapabilities, TapCapabilities
from singer_sdk.singerlib import Catalog
from typing_extensions import override

from target_constant_contact.exceptions import SettingsError, TargetError
from target_constant_contact.log_fields import fields
from target_constant_contact.log_records import redact_log
from target_constant_contact.results_tap.addresses import RejectedAddresses
from target_constant_contact.results_tap.bookmark import Bookmark
from target_constant_contact.results_tap.settings import ENV_PREFIX, PROPERTIES, TapSettings
from target_constant_contact.results_tap.streams import STREAMS
from target_constant_contact.sdk_lines import configured_level, show_metrics
from target_constant_contact.settings.faults import unknown_settings
from target_constant_contact.settings.sources import read_settings
from target_constant_contact.settings.texts import json_of, without_texts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

    import click
    from singer_sdk.helpers.capabilities import CapabilitiesEnum

    from target_constant_contact.results_tap.stream import ResultsStream

_NOISE: Final = frozenset(
    {"New replication value is null", "Skipping parse of env var settings..."}
)
"""What singer-sdk says that is no fault here: a run that is under way has no end."""


class TapConstantContactResults(Tap):
    """Singer tap of the results of target-constant-contact, for a warehouse."""

    name = "tap-constant-contact-results"
    package_name = "target-constant-contact"
    config_jsonschema: ClassVar[dict[str, Any]] = PROPERTIES.to_dict()
    capabilities: ClassVar[list[CapabilitiesEnum]] = [
        TapCapabilities.CATALOG,
        TapCapabilities.DISCOVER,
        TapCapabilities.STATE,
        PluginCapabilities.ABOUT,
        PluginCapabilities.FLATTENING,
        PluginCapabilities.STREAM_MAPS,
        PluginCapabilities.STRUCTURED_LOGGING,
    ]

    def __init__(self, **options: Any) -> None:
        redact_log()
        _leave_out_noise(self.logger)
        level = configured_level()
        super().__init__(**options)
        show_metrics(self.name, level)

    @classmethod
    def settings_schema(cls) -> dict[str, Any]:
        """JSON schema of all settings: this tap's, and those that singer-sdk adds."""
        cls.append_builtin_config(cls.config_jsonschema)
        return cls.config_jsonschema

    @classmethod
    @override
    def cb_config(cls, ctx: click.Context, param: click.Option, value: Sequence[str]) -> Any:
        """The settings, from the same kinds of places as those of the target."""
        given = read_settings(value, cls.settings_schema(), ENV_PREFIX)
        # What singer-sdk takes from here for each of its options.
        return SimpleNamespace(config=given, parse_env=False)

    @classmethod
    @override
    def invoke(  # type: ignore[override]
        cls,
        *,
        config: SimpleNamespace,
        about: bool = False,
        about_format: str | None = None,
        state: IO[str] | None = None,
        catalog: IO[str] | None = None,
    ) -> None:
        """Print what this tap is, or run it.

        Args:
            config: The settings.
            about: Whether to print it.
            about_format: ``json``, ``markdown`` or text.
            state: File with the state that the last run has written.
            catalog: File with the streams that are selected.

        Raises:
            TargetError: The settings or these files are wrong, or the store cannot be used.
        """
        if about:
            cls.print_about(about_format)
            return
        # None where whoever started the process has closed it.
        if sys.stdout is None:
            raise TargetError("There is no standard output: pipe it into a loader, or to a file")
        cls.print_version(print_fn=cls.logger.info)
        files = {"state": _read("--state", state), "catalog": _catalog(catalog)}
        tap = cls(config=config.config, **files)
        try:
            tap.sync_all()
        except BrokenPipeError as error:
            # Left alone, click ends the program without a word.
            raise TargetError(
                "The loader has ended and reads no more; its own lines say why. STATE covers only "
                "what it has taken; start both again"
            ) from error

    @cached_property
    def settings(self) -> TapSettings:
        """The settings, checked."""
        return TapSettings.parse(self.config, self.settings_schema())

    @override
    def discover_streams(self) -> list[ResultsStream]:
        """The streams that there are with these settings."""
        addresses = (RejectedAddresses,) if self.settings.include_addresses else ()
        return [kind(self, self.settings) for kind in (*STREAMS, *addresses)]

    @override
    def load_state(self, state: dict[str, Any]) -> None:
        """Take the state over.

        Raises:
            SettingsError: This tap has not written it.
        """
        bookmarks = state.get("bookmarks") or {}
        if not isinstance(bookmarks, dict):
            raise SettingsError([no_state()])
        for stream, bookmark in bookmarks.items():
            if not isinstance(bookmark, dict):
                raise SettingsError([no_state()])
            Bookmark.read(stream, bookmark)
        super().load_state({"bookmarks": bookmarks})

    @override
    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:
        """Write the state so far, and end with an error: 0 would say that all was told."""
        try:
            super()._handle_termination(signum, frame)
        finally:
            self.logger.error(
                "%s came before all was told. STATE covers what was; start it again",
                signal.Signals(signum).name,
                extra=fields(exit_code=TargetError.exit_code),
            )
            sys.exit(TargetError.exit_code)

    @override
    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        """Check the settings."""
        schema = self.settings_schema()
        given = self._config
        for line in unknown_settings(given, schema):
            self.logger.warning(line)
        # Not singer-sdk's own error, which its command line would tell in lines of its own.
        TapSettings.parse(given, schema)
        self._config = without_texts(given, schema)
        return []


def no_state() -> str:
    """The line about a state that is none."""
    return "--state: the file holds no state of this tap; correct it, or start without it"


def _read(option: str, file: IO[str] | None) -> Any:
    """What a JSON file holds; no line quotes it."""
    if file is None:
        return None
    try:
        found = json_of(file.read())
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise SettingsError(
            [f"{option}: the file holds no JSON object. Name the file that belongs there"]
        )
    return found


def _catalog(file: IO[str] | None) -> Catalog | None:
    """The streams that a file selects, each with its columns."""
    found = _read("--catalog", file)
    if found is None:
        return None
    try:
        catalog = Catalog.from_dict(found)
        if "streams" in found and all(entry.schema.properties for entry in catalog.streams):
            return catalog
    except (AttributeError, KeyError, TypeError, ValueError):
        pass
    raise SettingsError(
        ["--catalog: the file holds no catalog; write one with --discover, and select in that"]
    )


def _leave_out_noise(logger: logging.Logger) -> None:
    for each in (logger, logging.getLogger("singer_sdk")):
        each.addFilter(_is_worth_saying)


def _is_worth_saying(record: logging.LogRecord) -> bool:
    return record.msg not in _NOISE
