"""What sending would take: counting, and nothing else."""

from __future__ import annotations

from typing import Final

from target_constant_contact.imports.pace import SENDS_PER_POLL
from target_constant_contact.reports.planned import Effort
from target_constant_contact.segments.ways import POLLS

_MARGIN: Final = 1.04
"""As the limiter spaces requests."""


def effort_of(  # noqa: PLR0913 - what it depends on
    *,
    imports: int,
    size: int,
    prepared: int,
    requests_today: int | None,
    requests_per_day: int,
    requests_per_second: int,
    import_seconds: float | None,
) -> Effort:
    """About what sending takes.

    Args:
        imports: Imports.
        size: Bytes of all of them.
        prepared: Requests before the first import: the same that planning has made.
        requests_today: Requests that are used up today; None when not known.
        requests_per_day: The most in a day.
        requests_per_second: The most in a second.
        import_seconds: How long an import took in the latest run; None when none is known.
    """
    requests = prepared
    if imports:
        # One in so many asks while there is something to send; then the last ones are waited for.
        requests += imports + imports // SENDS_PER_POLL + POLLS
    return Effort(
        imports,
        size,
        requests,
        requests_today,
        requests_per_day,
        seconds=requests * _MARGIN / requests_per_second,
        import_seconds=import_seconds,
    )
