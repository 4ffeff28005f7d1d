"""The headers of every answer, which tell browsers what its page may do."""

from __future__ import annotations

from typing import Final

SECURITY: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    # With "no-referrer", browsers would not say where the own forms come from.
    "Referrer-Policy": "same-origin",
}
