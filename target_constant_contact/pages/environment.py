"""The templates, and what every page made of them has."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from target_constant_contact.pages import texts

if TYPE_CHECKING:
    from jinja2 import Environment

_TEMPLATES: Final = Path(__file__).parent / "templates"


def render(template: str, **values: Any) -> str:
    """A page.

    Args:
        template: Name of its template.
        values: What the template shows; every text among them is escaped, masked and cut.
    """
    return _environment().get_template(template).render(values)


@cache
def content_policy() -> str:
    """What a page may load, as a Content-Security-Policy: its own style, and nothing else."""
    digest = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; "
        "form-action 'none'"
    )


@cache
def _style() -> str:
    return (_TEMPLATES / "style.css").read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    # Not before: few commands make pages, and a run makes its own when all else is done.
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415
    from markupsafe import Markup  # noqa: PLC0415

    def finalize(value: object) -> object:
        """No template can forget it."""
        if isinstance(value, str) and not isinstance(value, Markup):
            return texts.shown(value)
        return value

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        finalize=finalize,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters |= {
        "compact": texts.compact,
        "duration": texts.duration,
        "moment": texts.moment,
        "number": texts.number,
        "percent": texts.percent,
        "shown": texts.shown,
        "signed_percent": texts.signed_percent,
    }
    # Both are of this package; a hash in the policy is of the style as it stands in the page.
    style = Markup(_style())  # noqa: S704
    environment.globals |= {"style": style, "content_policy": Markup(content_policy())}  # noqa: S704
    return environment
