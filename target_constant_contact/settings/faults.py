"""What can be wrong with settings: one line for each fault, with the next step."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any, Final

from singer_sdk.typing import DEFAULT_JSONSCHEMA_VALIDATOR

from target_constant_contact.api.http.addresses import address_fault
from target_constant_contact.api.oauth.connection import name_fault
from target_constant_contact.settings.alert_urls import alert_faults
from target_constant_contact.settings.following import days_fault
from target_constant_contact.settings.streams import within_entry
from target_constant_contact.settings.texts import types_of
from target_constant_contact.store.address import key_fault, no_key, schema_fault, url_fault

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from target_constant_contact.settings.streams import StreamSettings

MAX_LISTS: Final = 50
"""Lists in one import, and lists of one contact. Source: bulk import guide."""
_LONGEST_QUOTE: Final = 40
_A_SLIP: Final = 0.85
_DASHES: Final = str.maketrans("", "", "_- ")
_WORDS: Final = {
    "boolean": "neither true nor false",
    "integer": "no whole number",
    "number": "no number",
}
_GONE: Final = {
    "rate_limit_url": "set store_url, and a PostgreSQL database keeps the limits for all machines",
}
_JSON: Final = {"object": '{"name": "value"}', "array": "[...]"}


def unknown_settings(config: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[str]:
    """One line for each setting that does not exist, and is neither gone nor :func:`misspelt`."""
    known = list(schema["properties"])
    for name in config:
        if name not in known and name not in _GONE and not _meant(name, known):
            yield f"Setting {name!r} does not exist and is ignored{_similar(name, known)}"


def misspelt(config: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[str]:
    """One line for each setting that is gone, or nearly has the name of one that exists.

    Others may come from Meltano or a shared file. One that was to hold a run back must not be
    ignored.
    """
    known = list(schema["properties"])
    for name in config:
        if name in _GONE:
            yield f"Setting {name!r} does not exist any more; {_GONE[name]}"
        elif name not in known and (meant := _meant(name, known)):
            yield f"Setting {name!r} does not exist; did you mean {meant}?"


def place_of(index: int, entry: Any) -> str:
    """An entry of ``segments``, as every fault calls it: its number, and its streams."""
    stream = entry.get("stream") if isinstance(entry, dict) else None
    return f"segments.{index}{f' (stream {stream!r})' if isinstance(stream, str) else ''}"


def schema_faults(
    config: Mapping[str, Any], schema: Mapping[str, Any], variables: Mapping[str, str]
) -> tuple[list[str], set[str]]:
    """Faults of type and range, and the names of the settings that have them.

    A value is shown only where no secret can be: see :func:`_fault`.

    Args:
        config: The settings, with texts read.
        schema: JSON schema of the settings.
        variables: Settings that came from the environment, with their variable.
    """
    faults, broken = [], set()
    for error in DEFAULT_JSONSCHEMA_VALIDATOR(schema).iter_errors(config):
        path = list(error.absolute_path)
        name = str(path[0]) if path else ""
        broken.add(name)
        declared = schema["properties"].get(name, {})
        source = f" (from {variables[name]})" if name in variables else ""
        faults.append(f"{_place(path, config)}{source}: {_fault(error, declared)}")
    return faults, broken


def _place(path: Sequence[str | int], config: Mapping[str, Any]) -> str:
    match path:
        case ["segments", int(index), *inner]:
            place = place_of(index, config["segments"][index])
            return within_entry(place, ".".join(map(str, inner))) if inner else place
    return ".".join(map(str, path)) or "settings"


def _fault(error: Any, declared: Mapping[str, Any]) -> str:
    """What is wrong with a value.

    The library's own words quote the value. They are used where it is one of a few words or a
    number should be, and where they are about names: a secret can stand in any other place, at any
    depth.
    """
    closed = _is_harmless(declared) or "items" in declared
    if closed and error.validator == "additionalProperties":
        return _unknown_members(error)
    harmless = closed and _is_harmless(error.schema) and _is_scalar(error.instance)
    if error.validator == "type":
        return _wrong_type(error, types_of(error.schema), shown=harmless)
    if harmless or (closed and error.validator == "required"):
        return str(error.message)
    return "is not what this setting takes"


def _unknown_members(error: Any) -> str:
    known = list(error.schema["properties"])
    taken = f" (what does: {', '.join(known)})"
    names = [name for name in error.instance if name not in known]
    return "; ".join(
        f"{name!r} does not exist here{_similar(name, known) or taken}" for name in names
    )


def _wrong_type(error: Any, types: AbstractSet[str], *, shown: bool) -> str:
    if shown and types <= _WORDS.keys():
        return f"{error.instance!r} is {' and '.join(_WORDS[name] for name in sorted(types))}"
    if isinstance(error.instance, str) and (kind := next(iter(types & _JSON.keys()), None)):
        return (
            f"is a text that is no JSON {kind}; write an {kind}, or its JSON as in {_JSON[kind]}. "
            f"In meltano.yml, declare the setting with kind: {kind}"
        )
    return f"has the wrong type; it takes {' or '.join(sorted(types)) or 'something else'}"


def _meant(name: str, known: Sequence[str]) -> str:
    """The setting that a name is a slip of the pen for, in any case and with any dashes."""
    plain = {_plain(each): each for each in known}
    close = difflib.get_close_matches(_plain(name), plain, n=1, cutoff=_A_SLIP)
    return plain[close[0]] if close else ""


def _plain(name: str) -> str:
    return name.lower().translate(_DASHES)


def _similar(name: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, known, n=2)
    return f"; did you mean {' or '.join(close)}?" if close else ""


def _is_harmless(declared: Any) -> bool:
    """Whether a setting takes a number, yes or no, or one of a few words."""
    types = types_of(declared)
    return "enum" in declared or (bool(types) and types <= _WORDS.keys())


def _is_scalar(value: object) -> bool:
    return isinstance(value, (str, int, float)) and len(str(value)) <= _LONGEST_QUOTE


def value_faults(values: Mapping[str, Any]) -> Iterator[str]:
    """Faults that matter whatever the settings are for."""
    yield from _credential_faults(values)
    yield from _mapping_faults(values)
    yield from filter(None, (address_fault(name, values[name]) for name in ("api_url", "auth_url")))
    yield from _store_faults(values)
    yield from _unchanged_faults(values)
    yield from alert_faults(values)


def _unchanged_faults(values: Mapping[str, Any]) -> Iterator[str]:
    found = {"send_unchanged": values.get("send_unchanged")}
    for index, entry in enumerate(values.get("segments") or ()):
        found[within_entry(place_of(index, entry), "send_unchanged")] = entry.get("send_unchanged")
    yield from filter(None, (days_fault(name, value) for name, value in found.items()))


def _store_faults(values: Mapping[str, Any]) -> Iterator[str]:
    url, schema, key = (values.get(f"store_{name}") for name in ("url", "schema", "key"))
    if url and (fault := url_fault(url.strip())):
        yield fault
    if schema and (fault := schema_fault(schema, url)):
        yield fault
    if key and (fault := key_fault(key)):
        yield fault
    if url and not key and not values["sandbox"]:
        yield no_key()


def permission_faults(values: Mapping[str, Any], broken: Collection[str]) -> Iterator[str]:
    """What stands between this configuration and sending personal data.

    Args:
        values: The settings.
        broken: Settings that have another fault: what they were to be is not known.
    """
    names = ("sandbox", "accept_data_transfer", "dry_run")
    if not any(values[name] or name in broken for name in names):
        yield (
            "accept_data_transfer is not true: personal data would leave for Constant Contact. "
            "Set accept_data_transfer: true if you agree to that and have these people's "
            "permission to mail them, or sandbox: true to try it on this machine"
        )


def flattening_faults(values: Mapping[str, Any]) -> Iterator[str]:
    """What singer-sdk needs to flatten."""
    if values.get("flattening_enabled") and values.get("flattening_max_depth") is None:
        yield (
            "flattening_max_depth is missing: flattening_enabled needs it. Set how many levels of "
            "objects to flatten, such as 1"
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
    for segment in segments:
        if not segment.has_lists:
            yield f"{segment.place}: lists is missing"
    many = {
        within_entry(segment.lists_place, "lists"): len(segment.lists)
        for segment in (default, *segments)
        if len(segment.lists) > MAX_LISTS
    }
    for name, lists in many.items():
        yield f"{name}: {lists} lists; a contact can be on {MAX_LISTS}"


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
    # To print a version or the settings, nothing that maps is needed.
    from target_constant_contact.mapping.mapping_faults import mapping_faults  # noqa: PLC0415

    mappings = {"field_mapping": values.get("field_mapping")}
    for index, entry in enumerate(values.get("segments") or ()):
        mappings[within_entry(place_of(index, entry), "field_mapping")] = entry.get("field_mapping")
    for name, mapping in mappings.items():
        if mapping:
            for fault in mapping_faults(mapping, import_format=values["import_format"]):
                yield f"{name}: {fault}"
