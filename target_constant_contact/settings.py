"""The settings, declared once, and the frozen values that they are parsed into.

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
from singer_sdk import typing as th
from singer_sdk.typing import DEFAULT_JSONSCHEMA_VALIDATOR

from target_constant_contact.batch import MAX_BODY_BYTES, MAX_ROWS, BatchLimits, ImportFormat
from target_constant_contact.contact import property_faults
from target_constant_contact.exceptions import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

API_URL: Final = "https://api.cc.email/v3"
MAX_LISTS: Final = 50
"""Lists in one import, and lists of one contact. Source: bulk import guide."""

_LISTS_TYPE = th.CustomType({"type": ["string", "array", "null"], "items": {"type": "string"}})
_MAPPING_TYPE = th.ObjectType(additional_properties=th.StringType)

PROPERTIES: Final = th.PropertiesList(
    th.Property(
        "access_token",
        th.StringType,
        secret=True,
        title="Access token",
        description="OAuth 2.0 access token with the scope `contact_data`, managed elsewhere. "
        "It is used as it is and not refreshed.",
    ),
    th.Property(
        "accept_data_transfer",
        th.BooleanType,
        default=False,
        title="I agree to the data transfer",
        description="Must be `true`: personal data leaves for Constant Contact, and you have "
        "these people's permission to mail them. Without it nothing is sent. "
        "The sandbox does not need it, because nothing leaves the machine.",
    ),
    th.Property(
        "lists",
        _LISTS_TYPE,
        title="Lists",
        description="Where members go, one list or several: list id, list name, or the list's "
        "URL pasted from the browser. A text with commas is several lists.",
    ),
    th.Property(
        "lists_field",
        th.StringType,
        title="Lists field",
        description="Record field that holds the list or lists of that record (a list, or a "
        "text with commas). It wins over `lists`, which serves records where it is blank.",
    ),
    th.Property(
        "create_lists",
        th.BooleanType,
        default=False,
        title="Create lists",
        description="Create a named list that does not exist. Otherwise an unknown list is an "
        "error that names close matches.",
    ),
    th.Property(
        "field_mapping",
        _MAPPING_TYPE,
        title="Field mapping",
        description="Contact property to record field, such as `email: EmailAddress`, "
        "`cf:loyalty_tier: tier`, nested `city: address.city`; `birthday: date_of_birth` fills "
        "month and day. Without it, fields are matched by well-known names, and the log says "
        "how.",
    ),
    th.Property(
        "segments",
        th.ArrayType(
            th.ObjectType(
                th.Property("stream", th.StringType, required=True),
                th.Property("lists", _LISTS_TYPE),
                th.Property("lists_field", th.StringType),
                th.Property("field_mapping", _MAPPING_TYPE),
                th.Property("load_method", th.StringType, allowed_values=["upsert"]),
                additional_properties=False,
            )
        ),
        title="Segments",
        description="Overrides of `lists`, `lists_field`, `field_mapping` and `load_method` for "
        "the streams that match the name or glob `stream`. The first match wins.",
    ),
    th.Property(
        "load_method",
        th.StringType,
        default="upsert",
        allowed_values=["upsert"],
        title="Load method",
        description="`upsert` adds members and updates their properties. Nobody is taken off "
        "a list.",
    ),
    th.Property(
        "on_too_long",
        th.StringType,
        default="reject",
        allowed_values=["reject", "truncate"],
        title="On too long",
        description="What happens to a text beyond the service's limit: `reject` the row, or "
        "`truncate` the text. E-mail addresses and phone numbers for SMS are never truncated.",
    ),
    th.Property(
        "max_rejected_percent",
        th.NumberType(minimum=0, maximum=100),
        default=10,
        title="Max rejected percent",
        description="The run fails when more of a stream's rows are rejected or refused.",
    ),
    th.Property(
        "max_profiles_per_export",
        th.IntegerType(minimum=1),
        default=1_000_000,
        title="Max profiles per export",
        description="Contacts that one run may send; more is refused before it is sent.",
    ),
    th.Property(
        "import_format",
        th.StringType,
        default="json",
        allowed_values=["json", "csv"],
        title="Import format",
        description="`json` carries every property; `csv` is denser, without home, work and "
        "other addresses and phones.",
    ),
    th.Property(
        "import_timeout_minutes",
        th.NumberType(exclusive_minimum=0),
        default=60,
        title="Import time-out",
        description="Minutes that one import activity may take, counted from its submission.",
    ),
    th.Property(
        "batch_size_rows",
        th.IntegerType(minimum=1, maximum=MAX_ROWS),
        default=MAX_ROWS,
        title="Batch size in rows",
        description="Contacts in one import, at most 40,000 (a CSV's header counts as one).",
    ),
    th.Property(
        "batch_size_bytes",
        th.IntegerType(minimum=10_000, maximum=MAX_BODY_BYTES),
        default=BatchLimits().size,
        title="Batch size in bytes",
        description="Bytes of one encoded import, at most 4,000,000: beyond 4 MB the service "
        "drops rows without a word.",
    ),
    th.Property(
        "max_activities_in_flight",
        th.IntegerType(minimum=1, maximum=1_000),
        default=8,
        title="Max activities in flight",
        description="Import activities that may be unfinished at a time.",
    ),
    th.Property(
        "requests_per_second",
        th.IntegerType(minimum=1),
        default=4,
        title="Requests per second",
        description="Rate that the API key allows, over all runs on this machine that share "
        "`data_dir`.",
    ),
    th.Property(
        "requests_per_day",
        th.IntegerType(minimum=1),
        default=10_000,
        title="Requests per day",
        description="Requests that the API key allows in a day (UTC), over all runs on this "
        "machine that share `data_dir`.",
    ),
    th.Property(
        "data_dir",
        th.StringType,
        title="Data folder",
        description="Folder for reports, rejected rows, request counts and the sandbox's "
        "account. Made with mode 0700. Default: the platform's folder for user data.",
    ),
    th.Property(
        "dry_run",
        th.BooleanType,
        default=False,
        title="Dry run",
        description="Do everything but the sending; no STATE is written and no list created.",
    ),
    th.Property(
        "sandbox",
        th.BooleanType,
        default=False,
        title="Sandbox",
        description="Send to an account on this machine (extra `sandbox`). It needs no "
        "credentials, and nothing leaves the machine.",
    ),
    th.Property(
        "api_url",
        th.StringType,
        default=API_URL,
        title="API URL",
        description="Another address of the API, for tests and proxies.",
    ),
    th.Property(
        "validate_records",
        th.BooleanType,
        default=False,
        title="Validate records",
        description="Check every record against the stream's whole JSON schema; one that breaks "
        "it is a rejected row. Mapped fields are always checked.",
    ),
)


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
        default: The segment of streams that no entry of ``segments`` matches; None when every
            stream has to match one.
        segments: Overrides, in the order of the settings.
        limits: ``batch_size_rows`` and ``batch_size_bytes``.
    """

    access_token: str | None = field(repr=False)
    default: Segment | None
    segments: tuple[Segment, ...]
    create_lists: bool
    on_too_long: Literal["reject", "truncate"]
    max_rejected_percent: float
    max_profiles_per_export: int
    import_format: ImportFormat
    import_timeout_minutes: float
    limits: BatchLimits
    max_activities_in_flight: int
    requests_per_second: int
    requests_per_day: int
    data_dir: Path
    dry_run: bool
    sandbox: bool
    api_url: str

    @classmethod
    def parse(cls, config: Mapping[str, Any], schema: Mapping[str, Any]) -> Settings:
        """Check the configuration and return its values.

        Args:
            config: The configuration as Singer passes it.
            schema: JSON schema of the settings, with those that singer-sdk adds.

        Raises:
            SettingsError: With one line for each fault that there is.
        """
        given = dict(_given(config, schema))
        faults, broken = _schema_faults(given, schema)
        usable = {name: value for name, value in given.items() if name not in broken}
        values = defaults(schema) | usable
        faults += _permission_faults(values, broken)
        default = _segment(values)
        segments = [_segment(entry, default) for entry in values.get("segments") or ()]
        faults += _mapping_faults(values)
        faults += _list_faults(default, segments, broken)
        if faults:
            raise SettingsError(faults)
        return cls(
            access_token=values.get("access_token"),
            default=default if default.lists or default.lists_field else None,
            segments=tuple(segments),
            limits=BatchLimits(values["batch_size_rows"], values["batch_size_bytes"]),
            data_dir=data_dir(values.get("data_dir")),
            max_rejected_percent=float(values["max_rejected_percent"]),
            import_timeout_minutes=float(values["import_timeout_minutes"]),
            api_url=values["api_url"].rstrip("/"),
            **{name: values[name] for name in _AS_THEY_ARE},
        )

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


def _permission_faults(values: Mapping[str, Any], broken: set[str]) -> Iterator[str]:
    """What stands between this configuration and a request to the service."""
    if values["sandbox"]:
        return
    if not values["accept_data_transfer"] and not values["dry_run"]:
        yield (
            "accept_data_transfer is not true: personal data would leave for Constant Contact. "
            "Set accept_data_transfer: true if you agree to that and have these people's "
            "permission to mail them"
        )
    if not values.get("access_token") and "access_token" not in broken:
        yield "access_token is missing: set it, or set sandbox: true to try without an account"


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


def data_dir(value: str | None) -> Path:
    """The folder that a setting ``data_dir`` means."""
    if value:
        return Path(value).expanduser()
    return platformdirs.user_data_path("target-constant-contact", appauthor=False)
