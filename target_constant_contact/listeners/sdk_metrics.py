"""Metrics of a run, as singer-sdk tells them: METRIC lines in the log, where they are asked for."""

from __future__ import annotations

import enum
import logging
import os
import threading
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, cast

from singer_sdk.metrics import Metric, Point, Status, Tag, get_metrics_logger, log

from target_constant_contact.events.kinds import ImportSettled, LimitWaited, RunBegun, RunEnded
from target_constant_contact.redaction import shown
from target_constant_contact.reports.past_run import ended_run

if TYPE_CHECKING:
    from target_constant_contact.events.events import Events
    from target_constant_contact.events.kinds import Event
    from target_constant_contact.reports.past_run import PastRun
    from target_constant_contact.settings.settings import Settings
    from target_constant_contact.store.database import Database


class OwnMetric(enum.Enum):
    """What singer-sdk has no name for."""

    LIMIT_WAIT_DURATION = "limit_wait_duration"
    PEOPLE_TAKEN_OFF = "people_taken_off"
    REQUESTS_LEFT = "requests_left"


def listen(events: Events, _settings: Settings, _database: Database) -> None:
    """Have the metrics of a run told, if the log shows them."""
    if get_metrics_logger().isEnabledFor(logging.INFO):
        events.listen(_Metrics())


class _Metrics:
    """Tells metrics."""

    def __init__(self) -> None:
        self._run = ""
        self._waited: Counter[str] = Counter()
        self._lock = threading.Lock()

    def __call__(self, event: Event) -> None:
        match event:
            case RunBegun():
                self._run = event.run
            case ImportSettled(taken_up=False):
                self._import(event)
            case LimitWaited():
                with self._lock:
                    # Whole milliseconds: they are counted.
                    self._waited[event.why] += round(event.seconds * 1000)
            case RunEnded():
                self._end(event)

    def _import(self, settled: ImportSettled) -> None:
        self._tell(
            "timer",
            Metric.BATCH_PROCESSING_TIME,
            round(settled.seconds, 3),
            status=Status.SUCCEEDED.value,
            activity_id=settled.activity_id,
            stream=settled.stream,
            list_ids=settled.list_ids,
            rows=settled.rows,
            landed=settled.landed,
        )

    def _end(self, ended: RunEnded) -> None:
        run = ended_run(ended)
        self._rows(run)
        for each in run.swept:
            place = {"stream": each.stream, "list_ids": [each.list_id], "lists": [each.list_name]}
            self._tell("counter", OwnMetric.PEOPLE_TAKEN_OFF, each.really_taken_off, **place)
        for why, milliseconds in self._waited.items():
            self._tell("timer", OwnMetric.LIMIT_WAIT_DURATION, milliseconds / 1000, why=why)
        self._tell("counter", Metric.HTTP_REQUEST_COUNT, ended.requests)
        if run.requests_per_day:
            left = max(0, run.requests_per_day - (run.requests_today or 0))
            self._tell("gauge", OwnMetric.REQUESTS_LEFT, left, per_day=run.requests_per_day)
        status = Status.FAILED if ended.error else Status.SUCCEEDED
        self._tell(
            "timer",
            Metric.JOB_DURATION,
            round(ended.seconds, 3),
            job_type=ended.kind,
            status=status.value,
        )

    def _rows(self, run: PastRun) -> None:
        imports = Counter(each.stream for each in run.imports)
        for stream, number in imports.items():
            self._tell("counter", Metric.BATCH_COUNT, number, stream=stream)
        for each in run.destinations:
            lists = {
                "list_ids": [one.list_id for one in each.lists],
                "lists": [one.name for one in each.lists],
            }
            for place, rows in asdict(each.counts).items():
                if rows and place != "copies":
                    tags = {"stream": each.stream, "place": place, **lists}
                    self._tell("counter", Metric.RECORD_COUNT, rows, **tags)

    def _tell(self, kind: str, metric: Metric | OwnMetric, value: float, **tags: Any) -> None:
        run = {"run": self._run, Tag.PID.value: os.getpid()}
        # Nothing but its value is asked of it.
        point = Point(kind, cast("Metric", metric), value, shown(tags | run))
        log(get_metrics_logger(), point)
