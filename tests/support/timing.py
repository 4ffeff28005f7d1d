"""How long something takes, for tests that compare sizes."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def best_of(tries: int, call: Callable[[], object]) -> float:
    """Processor seconds of the quickest of some calls: what else runs does not count."""
    taken = []
    for _ in range(tries):
        began = time.process_time()
        call()
        taken.append(time.process_time() - began)
    return min(taken)
