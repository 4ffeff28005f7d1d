"""A collector of OpenTelemetry on this machine, which takes OTLP over HTTP as real ones do."""

from __future__ import annotations

import gzip
import threading
from collections import defaultdict
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Status


@dataclass(frozen=True)
class Span:
    """A span that came."""

    name: str
    trace_id: str
    span_id: str
    parent_id: str
    start: int
    end: int
    attributes: dict[str, Any]
    failed: bool
    message: str

    @property
    def seconds(self) -> float:
        return (self.end - self.start) / 10**9


@dataclass(frozen=True)
class Point:
    """A value of a metric, with its attributes; of a histogram, the sum and the number."""

    attributes: dict[str, Any]
    value: float
    count: int = 1


class Collector:
    """Takes spans and metrics until it is closed.

    Args:
        status: What it answers.
        seconds: How long it takes to.
        location: Where it sends those who ask, if anywhere.

    Attributes:
        spans: All spans that came.
        points: The latest values of each metric.
        units: The unit of each metric.
        resource: What has sent them.
        bodies: Everything that came, as it came.
        headers: The headers of the latest request.
        recovers: From the next request to the same address on, it takes everything.
    """

    def __init__(self, status: int = 200, seconds: float = 0.0, location: str = "") -> None:
        self.status, self.seconds, self.location = status, seconds, location
        self.spans: list[Span] = []
        self.points: dict[str, list[Point]] = {}
        self.units: dict[str, str] = {}
        self.resource: dict[str, Any] = {}
        self.bodies: list[bytes] = []
        self.headers: dict[str, str] = {}
        self.recovers = False
        self._refused: set[str] = set()
        self._ending = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=[0.05])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def root(self) -> Span:
        """The only span that is no part of another that came."""
        came = {span.span_id for span in self.spans}
        (root,) = [span for span in self.spans if span.parent_id not in came]
        return root

    def named(self, name: str) -> list[Span]:
        """The spans of a name, the first first."""
        found = [span for span in self.spans if span.name == f"constant_contact.{name}"]
        return sorted(found, key=lambda span: span.start)

    def sums(self, metric: str, attribute: str = "") -> dict[Any, float]:
        """The values of a metric, by one of their attributes."""
        sums: dict[Any, float] = defaultdict(float)
        for point in self.points.get(f"constant_contact.{metric}", ()):
            sums[point.attributes.get(f"constant_contact.{attribute}")] += point.value
        return dict(sums)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _status(self, path: str) -> int:
        if self.recovers and path in self._refused:
            return 200
        self._refused.add(path)
        return self.status

    def _take_spans(self, request: Any) -> None:
        for of_resource in request.resource_spans:
            self.resource = _attributes(of_resource.resource.attributes)
            for scope in of_resource.scope_spans:
                self.spans += map(_span, scope.spans)

    def _take_metrics(self, request: Any) -> None:
        for of_resource in request.resource_metrics:
            self.resource = _attributes(of_resource.resource.attributes)
            for scope in of_resource.scope_metrics:
                for metric in scope.metrics:
                    data = getattr(metric, metric.WhichOneof("data"))
                    self.points[metric.name] = list(map(_point, data.data_points))
                    self.units[metric.name] = metric.unit

    def _handler(collector) -> type[BaseHTTPRequestHandler]:  # noqa: N805 - as it is called below
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                collector.headers = dict(self.headers)
                collector._ending.wait(collector.seconds)
                collector.bodies.append(body)
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                status, answer = collector._status(self.path), b""
                if status == 200:
                    kinds = {
                        "/v1/traces": (
                            ExportTraceServiceRequest,
                            ExportTraceServiceResponse,
                            collector._take_spans,
                        ),
                        "/v1/metrics": (
                            ExportMetricsServiceRequest,
                            ExportMetricsServiceResponse,
                            collector._take_metrics,
                        ),
                    }
                    request, response, take = kinds[self.path]
                    take(request.FromString(body))
                    answer = response().SerializeToString()
                self.send_response(status)
                self.send_header("Content-Type", "application/x-protobuf")
                self.send_header("Content-Length", str(len(answer)))
                if collector.location:
                    self.send_header("Location", collector.location + self.path)
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                pass

        return Handler


def _span(span: Any) -> Span:
    return Span(
        span.name,
        span.trace_id.hex(),
        span.span_id.hex(),
        span.parent_span_id.hex(),
        span.start_time_unix_nano,
        span.end_time_unix_nano,
        _attributes(span.attributes),
        span.status.code == Status.STATUS_CODE_ERROR,
        span.status.message,
    )


def _point(point: Any) -> Point:
    attributes = _attributes(point.attributes)
    if hasattr(point, "bucket_counts"):
        return Point(attributes, point.sum, point.count)
    return Point(attributes, getattr(point, point.WhichOneof("value")))


def _attributes(pairs: Any) -> dict[str, Any]:
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(value: Any) -> Any:
    found = getattr(value, value.WhichOneof("value"))
    return [_value(each) for each in found.values] if hasattr(found, "values") else found
