"""The service of the benchmark keeps to its rules; the time is a number that the tests set."""

from __future__ import annotations

import json

import pytest

from benchmarks.service import PAGE, Rules, Service


class Clock:
    """The time, which passes when a test says so."""

    def __init__(self) -> None:
        self.now = 1_000_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def body(*members: dict) -> bytes:
    return json.dumps({"import_data": list(members), "list_ids": ["1"]}).encode()


def member(name: str, **more: str) -> dict:
    return {"first_name": "Ann", "email": f"{name}@example.com", **more}


def person(number: int, version: int) -> dict:
    return member(f"again.{number}", street=f"{version} Again Street")


def states(service: Service) -> list[str]:
    return [each["state"] for each in service.activities()]


def test_four_requests_pass_in_any_second_and_more_are_counted_as_refused(clock):
    service = Service(Rules(per_second=4), clock)
    taken = []
    for moment in (0.0, 0.1, 0.2, 0.9, 0.95, 1.05, 1.06):
        clock.now = 1_000_000_000.0 + moment
        taken.append(service.admit())
    assert taken == [True, True, True, True, False, True, False]
    counted = service.counted()
    assert (counted.requests, counted.refused, counted.busiest) == (7, 2, 6)


def test_without_a_limit_every_request_passes(clock):
    service = Service(Rules(), clock)
    assert all(service.admit() for _ in range(100))


def test_imports_side_by_side_each_take_their_time_from_when_they_came(clock):
    service = Service(Rules(import_seconds=5), clock)
    service.start_import(body(member("a")))
    clock.now += 4
    service.start_import(body(member("b")))
    assert states(service) == ["processing", "processing"]
    clock.now += 1
    assert states(service) == ["processing", "completed"]
    clock.now += 4
    assert states(service) == ["completed", "completed"]
    assert service.counted().most_in_flight == 2


def test_imports_one_at_a_time_wait_for_those_before(clock):
    service = Service(Rules(import_seconds=1, one_at_a_time=True), clock)
    for name in ("a", "b", "c"):
        service.start_import(body(member(name)))
    clock.now += 1.5
    assert states(service) == ["initialized", "processing", "completed"]
    clock.now += 2
    assert states(service) == ["completed"] * 3
    service.start_import(body(member("d")))
    assert states(service)[0] == "processing"


def test_an_import_is_answered_as_begun_and_ends_with_counters_that_explain_every_row(clock):
    service = Service(Rules(), clock)
    answer = service.start_import(body(member("a"), member("b")))
    assert answer["state"] == "initialized"
    found = service.activity(answer["activity_id"])
    assert found is not None
    assert (found["state"], found["percent_done"]) == ("completed", 100)
    assert found["status"] == {"items_total_count": 2, "person_count": 2, "error_count": 0}
    assert found["created_at"] == answer["created_at"] == "2001-09-09T01:46:40.000+00:00"
    assert service.activity("other") is None


def test_how_far_an_import_is_can_be_seen(clock):
    service = Service(Rules(import_seconds=10), clock)
    answer = service.start_import(body(member("a")))
    clock.now += 5
    found = service.activity(answer["activity_id"])
    assert found is not None
    assert (found["state"], found["percent_done"], found["status"]) == ("processing", 50, {})


def test_a_page_shows_the_newest_activities_first_and_no_more_than_it_holds(clock):
    service = Service(Rules(), clock)
    ids = [service.start_import(body(member("a")))["activity_id"] for _ in range(PAGE + 2)]
    shown = [each["activity_id"] for each in service.activities()]
    assert shown == ids[:1:-1]


def test_the_members_of_a_csv_file_are_counted_without_its_header(clock):
    service = Service(Rules(), clock)
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
    other = b'\r\n--x\r\nContent-Disposition: form-data; name="list_ids"\r\n\r\n1,2\r\n--x--\r\n'
    for rows in (b"email\na@example.com\nb@example.com\n", b"email\nc@example.com"):
        service.start_import(head + rows + other)
    assert service.counted().rows == 3


def test_polls_are_counted_apart_while_imports_are_being_sent(clock):
    service = Service(Rules(import_seconds=60), clock)
    for step in ("poll", "import", "poll", "poll", "import", "poll"):
        service.admit()
        if step == "poll":
            service.activities()
        else:
            service.start_import(body(member("a")))
    counted = service.counted()
    assert (counted.requests, counted.polls) == (6, 4)
    assert (counted.polls_while_sending, counted.sending) == (2, 4)


def test_the_value_of_the_import_that_ended_last_counts(clock):
    service = Service(Rules(import_seconds=5), clock)
    service.start_import(body(person(1, 1), person(2, 1), member("c")))
    clock.now += 5
    service.start_import(body(person(1, 2)))
    clock.now += 5
    counted = service.counted()
    assert (counted.people, counted.stale, counted.unordered) == (2, 1, 0)


def test_a_value_that_ends_first_is_stale_when_the_older_one_comes_later(clock):
    service = Service(Rules(), clock)
    service.start_import(body(person(1, 2)))
    service.start_import(body(person(1, 1)))
    assert service.counted().stale == 1


@pytest.mark.parametrize(("after", "found"), [(4.9, 1), (5.0, 0)])
def test_another_value_while_the_first_is_on_its_way_is_out_of_order(clock, after, found):
    service = Service(Rules(import_seconds=5), clock)
    service.start_import(body(person(1, 1)))
    clock.now += after
    service.start_import(body(person(1, 2)))
    assert service.counted().unordered == found


def test_the_same_value_again_is_in_order(clock):
    service = Service(Rules(import_seconds=5), clock)
    service.start_import(body(person(1, 2)))
    service.start_import(body(person(1, 2)))
    assert service.counted().unordered == 0


def test_two_values_in_one_import_are_out_of_order(clock):
    service = Service(Rules(), clock)
    service.start_import(body(person(1, 1), person(1, 2)))
    assert service.counted().unordered == 1
