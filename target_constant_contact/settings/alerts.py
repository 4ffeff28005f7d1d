"""Settings of alerts: whom to tell what has become of runs, and of what."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from singer_sdk import typing as th

if TYPE_CHECKING:
    from collections.abc import Mapping

FAILED: Final = "failed"
RECOVERED: Final = "recovered"
REJECTED: Final = "rejected"
REMOVED: Final = "removed"
SHRUNK: Final = "shrunk"

_ALL: Final = [FAILED, RECOVERED, REJECTED, REMOVED, SHRUNK]
_USUAL: Final = [FAILED, RECOVERED, REJECTED, SHRUNK]
_PERCENT: Final = th.NumberType(minimum=0, maximum=100)

ALERTS: Final = (
    th.Property(
        "alert_urls",
        th.ArrayType(th.StringType),
        secret=True,
        title="Alert URLs",
        description="Whom to tell what has become of runs, as URLs of Apprise (extra `alerts`), "
        "such as `slack://...`, `mailto://...` or `json://...`. One message when something "
        "changes, not one for each run.",
    ),
    th.Property(
        "alert_webhooks",
        th.ArrayType(th.StringType),
        secret=True,
        title="Alert webhooks",
        description="Programs to tell the same: URLs with `https://` or `http://` that get a JSON "
        "event, signed with `alert_secret`.",
    ),
    th.Property(
        "alert_secret",
        th.StringType,
        secret=True,
        title="Alert secret",
        description="Key of the signatures of `alert_webhooks`, which need it: 16 characters or "
        "more, or `whsec_` and a key in base64.",
    ),
    th.Property(
        "alert_on",
        th.ArrayType(th.StringType(allowed_values=_ALL)),
        default=_USUAL,
        title="Alert on",
        description="What to tell: `failed`, a run has failed or was killed; `recovered`, what was "
        "told is over; `rejected`, more than `alert_rejected_percent` of a stream's rows; "
        "`shrunk`, a segment has lost more than `alert_shrunk_percent` of its rows; `removed`, a "
        "run has taken people off a list.",
    ),
    th.Property(
        "alert_rejected_percent",
        _PERCENT,
        default=1,
        title="Alert rejected percent",
        description="Share of a stream's rows that may be rejected or refused before `rejected` is "
        "told. The run itself fails beyond `max_rejected_percent`.",
    ),
    th.Property(
        "alert_shrunk_percent",
        _PERCENT,
        default=20,
        title="Alert shrunk percent",
        description="Share of its rows that a segment with `load_method: overwrite` may lose from "
        "one completed load to the next before `shrunk` is told. Up to 5 rows may always go, "
        "unless it is 0.",
    ),
)


@dataclass(frozen=True, slots=True)
class AlertSettings:
    """The settings of the same names.

    Attributes:
        urls: ``alert_urls``.
        webhooks: ``alert_webhooks``.
        secret: ``alert_secret``; empty when there are no webhooks.
        on: ``alert_on``.
        rejected_percent: ``alert_rejected_percent``.
        shrunk_percent: ``alert_shrunk_percent``.
    """

    urls: tuple[str, ...] = field(repr=False)
    webhooks: tuple[str, ...] = field(repr=False)
    secret: str = field(repr=False)
    on: frozenset[str]
    rejected_percent: float
    shrunk_percent: float

    @property
    def wanted(self) -> bool:
        """Whether there is anybody to tell."""
        return bool(self.urls or self.webhooks)

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> AlertSettings:
        """Those of values that have no fault."""
        return cls(
            urls=tuple(url.strip() for url in values.get("alert_urls") or ()),
            webhooks=tuple(url.strip() for url in values.get("alert_webhooks") or ()),
            secret=(values.get("alert_secret") or "").strip(),
            on=frozenset(values["alert_on"]),
            rejected_percent=float(values["alert_rejected_percent"]),
            shrunk_percent=float(values["alert_shrunk_percent"]),
        )
