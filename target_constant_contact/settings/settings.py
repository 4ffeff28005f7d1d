"""The settings as frozen values.

All faults are reported together, before anything is sent.
"""

from __future__ import annotations

import contextlib
import difflib
import math
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import platformdirs
from singer_sdk.typing import DEFAULT_JSONSCHEMA_VALIDATOR

from target_constant_contact.api.limits.redis import url_fault
from target_constant_contact.api.oauth.connection import name_fault
from target_constant_contact.api.oauth.credentials import Credentials
from target_constant_contact.batches.batch import BatchLimits
from target_constant_contact.contacts.contact import property_faults
from target_constant_contact.exceptions import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from target_constant_contact.batches.batch import ImportFormat

MAX_LISTS: Final = 50
"""Lists in one import, and lists of one contact. Source: bulk import guide."""


@dataclass(frozen=True, slots=True)
class Segment:
    """What is done with the members of one segment.

    Attributes:
        stream: Name or glob of the streams that it is for.
        lists: Lists as they were written: ids, names or URLs.
        lists_field: Record field with the lists of that record, or None.
        field_mapping: Contact property to record field; None to match well-known names.
    """

    stream: str = "*"
    lists: tuple[str, ...] = ()
    lists_field: str | None = None
    field_mapping: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of a run, checked.

    Attributes that are not described here are settings of the same name.

    Attributes:
        credentials: The connection and the application.
        default: The segment of streams that no entry of ``segments`` matches; None when every
            stream has to match one.
        segments: Overrides, in the order of the settings.
        limits: ``batch_size_rows`` and ``batch_size_bytes``.
    """

    access_token: str | None = field(repr=False)
    credentials: Credentials
    account: str | None
    default: Segment | None
    segments: tuple[Segment, ...]
    create_lists: bool
    on_too_long: Literal["reject", "truncate"]
    max_rejected_percent: float
    max_profiles_per_export: int
    max_active_contacts: int | None
    max_new_contacts: int | None
    verify: Literal["never", "on_errors", "always"]
    import_format: ImportFormat
    import_timeout_minutes: float
    limits: BatchLimits
    max_activities_in_flight: int
    requests_per_second: int
    requests_per_day: int
    rate_limit_url: str | None = field(repr=False)
    data_dir: Path
    dry_run: bool
    sandbox: bool
    api_url: str

    @classmethod
    def parse(
        cls, config: Mapping[str, Any], schema: Mapping[str, Any], *, for_export: bool = True
    ) -> Settings:
        """Check the configuration and return its values.

        Args:
            config: The configuration as Singer passes it.
            schema: JSON schema of the settings, with those that singer-sdk adds.
            for_export: Whether members are going to be sent: then there has to be a list, and
                the agreement to the transfer.

        Raises:
            SettingsError: With one line for each fault that there is.
        """
        given = dict(_given(config, schema))
        faults, broken = _schema_faults(given, schema)
        usable = {name: value for name, value in given.items() if name not in broken}
        values = defaults(schema) | usable
        faults += _credential_faults(values)
        default = _segment(values)
        segments = [_segment(entry, default) for entry in values.get("segments") or ()]
        faults += _mapping_faults(values)
        faults += _rate_limit_faults(values)
        if for_export:
            faults += _permission_faults(values)
            faults += _list_faults(default, segments, broken)
        if faults:
            raise SettingsError(faults)
        return cls(
            access_token=values.get("access_token") or None,
            credentials=_credentials(values),
            account=(values.get("account") or "").strip() or None,
            default=default if default.lists or default.lists_field else None,
            segments=tuple(segments),
            limits=BatchLimits(values["batch_size_rows"], values["batch_size_bytes"]),
            data_dir=data_dir(values.get("data_dir")),
            max_rejected_percent=float(values["max_rejected_percent"]),
            import_timeout_minutes=float(values["import_timeout_minutes"]),
            api_url=values["api_url"].rstrip("/"),
            rate_limit_url=values.get("rate_limit_url") or None,
            max_active_contacts=values.get("max_active_contacts"),
            max_new_contacts=values.get("max_new_contacts"),
            **{name: values[name] for name in _AS_THEY_ARE},
        )

    @property
    def all_segments(self) -> tuple[Segment, ...]:
        """Every segment that a stream can belong to, the default last."""
        return (*self.segments, self.default) if self.default else self.segments

    def segment_for(self, stream: str) -> Segment:
        """The first segment that matches a stream, or the default.

        Raises:
            SettingsError: No list is set for the stream.
        """
        for segment in self.segments:
            if fnmatchcase(stream, segment.stream):
                return segment
        if self.default is None:
            fault = (
                f"stream {stream!r} has no list: no entry of segments matches it and lists is "
                f"not set. Set either, or drop the stream with stream_maps: {{{stream!r}: null}}"
            )
            raise SettingsError([fault])
        return self.default


_AS_THEY_ARE: Final = (
    "create_lists",
    "on_too_long",
    "max_profiles_per_export",
    "verify",
    "import_format",
    "max_activities_in_flight",
    "requests_per_second",
    "requests_per_day",
    "dry_run",
    "sandbox",
)


def unknown_settings(config: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[str]:
    """One line for each setting that does not exist, with close matches."""
    known = list(schema["properties"])
    for name in config:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=2)
            hint = f"; did you mean {' or '.join(close)}?" if close else ""
            yield f"Setting {name!r} does not exist and is ignored{hint}"


def split_lists(value: object) -> tuple[str, ...]:
    """Read one or several lists: a text, a text with commas, or a list of texts."""
    entries = value if isinstance(value, (list, tuple)) else [value]
    texts = [str(entry).strip() for entry in entries if entry is not None]
    return tuple(dict.fromkeys(text for text in texts if text))


def _segment(values: Mapping[str, Any], default: Segment | None = None) -> Segment:
    default = default or Segment()
    lists = split_lists(values.get("lists"))
    lists_field = values.get("lists_field") or None
    own_lists = bool(lists or lists_field)
    return Segment(
        stream=values.get("stream", "*"),
        lists=lists if own_lists else default.lists,
        lists_field=lists_field if own_lists else default.lists_field,
        field_mapping=values.get("field_mapping") or default.field_mapping,
    )


def _given(config: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The settings that have a value; null is the same as not set.

    singer-sdk leaves a number that comes from an environment variable as text.
    """
    for name, value in config.items():
        types = schema["properties"].get(name, {}).get("type", ())
        if isinstance(value, str) and "number" in types:
            with contextlib.suppress(ValueError):
                number = float(value)
                yield name, number if math.isfinite(number) else value
                continue
        if value is not None:
            yield name, value


