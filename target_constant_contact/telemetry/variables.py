"""What the variables of OpenTelemetry ask for.

The SDK reads most of them itself. These decide whether it is loaded at all. Where they are said:
https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from target_constant_contact.known_secrets import keep_secret

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_ENDPOINT: Final = "OTEL_EXPORTER_OTLP_ENDPOINT"
_HEADERS: Final = tuple(
    f"OTEL_EXPORTER_OTLP_{signal}HEADERS" for signal in ("", "TRACES_", "METRICS_")
)
_SIGN: Final = re.compile(r"\s*[=:\s]\s*")
_PROTOCOL: Final = "OTEL_EXPORTER_OTLP_PROTOCOL"
_EXPORTED: Final = "otlp"
_SPOKEN: Final = "http/protobuf"


@dataclass(frozen=True, slots=True)
class AskedFor:
    """Which signals are to be sent to a collector.

    Attributes:
        traces: Whether spans are.
        metrics: Whether metrics are.
        faults: What is asked for and cannot be done, a line for each.
    """

    traces: bool
    metrics: bool
    faults: tuple[str, ...] = ()


def asked_for(variables: Mapping[str, str]) -> AskedFor:
    """What the variables ask for: nothing, unless one of them names an endpoint or ``otlp``.

    Values of headers are secrets from now on.
    """
    # An empty variable is as good as none.
    given = {name: value.strip() for name, value in variables.items() if value.strip()}
    if given.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return AskedFor(traces=False, metrics=False)
    wanted = {signal: _is_wanted(given, signal) for signal in ("TRACES", "METRICS")}
    faults = {
        signal: list(_not_spoken(given, signal))
        for signal, is_wanted in wanted.items()
        if is_wanted
    }
    if any(wanted.values()):
        keep_secret(*_header_values(given))
    return AskedFor(
        traces=wanted["TRACES"] and not faults["TRACES"],
        metrics=wanted["METRICS"] and not faults["METRICS"],
        faults=tuple(dict.fromkeys(fault for found in faults.values() for fault in found)),
    )


def _is_wanted(given: Mapping[str, str], signal: str) -> bool:
    exporter = given.get(f"OTEL_{signal}_EXPORTER")
    if exporter is not None:
        return exporter.lower() != "none"
    return _ENDPOINT in given or f"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT" in given


def _not_spoken(given: Mapping[str, str], signal: str) -> Iterator[str]:
    name = f"OTEL_{signal}_EXPORTER"
    exporter = given.get(name, _EXPORTED)
    # The exporter named "console" would write to stdout, where nothing but STATE may go.
    if exporter.lower() != _EXPORTED:
        yield f"{name}: {exporter!r} is not known here; it can be {_EXPORTED!r} or 'none'"
    own = f"OTEL_EXPORTER_OTLP_{signal}_PROTOCOL"
    name = own if own in given else _PROTOCOL
    protocol = given.get(name, _SPOKEN)
    if protocol.lower() != _SPOKEN:
        yield f"{name}: {protocol!r} is not spoken here; set it to {_SPOKEN!r}"


def _header_values(given: Mapping[str, str]) -> Iterator[str]:
    for name in _HEADERS:
        for pair in given.get(name, "").split(","):
            # Of what is no pair, the SDK quotes all.
            value = unquote(_SIGN.split(pair.strip(), maxsplit=1)[-1])
            # Behind "Bearer" and the like, the secret may come back alone.
            yield from (value, *value.split())
