"""The body of a request for a custom field."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from target_constant_contact.api.models import MAX_BUTTONS

if TYPE_CHECKING:
    from collections.abc import Sequence


def new_field(label: str, kind: str, choices: Sequence[str]) -> dict[str, Any]:
    """The body that makes a custom field, with nothing that the service does not ask for.

    Args:
        label: What people see.
        kind: One of ``CUSTOM_FIELD_TYPES``.
        choices: Labels of the choices in the order of their display.
    """
    body: dict[str, Any] = {"label": label, "type": kind}
    if choices:
        body["choices"] = [
            {"choice_label": choice, "display_order": order}
            for order, choice in enumerate(choices, start=1)
        ]
    if len(choices) > MAX_BUTTONS:
        # The only way of display that takes so many; which one is usual is not documented.
        body["metadata"] = {"display_type": "dropdown"}
    return body
