"""What the SDK says is shown as all that others say."""

from __future__ import annotations

import logging

from target_constant_contact.telemetry.quiet import Quiet


def test_what_a_collector_has_answered_is_masked():
    quiet = Quiet()
    try:
        logging.getLogger("opentelemetry.sdk").error("It answers: %s", "ann@example.com \x1b[2J")
        assert quiet.last == "It answers: <address> \\x1b[2J"
    finally:
        quiet.close()
