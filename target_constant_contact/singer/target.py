"""Settings in, sinks out, exit: the only file that knows ``singer_sdk.Target``."""

from __future__ import annotations

import sys
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk import Target
from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.helpers.capabilities import PluginCapabilities, TargetCapabilities
from typing_extensions import override

from target_constant_contact.exceptions import SettingsError, TargetError
from target_constant_contact.log_fields import set_run
from target_constant_contact.log_records import redact_log
from target_constant_contact.run.hooks import Hooks
from target_constant_contact.sdk_lines import configured_level, edit, show_metrics
from target_constant_contact.settings.faults import unknown_settings
from target_constant_contact.settings.schema import PROPERTIES
from target_constant_contact.settings.settings import Settings, defaults
from target_constant_contact.settings.sources import read_settings
from target_constant_contact.settings.texts import without_texts
from target_constant_contact.singer.encoding import readable_line
from target_constant_contact.singer.signals import Signals
from target_constant_contact.singer.state import StateOutput
from target_constant_contact.terminal.stderr import drop_when
from target_constant_contact.waiting import Waiting

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import IO

    import click
    from singer_sdk.helpers.capabilities import CapabilitiesEnum

    from target_constant_contact.run.run import Run
    from target_constant_contact.singer.sinks import SegmentSink
    from target_constant_contact.singer.streams import Streams


