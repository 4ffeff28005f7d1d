"""A run takes hardly longer than the service makes it, whatever that does with its imports."""

from __future__ import annotations

import pytest

from tests.support.service import ANSWER, SLOT, Service, batch_of

IMPORTS = 83
"""Of a million members."""
OTHERWISE = 1.10
AT_ONCE = 1.15
SHARE_OF_POLLS = 1 / 10


def run(service: Service, imports: int = IMPORTS, **options: float) -> float:
    return service.run(*map(batch_of, range(1, imports + 1)), **options)


@pytest.mark.parametrize("answer", [0.05, 0.5, 1.5])
@pytest.mark.parametrize("seconds", [0, 5, 30, 120, 900])
def test_imports_side_by_side(seconds, answer):
    service = Service(seconds, answer=answer)
    least = IMPORTS / 4 + seconds
    assert run(service) <= least * (OTHERWISE if seconds else AT_ONCE)
    assert service.share_of_polls <= SHARE_OF_POLLS


def test_imports_one_by_one():
    service = Service(1, one_by_one=True)
    assert run(service) <= IMPORTS * OTHERWISE
    assert service.share_of_polls <= SHARE_OF_POLLS


def test_a_thousand_imports_that_take_no_time():
    service = Service(0)
    assert run(service, 1_000) <= 250 * OTHERWISE
    assert len(service.polls) <= 1_000 / 10


def test_imports_that_take_no_time_are_asked_for_once_at_the_end():
    service = Service(0)
    run(service, 20)
    assert len(service.polls) == 1


@pytest.mark.parametrize("seconds", [5, 20])
@pytest.mark.parametrize("answer", [0.05, 1.5])
def test_the_end_of_the_last_import_is_seen_soon(seconds, answer):
    """However late the service has answered that it has begun."""
    service = Service(seconds, answer=answer)
    end = run(service, 40)
    assert end - max(service.ends.values()) <= SLOT + ANSWER


def test_a_million_in_twenty_minutes_though_an_import_takes_fifteen():
    service = Service(900)
    assert run(service) < 20 * 60
    assert service.most_in_flight == IMPORTS


def test_as_many_are_in_flight_as_the_setting_says():
    service = Service(5, max_in_flight=7)
    run(service, 30)
    assert service.most_in_flight == 7


def test_a_batch_that_waits_is_sent_within_seconds_though_much_else_can_be_sent():
    service = Service(5)
    batches = [*map(batch_of, range(1, 6)), batch_of(6, frozenset([1, 2]))]
    service.run(*batches, *map(batch_of, range(7, 100)))
    assert max(service.ends[1], service.ends[2]) < service.sent[6] < service.ends[2] + 12
    assert service.share_of_polls <= SHARE_OF_POLLS


def test_for_a_batch_that_waits_there_is_one_poll_and_only_when_nothing_else_can_be_sent():
    service = Service(5)
    service.run(*map(batch_of, range(1, 26)), batch_of(26, frozenset(range(1, 4))))
    assert service.sent[26] - service.sent[25] == pytest.approx(2 * SLOT)
    assert sum(poll < service.sent[26] for poll in service.polls) == 1


def test_a_batch_that_waits_at_the_end_is_sent_as_soon_as_it_may():
    service = Service(5)
    end = service.run(*map(batch_of, range(1, 26)), batch_of(26, frozenset(range(14, 26))))
    assert end <= 25 / 4 + 2 * 5 + 2 * (0.5 + SLOT + 0.1)
