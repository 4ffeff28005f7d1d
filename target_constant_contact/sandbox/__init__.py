"""A Constant Contact account on this machine, for trying things out and for tests.

It is a re-implementation from the service's documentation and imports nothing from the target, so
that a mistake in one shows in the other. Flask is needed: install the extra ``sandbox``.

Example::

    from target_constant_contact.sandbox import Fault, Sandbox

    with Sandbox() as sandbox:
        sandbox.add_fault(Fault("POST", "/activities/contacts_json_import", action="error_503"))
        ...  # send requests to sandbox.api_url with the bearer token sandbox.access_token
        sandbox.members("General Interest")
"""

from __future__ import annotations

from target_constant_contact.sandbox.control.behaviour import Behaviour
from target_constant_contact.sandbox.control.faults import Fault
from target_constant_contact.sandbox.control.request_log import RequestSeen
from target_constant_contact.sandbox.data.clock import FastClock, ManualClock
from target_constant_contact.sandbox.server import Sandbox, serve

__all__ = [
    "Behaviour",
    "FastClock",
    "Fault",
    "ManualClock",
    "RequestSeen",
    "Sandbox",
    "serve",
]