def _schema_faults(
    config: Mapping[str, Any], schema: Mapping[str, Any]
) -> tuple[list[str], set[str]]:
    """Faults of type and range, and the names of the settings that have them.

    The value is shown unless the setting is a secret.
    """
    faults, broken = [], set()
    for error in DEFAULT_JSONSCHEMA_VALIDATOR(schema).iter_errors(config):
        path = [str(part) for part in error.absolute_path]
        name = path[0] if path else ""
        broken.add(name)
        secret = schema["properties"].get(name, {}).get("secret", False)
        message = "has the wrong type" if secret else error.message
        faults.append(f"{'.'.join(path) or 'settings'}: {message}")
    return faults, broken


def defaults(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that have a default, with it."""
    return {
        name: declared["default"]
        for name, declared in schema["properties"].items()
        if "default" in declared
    }


def _permission_faults(values: Mapping[str, Any]) -> Iterator[str]:
    """What stands between this configuration and sending personal data."""
    if not (values["sandbox"] or values["accept_data_transfer"] or values["dry_run"]):
        yield (
            "accept_data_transfer is not true: personal data would leave for Constant Contact. "
            "Set accept_data_transfer: true if you agree to that and have these people's "
            "permission to mail them"
        )


def _rate_limit_faults(values: Mapping[str, Any]) -> Iterator[str]:
    if (url := values.get("rate_limit_url")) and (fault := url_fault(url)):
        yield fault


def _credential_faults(values: Mapping[str, Any]) -> Iterator[str]:
    if fault := name_fault(values["connection"]):
        yield fault
    if values["sandbox"] or not values.get("refresh_token"):
        return
    if not values.get("client_id"):
        yield (
            "refresh_token is set without client_id: a refresh token belongs to one application. "
            "Set client_id, and client_secret if the application has one"
        )
    if values.get("access_token"):
        yield (
            "access_token and refresh_token are both set: keep refresh_token if tokens are to "
            "be renewed, or access_token to bring them yourself"
        )


def _credentials(values: Mapping[str, Any]) -> Credentials:
    secrets = ("client_id", "client_secret", "refresh_token")
    return Credentials(
        connection=values["connection"],
        auth_url=values["auth_url"].rstrip("/"),
        **{name: (values.get(name) or "").strip() or None for name in secrets},
    )


def _mapping_faults(values: Mapping[str, Any]) -> Iterator[str]:
    mappings = {"field_mapping": values.get("field_mapping")}
    for index, entry in enumerate(values.get("segments") or ()):
        mappings[f"segments.{index}.field_mapping"] = entry.get("field_mapping")
    for name, mapping in mappings.items():
        if mapping:
            for fault in property_faults(mapping, import_format=values["import_format"]):
                yield f"{name}: {fault}"


def _list_faults(default: Segment, segments: list[Segment], broken: set[str]) -> Iterator[str]:
    if broken & {"lists", "lists_field", "segments"}:
        return
    if not segments and not default.lists and not default.lists_field:
        yield "lists is missing: set lists or lists_field, or both per stream in segments"
    for index, segment in enumerate(segments):
        if not segment.lists and not segment.lists_field:
            yield f"segments.{index} (stream {segment.stream!r}): lists is missing"
    for name, segment in [
        ("lists", default),
        *((f"segments.{i}.lists", s) for i, s in enumerate(segments)),
    ]:
        if len(segment.lists) > MAX_LISTS:
            yield f"{name}: {len(segment.lists)} lists; a contact can be on {MAX_LISTS}"


def data_dir(value: object) -> Path:
    """The folder that a setting ``data_dir`` means.

    Raises:
        SettingsError: It is no text.
    """
    if value:
        if not isinstance(value, str):
            raise SettingsError([f"data_dir: {value!r} is not of type 'string'"])
        return Path(value).expanduser()
    return platformdirs.user_data_path("target-constant-contact", appauthor=False)
