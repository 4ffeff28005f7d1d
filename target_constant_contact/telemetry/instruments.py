"""The metrics of a run: what each is called, in which unit, and how it is measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeAlias

from target_constant_contact.telemetry.names import PREFIX, attributes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opentelemetry.metrics import Meter

Kind: TypeAlias = Literal["counter", "up_down_counter", "gauge", "histogram"]


class Metric(NamedTuple):
    """A metric.

    Attributes:
        kind: How it is measured.
        unit: Its unit, as UCUM writes it.
        description: What it says.
    """

    kind: Kind
    unit: str
    description: str


METRICS: Final[Mapping[str, Metric]] = {
    "rows.read": Metric("counter", "{row}", "Rows that were read"),
    "rows.accounted": Metric("counter", "{row}", "Rows by the place where they ended up"),
    "imports.sent": Metric("counter", "{import}", "Imports that Constant Contact has accepted"),
    "imports.in_flight": Metric(
        "up_down_counter", "{import}", "Imports that were accepted and have not come to their end"
    ),
    "import.duration": Metric("histogram", "s", "Time from the submission of an import to its end"),
    "import.size": Metric("histogram", "By", "Size of an import"),
    "wait.duration": Metric("histogram", "s", "Time that a request has waited for a limit"),
    "work.duration": Metric("histogram", "s", "Time of a work beside reading and importing"),
    "members.taken_off": Metric("counter", "{member}", "People who were taken off a list"),
    "run.duration": Metric("histogram", "s", "Time of a run"),
    "requests": Metric("counter", "{request}", "Requests that were made"),
    "quota.remaining": Metric("gauge", "{request}", "Requests that are left of the day's"),
}
"""Names without what stands before all of them."""

_BOUNDARIES: Final = {
    "s": (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1_800, 3_600),
    "By": (1_000, 10_000, 100_000, 250_000, 500_000, 1_000_000, 2_000_000, 4_000_000),
}
"""A wait for a slot takes a quarter of a second, an import may take minutes."""


class Instruments:
    """Takes measurements.

    Args:
        meter: Makes instruments.
        values: Attributes of all measurements.
    """

    def __init__(self, meter: Meter, **values: Any) -> None:
        self._values = attributes(**values)
        self._made = {name: _make(meter, name, metric) for name, metric in METRICS.items()}

    def measure(self, metric: str, amount: float, **values: Any) -> None:
        """Take a measurement.

        Args:
            metric: Name of the metric.
            amount: How much there is, or how much more.
            values: Attributes.
        """
        self._made[metric](amount, {**self._values, **attributes(**values)})


def _make(meter: Meter, name: str, metric: Metric) -> Any:
    name, unit, description = PREFIX + name, metric.unit, metric.description
    if metric.kind == "counter":
        return meter.create_counter(name, unit, description).add
    if metric.kind == "up_down_counter":
        return meter.create_up_down_counter(name, unit, description).add
    if metric.kind == "gauge":
        return meter.create_gauge(name, unit, description).set
    boundaries = _BOUNDARIES[unit]
    return meter.create_histogram(
        name, unit, description, explicit_bucket_boundaries_advisory=boundaries
    ).record
