"""A batch is sent until the service has taken it, or will not."""

from __future__ import annotations

import pytest

from target_constant_contact.batches.batch import ImportBatch
from target_constant_contact.exceptions import (
    QueueFullError,
    ServiceUnavailableError,
)
from target_constant_contact.imports.sender import MAX_LOSSES
from tests.support.imports import PLACE, activity, batch, lose
from tests.support.saying import saying


def test_a_csv_import_carries_its_lists_and_permission(make):
    case = make(import_format="csv")
    case.run(ImportBatch(1, PLACE, "explicit", 2, 0, b"email", saying({"a": 1})))
    assert case.client.sent == ["csv b'email' ('list-a',) explicit"]


def test_a_full_queue_lets_the_batch_wait_and_come_again(case, monkeypatch, caplog):
    monkeypatch.setattr("target_constant_contact.imports.sender.QUEUE_FULL_SECONDS", 0.0)
    failures = iter([QueueFullError("The queue is full."), None])

    def on_import(_number: int) -> None:
        if error := next(failures, None):
            raise error

    case.client.on_import = on_import
    case.run(batch(1))
    assert case.settled == [(1, 2)]
    assert "The queue is full. Trying again" in caplog.text


def test_a_queue_that_stays_full_ends_the_run_as_try_later(make, monkeypatch):
    monkeypatch.setattr("target_constant_contact.imports.sender.QUEUE_FULL_SECONDS", 0.0)
    ticks = iter(range(0, 100_000, 20))
    case = make(timeout_seconds=60, clock=lambda: float(next(ticks)))

    def on_import(_number: int) -> None:
        raise QueueFullError("The queue is full.")

    case.client.on_import = on_import
    with pytest.raises(QueueFullError):
        case.run(batch(1))


def test_after_a_failed_request_nothing_more_is_sent_and_the_rest_is_settled(case):
    def on_import(number: int) -> None:
        if number == 2:
            raise ServiceUnavailableError("down")

    case.client.on_import = on_import
    case.client.states["a1"] = iter([activity("a1", "processing")] * 3)
    with pytest.raises(ServiceUnavailableError):
        case.run(batch(1), batch(2), batch(3))
    case.importer.give_up(5)
    assert case.settled == [(1, 2)]
    assert len(case.client.sent) == 1


def test_a_service_that_never_answers_imports_ends_the_run_as_try_later(case):
    case.client.on_import = lose(*range(1, 100))
    with pytest.raises(ServiceUnavailableError, match=rf"{MAX_LOSSES} times in a row"):
        case.run(batch(1))
