"""What can be wrong with settings: one line for each fault, with the next step."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any, Final

from singer_sdk.typing import DEFAULT_JSONSCHEMA_VALIDATOR

from target_constant_contact.api.http.addresses import address_fault
from target_constant_contact.api.limits.redis import url_fault
from target_constant_contact.api.oauth.connection import name_fault
from target_constant_contact.contacts.contact import property_faults

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from target_constant_contact.settings.streams import StreamSettings

MAX_LISTS: Final = 50
"""Lists in one import, and lists of one contact. Source: bulk import guide."""
_LONGEST_QUOTE: Final = 40


def unknown_settings(config: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[str]:
    """One line for each setting that does not exist, with close matches."""
    known = list(schema["properties"])
    for name in config:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=2)
            hint = f"; did you mean {' or '.join(close)}?" if close else ""
            yield f"Setting {name!r} does not exist and is ignored{hint}"


def schema_faults(
    config: Mapping[str, Any], schema: Mapping[str, Any]
) -> tuple[list[str], set[str]]:
    """Faults of type and range, and the names of the settings that have them.

    A value is shown only where no secret can be: see :func:`_fault`.
    """
    faults, broken = [], set()
    for error in DEFAULT_JSONSCHEMA_VALIDATOR(schema).iter_errors(config):
        # The whole path: which entry of `segments` it is, only its number tells.
        path = [str(part) for part in error.absolute_path]
        name = path[0] if path else ""
        broken.add(name)
        declared = schema["properties"].get(name, {})
        faults.append(f"{'.'.join(path) or 'settings'}: {_fault(error, declared)}")
    return faults, broken


def _fault(error: Any, declared: Mapping[str, Any]) -> str:
    """What is wrong with a value.

    The library's own words quote the value. They are used where it is one of a few words or a
    number should be, and where they are about names: a secret can stand in any other place, at any
    depth.
    """
    closed = _is_harmless(declared) or "items" in declared
    about_names = error.validator in {"additionalProperties", "required"}
    if closed and (about_names or (_is_harmless(error.schema) and _is_scalar(error.instance))):
        return str(error.message)
    if error.validator == "type":
        return f"has the wrong type; it takes {_types(error.schema)}"
    return "is not what this setting takes"


def _is_harmless(declared: Any) -> bool:
    """Whether a setting takes a number, yes or no, or one of a few words."""
    return "enum" in declared or _types_of(declared) <= {"boolean", "integer", "number"}


def _is_scalar(value: object) -> bool:
    return isinstance(value, (str, int, float)) and len(str(value)) <= _LONGEST_QUOTE


def _types(declared: Any) -> str:
    return " or ".join(sorted(_types_of(declared)))


def _types_of(declared: Any) -> set[str]:
    types = declared.get("type", "anything else")
    return {types} if isinstance(types, str) else {*types} - {"null"}


def value_faults(values: Mapping[str, Any]) -> Iterator[str]:
    """Faults that matter whatever the settings are for."""
    yield from _credential_faults(values)
    yield from _mapping_faults(values)
    yield from filter(None, (address_fault(name, values[name]) for name in ("api_url", "auth_url")))
    if (url := values.get("rate_limit_url")) and (fault := url_fault(url)):
        yield fault


def permission_faults(values: Mapping[str, Any]) -> Iterator[str]:
    """What stands between this configuration and sending personal data."""
    if not (values["sandbox"] or values["accept_data_transfer"] or values["dry_run"]):
        yield (
            "accept_data_transfer is not true: personal data would leave for Constant Contact. "
            "Set accept_data_transfer: true if you agree to that and have these people's "
            "permission to mail them"
        )


def list_faults(
    default: StreamSettings, segments: Sequence[StreamSettings], broken: Collection[str]
) -> Iterator[str]:
    """Streams whose members would go nowhere, or to too many lists.

    Args:
        default: For streams that no entry of ``segments`` matches.
        segments: The entries of ``segments``.
        broken: Settings that have another fault; theirs are not known.
    """
    if not {"lists", "lists_field", "segments"}.isdisjoint(broken):
        return
    if not segments and not default.has_lists:
        yield "lists is missing: set lists or lists_field, or both per stream in segments"
    for index, segment in enumerate(segments):
        if not segment.has_lists:
            yield f"segments.{index} (stream {segment.stream!r}): lists is missing"
    for name, segment in [
        ("lists", default),
        *((f"segments.{i}.lists", s) for i, s in enumerate(segments)),
    ]:
        if len(segment.lists) > MAX_LISTS:
            yield f"{name}: {len(segment.lists)} lists; a contact can be on {MAX_LISTS}"


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


def _mapping_faults(values: Mapping[str, Any]) -> Iterator[str]:
    mappings = {"field_mapping": values.get("field_mapping")}
    for index, entry in enumerate(values.get("segments") or ()):
        mappings[f"segments.{index}.field_mapping"] = entry.get("field_mapping")
    for name, mapping in mappings.items():
        if mapping:
            for fault in property_faults(mapping, import_format=values["import_format"]):
                yield f"{name}: {fault}"
