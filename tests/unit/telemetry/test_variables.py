"""The variables of OpenTelemetry that decide whether anything is told to a collector."""

from __future__ import annotations

import pytest

from target_constant_contact.redaction import redacted
from target_constant_contact.telemetry.variables import AskedFor, asked_for

NOTHING = AskedFor(traces=False, metrics=False)
BOTH = AskedFor(traces=True, metrics=True)
TRACES = AskedFor(traces=True, metrics=False)
METRICS = AskedFor(traces=False, metrics=True)
ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318"}


@pytest.mark.parametrize(
    ("variables", "asked"),
    [
        ({}, NOTHING),
        ({"OTEL_SERVICE_NAME": "nightly", "OTEL_TRACES_SAMPLER": "always_on"}, NOTHING),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": " "}, NOTHING),
        ({"OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": "http://localhost:4318"}, NOTHING),
        (ENDPOINT, BOTH),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://localhost:4318/v1/traces"}, TRACES),
        ({"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://localhost:4318/v1/metrics"}, METRICS),
        (ENDPOINT | {"OTEL_SDK_DISABLED": "True"}, NOTHING),
        (ENDPOINT | {"OTEL_SDK_DISABLED": "false"}, BOTH),
        (ENDPOINT | {"OTEL_TRACES_EXPORTER": "none"}, METRICS),
        (ENDPOINT | {"OTEL_METRICS_EXPORTER": "None"}, TRACES),
        (ENDPOINT | {"OTEL_TRACES_EXPORTER": "none", "OTEL_METRICS_EXPORTER": "none"}, NOTHING),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, TRACES),
        ({"OTEL_METRICS_EXPORTER": "otlp"}, METRICS),
        (ENDPOINT | {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, BOTH),
    ],
)
def test_what_is_told_is_what_the_standard_variables_ask_for(variables, asked):
    assert asked_for(variables) == asked


@pytest.mark.parametrize(
    ("variables", "traces", "fault"),
    [
        (
            {"OTEL_TRACES_EXPORTER": "console"},
            False,
            "OTEL_TRACES_EXPORTER: 'console' is not known here; it can be 'otlp' or 'none'",
        ),
        (
            {"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "grpc"},
            False,
            (
                "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'grpc' is not spoken here; set it to "
                "'http/protobuf'"
            ),
        ),
        (
            {
                "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
                "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf",
                "OTEL_METRICS_EXPORTER": "none",
            },
            True,
            None,
        ),
    ],
)
def test_what_cannot_be_done_is_said_and_the_other_signal_is_told(variables, traces, fault):
    asked = asked_for(ENDPOINT | variables)
    assert (asked.traces, asked.faults) == (traces, (fault,) if fault else ())
    assert asked.metrics == ("OTEL_METRICS_EXPORTER" not in variables)


def test_what_cannot_be_done_for_either_signal_is_said_once():
    asked = asked_for(ENDPOINT | {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"})
    assert asked == AskedFor(
        traces=False,
        metrics=False,
        faults=(
            "OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' is not spoken here; set it to 'http/protobuf'",
        ),
    )


@pytest.mark.parametrize(
    "headers", ["api-key: a.plain.word", "api-key a.plain.word", "a.plain.word"]
)
def test_a_key_in_a_header_that_is_none_is_a_secret_too(headers):
    asked_for(ENDPOINT | {"OTEL_EXPORTER_OTLP_HEADERS": f"first=1, {headers}"})
    assert redacted("Header format invalid: a.plain.word") == "Header format invalid: ***"


def test_a_key_in_a_header_is_a_secret():
    headers = "api-key=plain.words.only,Authorization=Bearer%20another.plain.word"
    asked_for(ENDPOINT | {"OTEL_EXPORTER_OTLP_HEADERS": headers})
    line = redacted("The collector said plain.words.only and another.plain.word")
    assert line == "The collector said *** and ***"
