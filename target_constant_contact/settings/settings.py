"""The settings as frozen values.

All faults are reported together, before anything is sent.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from target_constant_contact.api.oauth.credentials import Credentials
from target_constant_contact.batches.batch import BatchLimits
from target_constant_contact.contacts.contact import did_you_mean
from target_constant_contact.exceptions import SettingsError
from target_constant_contact.redaction import trust
from target_constant_contact.settings.alert_urls import apprise_faults
from target_constant_contact.settings.alerts import AlertSettings
from target_constant_contact.settings.faults import (
    flattening_faults,
    list_faults,
    misspelt,
    permission_faults,
    place_of,
    schema_faults,
    value_faults,
)
from target_constant_contact.settings.secrets import learn_secrets, open_settings
from target_constant_contact.settings.sources import Given
from target_constant_contact.settings.streams import StreamSettings, within_entry
from target_constant_contact.settings.texts import without_texts
from target_constant_contact.store.place import StorePlace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from target_constant_contact.batches.batch import ImportFormat
    from target_constant_contact.data_folder import DataFolder


# As many attributes as there are settings that a run reads.
@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of a run, checked.

    Attributes that are not described here are settings of the same name.

    Attributes:
        credentials: The connection and the application.
        default: For streams that no entry of ``segments`` matches; None when every stream has to
            match one.
        segments: Overrides, in the order of the settings.
        limits: ``batch_size_rows`` and ``batch_size_bytes``.
        alerts: Those that begin with ``alert_``.
        given: Settings that were given, are no secret and can hold none, for reports.
    """

    access_token: str | None = field(repr=False)
    credentials: Credentials
    account: str | None
    default: StreamSettings | None
    segments: tuple[StreamSettings, ...]
    create_lists: bool
    max_new_lists: int
    on_too_long: Literal["reject", "truncate"]
    on_bad_value: Literal["reject", "drop"]
    max_rejected_percent: float
    max_profiles_per_export: int
    max_active_contacts: int | None
    max_new_contacts: int | None
    suppression_file: Path | None
    verify: Literal["never", "on_errors", "always"]
    import_format: ImportFormat
    import_timeout_minutes: float
    limits: BatchLimits
    max_activities_in_flight: int
    requests_per_second: int
    requests_per_day: int
    store: StorePlace
    keep_runs_days: int
    alerts: AlertSettings
    dry_run: bool
    sandbox: bool
    api_url: str
    given: Mapping[str, Any]

    @classmethod
    def parse(
        cls, config: Mapping[str, Any], schema: Mapping[str, Any], *, for_export: bool = True
    ) -> Settings:
        """Check the configuration and return its values.

        Args:
            config: The settings as they were given.
            schema: JSON schema of the settings, with those that singer-sdk adds.
            for_export: Whether members are going to be sent: then there has to be a list, and
                the agreement to the transfer.

        Raises:
            SettingsError: With one line for each fault that there is.
        """
        given = without_texts(config, schema)
        # First, so that no fault shows one.
        learn_secrets(given, schema)
        faults, broken = schema_faults(given, schema, _variables(config))
        # A setting that is wrong counts as not set, so that the others are looked at too.
        usable = {name: value for name, value in given.items() if name not in broken}
        values = defaults(schema) | usable
        default = StreamSettings.from_values(values)
        segments = [
            StreamSettings.from_values(entry, default, place_of(index, entry))
            for index, entry in enumerate(values.get("segments") or ())
        ]
        faults += [*misspelt(given, schema), *value_faults(values)]
        if for_export:
            faults += apprise_faults(values.get("alert_urls") or ())
            faults += permission_faults(values, broken)
            faults += flattening_faults(values)
            faults += list_faults(default, segments, broken)
        if faults:
            raise SettingsError(faults)
        return cls._of(
            values,
            default if default.has_lists else None,
            tuple(segments),
            open_settings(given, schema),
        )

    @classmethod
    def _of(
        cls,
        values: Mapping[str, Any],
        default: StreamSettings | None,
        segments: tuple[StreamSettings, ...],
        given: Mapping[str, Any],
    ) -> Settings:
        """The settings of values that have no fault."""
        return cls(
            access_token=values.get("access_token") or None,
            credentials=_credentials(values),
            account=(values.get("account") or "").strip() or None,
            default=default,
            segments=segments,
            given=given,
            limits=BatchLimits(values["batch_size_rows"], values["batch_size_bytes"]),
            store=StorePlace.of_settings(values),
            alerts=AlertSettings.of(values),
            max_rejected_percent=float(values["max_rejected_percent"]),
            import_timeout_minutes=float(values["import_timeout_minutes"]),
            api_url=values["api_url"].rstrip("/"),
            max_active_contacts=values.get("max_active_contacts"),
            max_new_contacts=values.get("max_new_contacts"),
            suppression_file=_path(values.get("suppression_file")),
            **{name: values[name] for name in _AS_THEY_ARE},
        )

    @property
    def data_dir(self) -> DataFolder:
        """The folder of everything that outlives a run on this machine."""
        return self.store.folder

    @property
    def all_streams(self) -> tuple[StreamSettings, ...]:
        """All that a stream can be sent by: the entries of ``segments``, then the default."""
        return (*self.segments, self.default) if self.default else self.segments

    def entry_for(self, stream: str) -> int | None:
        """Position of the first entry of ``segments`` that matches a stream; None for none."""
        matching = (n for n, each in enumerate(self.segments) if fnmatchcase(stream, each.stream))
        return next(matching, None)

    def for_stream(self, stream: str) -> StreamSettings:
        """The first entry of ``segments`` that matches a stream, or the default.

        Raises:
            SettingsError: No list is set for the stream.
        """
        if (entry := self.entry_for(stream)) is not None:
            return self.segments[entry]
        if self.default is None:
            fault = (
                f"stream {stream!r} has no list: no entry of segments matches it and lists is "
                f"not set. Set either, or drop the stream with stream_maps: {{{stream!r}: null}}"
                f"{did_you_mean(stream, [each.stream for each in self.segments])}"
            )
            raise SettingsError([fault])
        return self.default


_AS_THEY_ARE: Final = (
    "create_lists",
    "max_new_lists",
    "on_too_long",
    "on_bad_value",
    "max_profiles_per_export",
    "verify",
    "import_format",
    "max_activities_in_flight",
    "requests_per_second",
    "requests_per_day",
    "keep_runs_days",
    "dry_run",
    "sandbox",
)


@contextmanager
def named_in_faults(place: str) -> Iterator[None]:
    """Have faults of the settings say which entry of ``segments`` they are about.

    Args:
        place: The entry, or nothing.
    """
    try:
        yield
    except SettingsError as error:
        if not place or type(error) is not SettingsError:
            raise
        raise SettingsError(within_entry(place, fault) for fault in error.faults) from None


def _variables(config: Mapping[str, Any]) -> Mapping[str, str]:
    """The settings that came from variables of the environment, with these, if that is known."""
    return config.variables if isinstance(config, Given) else {}


def defaults(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that have a default, with it."""
    return {
        name: declared["default"]
        for name, declared in schema["properties"].items()
        if "default" in declared
    }


def _path(value: str | None) -> Path | None:
    if not value:
        return None
    path = Path(value).expanduser()
    # What looks like an address in the name of a file is shown.
    trust(str(path))
    return path


def _credentials(values: Mapping[str, Any]) -> Credentials:
    secrets = ("client_id", "client_secret", "refresh_token")
    return Credentials(
        connection=values["connection"],
        auth_url=values["auth_url"].rstrip("/"),
        **{name: (values.get(name) or "").strip() or None for name in secrets},
    )