class TargetConstantContact(Target):
    """Turns segments into Constant Contact lists and accounts for every row."""

    name = "target-constant-contact"
    config_jsonschema: ClassVar[dict[str, Any]] = PROPERTIES.to_dict()

    capabilities: ClassVar[list[CapabilitiesEnum]] = [
        PluginCapabilities.ABOUT,
        PluginCapabilities.STREAM_MAPS,
        PluginCapabilities.FLATTENING,
        PluginCapabilities.STRUCTURED_LOGGING,
        TargetCapabilities.VALIDATE_RECORDS,
        PluginCapabilities.BATCH,
    ]

    def __init__(self, **options: Any) -> None:
        redact_log()
        set_run(None)
        self.logger.addFilter(edit)
        # singer-sdk has signals handled before its own constructor returns.
        self.signals = Signals(self._raise_failure)
        self._run: Run | None = None
        level = configured_level()
        super().__init__(**options)
        show_metrics(self.name, level)
        # As for the run: what reads and maps is not needed to print a version or the settings.
        from target_constant_contact.singer.handler import MessageHandler  # noqa: PLC0415
        from target_constant_contact.singer.messages import MessageReader  # noqa: PLC0415

        self.streams = self.open_streams()
        self.message_reader = MessageReader(MessageHandler(self, self.streams))

    @classmethod
    def settings_schema(cls) -> dict[str, Any]:
        """JSON schema of all settings: this target's, and those that singer-sdk adds."""
        cls.append_builtin_config(cls.config_jsonschema)
        return cls.config_jsonschema

    @classmethod
    @override
    def cb_config(cls, ctx: click.Context, param: click.Option, value: Sequence[str]) -> Any:
        """The settings files that were named; a run reads them when it begins."""
        return value

    @classmethod
    @override
    def invoke(  # type: ignore[override]
        cls,
        *,
        about: bool = False,
        about_format: str | None = None,
        config: Any = (),
        file_input: IO[str] | None = None,
    ) -> None:
        """Print what this target is, or run it.

        Args:
            about: Whether to print it.
            about_format: ``json``, ``markdown`` or text.
            config: Settings files.
            file_input: Where to read messages; None: stdin.

        Raises:
            SettingsError: The settings are wrong, or there is nothing to read.
            TargetError: There is no stdout.
        """
        if about:
            cls.print_about(about_format)
            return
        cls.print_version(print_fn=cls.logger.info)
        given = read_settings(config, cls.settings_schema())
        if given.variables:
            cls.logger.info("Settings from the environment: %s", ", ".join(given.variables))
        target = cls(config=given)
        _require_streams(file_input)
        target.listen(file_input)

    @cached_property
    def settings(self) -> Settings:
        """The settings, checked."""
        return Settings.parse(self.config, self.settings_schema())

    @property
    def run(self) -> Run:
        """This run, made when it is first asked for."""
        if self._run is None:
            waiting = Waiting(self.settings.import_timeout_minutes * 60, self.signals.check)
            output = StateOutput(self.signals.overdue)
            hooks = Hooks(waiting, self.signals.wake, output.write, readable_line)
            self._run = self.open_run(hooks)
        return self._run

    def open_streams(self) -> Streams:
        """Make what is known of the tap's streams; nothing yet."""
        from target_constant_contact.singer.streams import Streams  # noqa: PLC0415

        return Streams(self)

    def open_run(self, hooks: Hooks) -> Run:
        """Make the run and its folder, and connect to the account."""
        # Not needed to say which version this is, and half of what there is to load.
        from target_constant_contact.listeners.registry import listen_all  # noqa: PLC0415
        from target_constant_contact.run.opening import open_run  # noqa: PLC0415

        return open_run(self.settings, hooks, listen_all)

    def create_sink(
        self,
        *,
        stream_name: str,
        schema: dict[str, Any],
        key_properties: Sequence[str] | None = None,
    ) -> SegmentSink:
        """Make the sink of a stream; from 0.55 on, singer-sdk calls this too."""
        from target_constant_contact.singer.sinks import SegmentSink  # noqa: PLC0415

        return SegmentSink(self, stream_name, schema, key_properties, self.run)

    def begin(self) -> None:
        """Compare the settings with the account, once, before the first row."""
        self.run.withholding.learn()
        self.run.account.check()
        self.run.begin()

    @override
    def process_endofpipe(self) -> None:
        """Settle everything that was read, then report."""
        try:
            if not any(True for _ in self.streams):
                self.logger.warning("Nothing was read: no SCHEMA has come. Has the tap failed?")
            self.streams.close()
            self.run.finish()
        except BaseException as error:
            self.abort(error)
            raise
        self.close()

    def abort(self, error: BaseException) -> None:
        """Give up: count what can be counted, and report."""
        if self._run:
            self._run.abort(error)
        self.close()

    def close(self) -> None:
        """Close the connection to the account."""
        if self._run:
            self._run.account.close()

    @override
    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        """Check the settings: types, ranges, and whether they make sense together."""
        schema = self.settings_schema()
        given = self._config
        # As singer-sdk's own check does; its sinks read some settings from here.
        self._config = defaults(schema) | without_texts(given, schema)
        for line in unknown_settings(self.config, schema):
            self.logger.warning(line)
        try:
            Settings.parse(given, schema)
        except SettingsError as error:
            if raise_errors:
                raise ConfigValidationError(
                    "Config validation failed", errors=list(error.faults), schema=schema
                ) from None
            return list(error.faults)
        return []

    @override
    def _setup_signal_handlers(self) -> None:
        """Note signals, and obey them where no row is half handled."""
        self.signals.install()
        drop_when(self.signals.overdue, sys.stderr)

    def _raise_failure(self) -> None:
        if self._run:
            self._run.raise_failure()


def _require_streams(file_input: IO[str] | None) -> None:
    """Refuse a run that has nothing to read, or nowhere to write, before it has sent anything."""
    # None where whoever started the process has closed them.
    if file_input is None and sys.stdin is None:
        raise SettingsError(
            ["There is no standard input: pipe a tap's output into it, or give --input FILE"]
        )
    if file_input is None and sys.stdin.isatty():
        TargetConstantContact.logger.info(
            "Reading Singer messages from the terminal until Ctrl-D; usually they come from a tap "
            "through a pipe, or from a file with --input FILE"
        )
    if sys.stdout is None:
        raise TargetError(
            "There is no standard output, so that STATE has nowhere to go; nothing was sent. Start "
            "the run with stdout open, such as > state.jsonl"
        )
