"""The page of spans and metrics names them as they are."""

from __future__ import annotations

from target_constant_contact.telemetry.instruments import METRICS
from target_constant_contact.telemetry.names import PREFIX
from tests.docs import pages

PAGE = pages.DOCS / "reference" / "telemetry.md"


def test_the_table_of_metrics_is_that_of_the_program():
    shown = [
        (pages.code(cells[0])[0], cells[1], pages.code(cells[2])[0], cells[3])
        for cells in pages.rows(pages.section(PAGE, "Metrics"))
    ]
    assert shown == [(f"{PREFIX}{name}", *metric) for name, metric in METRICS.items()]


def test_what_the_how_to_speaks_of_stands_in_the_reference():
    how_to = pages.read(pages.DOCS / "how-to" / "opentelemetry.md")
    named = {name for name in pages.code(how_to) if name.startswith(("OTEL_", PREFIX))}
    assert len(named) > 5
    assert named <= set(pages.code(pages.read(PAGE)))
