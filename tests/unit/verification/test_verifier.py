"""The imports that need it are explained at the end of a run, within bounds."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from target_constant_contact.api.models import Activity, ContactStatus
from target_constant_contact.batches.batch import Destination, ImportBatch
from target_constant_contact.exceptions import InterruptedRunError, TryLaterError
from target_constant_contact.ledger.settlement import Settlement
from target_constant_contact.verification import verifier as verifier_module
from target_constant_contact.verification.verifier import Verifier
from tests.support.fakes import Clock, stop
from tests.support.saying import saying

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

PLACE = Destination("members", ("list-a",))
OTHER = Destination("members", ("list-b",))
CLEAN = Settlement(3)
ACTIVITY = Activity("a1", "completed")


class Service:
    """Lists and people; it notes what it was asked."""

    def __init__(self, *members: str, **values: str) -> None:
        self.members = [{"email": address, **values} for address in members]
        self.people: dict[str, ContactStatus] = {}
        self.asked: list[str] = []

    def start_contact_export(self, list_ids: Sequence[str] = (), fields: Any = ()) -> Activity:
        self.asked.append(f"export {','.join(list_ids)} {','.join(fields)}")
        return Activity("e1", "completed", results="x")

    def activity(self, activity_id: str) -> Activity:
        return Activity(activity_id, "completed")

    def exported_contacts(self, _activity: Activity) -> Iterator[dict[str, str]]:
        return iter(self.members)

    def find_contact(self, email: str) -> ContactStatus | None:
        self.asked.append(f"look up {email}")
        return self.people.get(email)


def body(*names: str, **values: str) -> bytes:
    rows = [{"email": f"{name}@example.com", **values} for name in names]
    return json.dumps({"list_ids": ["list-a"], "import_data": rows}).encode()


def batch(number: int, *names: str, place: Destination = PLACE, **values: str) -> ImportBatch:
    return ImportBatch(number, place, None, len(names), 0, body(*names, **values), saying({}))


@pytest.fixture
def make(tmp_path: Path) -> Any:
    def make(
        service: Service, mode: Any = "on_errors", import_format: Any = "json", **options: Any
    ) -> Verifier:
        waiting = Clock().waiting(**options)
        return Verifier(service, tmp_path, mode, import_format, waiting)

    return make


def explain(verifier: Verifier) -> dict[int, Any]:
    return {found.number: found for found in verifier.explain()}


def reasons(found: Any) -> dict[str, str]:
    return {str(finding.properties["email"]): finding.reason for finding in found.findings}


@pytest.mark.parametrize(
    ("mode", "settlement", "kept"),
    [
        ("never", Settlement(2, refused=1), False),
        ("on_errors", CLEAN, False),
        ("on_errors", Settlement(2, refused=1), True),
        ("on_errors", Settlement(2, suppressed=1), True),
        ("on_errors", Settlement(2, unexplained=1), True),
        ("always", CLEAN, True),
    ],
)
def test_an_import_is_kept_when_the_mode_and_its_counters_ask_for_it(
    make, tmp_path, mode, settlement, kept
):
    verifier = make(Service(), mode)
    assert verifier.keep(batch(1, "ann", "bob", "cat"), ACTIVITY, settlement) is kept
    assert (tmp_path / "unverified" / "1").exists() is kept


def test_what_is_kept_is_private_and_goes_at_the_end(make, tmp_path):
    verifier = make(Service())
    verifier.keep(batch(1, "ann"), ACTIVITY, Settlement(0, refused=1))
    folder = tmp_path / "unverified"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "1").stat().st_mode & 0o777 == 0o600
    explain(verifier)
    assert not folder.exists()


def test_who_is_not_on_the_list_is_looked_up(make):
    service = Service("ann@example.com", " CAT@Example.com ")
    service.people["bob@example.com"] = ContactStatus("unsubscribed")
    verifier = make(service)
    verifier.keep(batch(1, "ann", "bob", "cat"), ACTIVITY, Settlement(2, suppressed=1))
    found = explain(verifier)[1]
    assert reasons(found) == {"bob@example.com": "suppressed: unsubscribed"}
    assert found.settlement == Settlement(2, suppressed=1)
    assert service.asked == ["export list-a email_address", "look up bob@example.com"]


def test_a_list_is_read_back_once_for_all_its_imports(make):
    service = Service()
    verifier = make(service)
    for number, name in enumerate(("ann", "bob", "cat"), start=1):
        verifier.keep(batch(number, name), ACTIVITY, Settlement(0, refused=1))
    verifier.keep(batch(4, "dan", place=OTHER), ACTIVITY, Settlement(0, refused=1))
    assert set(explain(verifier)) == {1, 2, 3, 4}
    exports = [asked for asked in service.asked if asked.startswith("export")]
    assert exports == ["export list-a email_address", "export list-b email_address"]


def test_no_more_people_are_looked_up_than_allowed_and_unexplained_rows_come_first(
    make, monkeypatch
):
    monkeypatch.setattr(verifier_module, "MAX_LOOK_UPS", 1)
    service = Service()
    verifier = make(service)
    verifier.keep(batch(1, "ann", "bob"), ACTIVITY, Settlement(0, refused=2))
    verifier.keep(batch(2, "cat"), ACTIVITY, Settlement(0, unexplained=1))
    found = explain(verifier)
    assert [asked for asked in service.asked if "look up" in asked] == ["look up cat@example.com"]
    assert reasons(found[2]) == {"cat@example.com": "unexplained: not in the account"}
    assert reasons(found[1]) == dict.fromkeys(
        ("ann@example.com", "bob@example.com"), "refused: not imported"
    )


def test_no_more_lists_are_read_back_than_allowed_and_the_worst_come_first(
    make, monkeypatch, caplog
):
    monkeypatch.setattr(verifier_module, "MAX_READ_BACKS", 1)
    service = Service()
    verifier = make(service)
    verifier.keep(batch(1, "ann"), ACTIVITY, Settlement(0, refused=1))
    verifier.keep(batch(2, "bob", "cat", place=OTHER), ACTIVITY, Settlement(0, refused=2))
    found = explain(verifier)
    assert reasons(found[2])
    assert (found[1].settlement, found[1].findings) == (found[1].counted, ())
    assert "lists of 1 more destination were not read back" in caplog.text


def test_lines_in_the_errors_explain_at_once_and_need_no_request(make):
    service = Service()
    verifier = make(service)
    activity = Activity("a1", "completed", errors=("Line 3: Invalid birthday",))
    found = verifier.explain_by_lines(
        batch(1, "ann", "bob", "cat"), activity, Settlement(2, refused=1)
    )
    assert reasons(found) == {"bob@example.com": "refused: counted as an error"}
    assert found.findings[0].words == "Invalid birthday"
    assert service.asked == []


@pytest.mark.parametrize(
    ("mode", "settlement"),
    [
        ("always", Settlement(2, refused=1)),
        ("never", Settlement(2, refused=1)),
        ("on_errors", Settlement(1, refused=1, suppressed=1)),
        ("on_errors", Settlement(1, refused=2)),
    ],
    ids=["may not be all", "not wanted", "another is unsubscribed", "another line is missing"],
)
def test_lines_that_do_not_tell_everything_explain_nothing_at_once(make, mode, settlement):
    activity = Activity("a1", "completed", errors=("Line 3: Invalid birthday",))
    assert (
        make(Service(), mode).explain_by_lines(batch(1, "ann", "bob", "cat"), activity, settlement)
        is None
    )


# While the run goes on

LATER = verifier_module.EARLY_SECONDS


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def early(tmp_path: Path, clock: Clock) -> Any:
    def make(service: Service, mode: Any = "on_errors") -> Verifier:
        return Verifier(service, tmp_path, mode, "json", clock.waiting(3_600.0))

    return make


def explain_early(verifier: Verifier) -> list[int]:
    return [found.number for found in verifier.explain_early()]


def test_what_has_waited_for_long_is_explained_while_the_run_goes_on(early, clock):
    service = Service("ann@example.com")
    service.people["bob@example.com"] = ContactStatus("unsubscribed")
    verifier = early(service)
    verifier.keep(batch(1, "ann", "bob"), ACTIVITY, Settlement(1, suppressed=1))
    clock.now += LATER - 1
    assert explain_early(verifier) == []
    assert service.asked == []
    clock.now += 1
    assert explain_early(verifier) == [1]
    assert explain(verifier) == {}


def test_each_read_back_in_between_lets_twice_as_long_pass_before_the_next(early, clock):
    verifier = early(Service())
    explained = []
    for number in range(1, 5):
        verifier.keep(batch(number, "ann"), ACTIVITY, Settlement(0, suppressed=1))
        clock.now += LATER
        explained.append(explain_early(verifier))
    assert explained == [[1], [], [2, 3], []]


@pytest.mark.parametrize(
    ("mode", "settlement"),
    [("always", CLEAN), ("on_errors", Settlement(2, refused=1))],
    ids=["none is counted", "one is counted"],
)
def test_a_list_that_shows_fewer_rows_than_were_counted_explains_nothing_before_the_end(
    early, clock, mode, settlement
):
    """The export may lag behind the imports, so it is asked again, and then believed."""
    service = Service("ann@example.com")
    verifier = early(service, mode)
    verifier.keep(batch(1, "ann", "bob", "cat"), ACTIVITY, settlement)
    clock.now += LATER
    assert explain_early(verifier) == []
    assert not any(asked.startswith("look up") for asked in service.asked)
    assert explain(verifier)[1].settlement.unexplained > 0


def test_rows_that_are_counted_as_unexplained_are_left_for_the_end(early, clock):
    service = Service()
    verifier = early(service)
    verifier.keep(batch(1, "ann"), ACTIVITY, Settlement(0, unexplained=1))
    clock.now += LATER
    assert explain_early(verifier) == []
    assert service.asked == []


def test_half_of_the_read_backs_and_look_ups_are_left_for_the_end(early, clock, monkeypatch):
    monkeypatch.setattr(verifier_module, "MAX_READ_BACKS", 2)
    monkeypatch.setattr(verifier_module, "MAX_LOOK_UPS", 2)
    service = Service()
    verifier = early(service)
    places = [Destination("members", (name,)) for name in ("list-a", "list-b", "list-c")]
    for number, place in enumerate(places, start=1):
        sent = batch(number, f"ann{number}", f"bob{number}", place=place)
        verifier.keep(sent, ACTIVITY, Settlement(0, refused=2))
    clock.now += LATER
    assert explain_early(verifier) == [1]
    assert service.asked == ["export list-a email_address", "look up ann1@example.com"]
    assert set(explain(verifier)) == {2, 3}
    assert service.asked[2:] == ["export list-b email_address", "look up ann2@example.com"]


def test_a_read_back_in_between_that_fails_leaves_everything_to_the_end(
    early, clock, monkeypatch, caplog
):
    """Reading stood still for it, so it is not tried again and again."""
    caplog.set_level(0)
    service = Service()

    def fail(*_arguments: Any) -> None:
        service.asked.append("export")
        raise TryLaterError("down")

    monkeypatch.setattr(service, "start_contact_export", fail)
    verifier = early(service)
    verifier.keep(batch(1, "ann"), ACTIVITY, Settlement(0, refused=1))
    for _ in range(3):
        clock.now += 10 * LATER
        assert explain_early(verifier) == []
    assert service.asked == ["export"]
    assert "STATE waits for the end of the run: down" in caplog.text
    assert set(explain(verifier)) == {1}


def test_a_read_back_in_between_does_not_keep_the_run_waiting_for_long(early, clock, monkeypatch):
    service = Service()
    unfinished = Activity("e1", "processing")
    monkeypatch.setattr(service, "start_contact_export", lambda *_: unfinished)
    monkeypatch.setattr(service, "activity", lambda _: unfinished)
    verifier = early(service)
    verifier.keep(batch(1, "ann"), ACTIVITY, Settlement(0, refused=1))
    clock.now += LATER
    began = clock.now
    assert explain_early(verifier) == []
    assert clock.now - began < LATER / 2


def test_a_signal_is_obeyed_while_a_list_is_read_back_in_between(make, monkeypatch):
    monkeypatch.setattr(verifier_module, "EARLY_SECONDS", 0.0)
    verifier = make(Service(), raise_if_stopped=stop)
    verifier.keep(batch(1, "ann"), ACTIVITY, Settlement(0, refused=1))
    with pytest.raises(InterruptedRunError):
        explain_early(verifier)


def test_an_export_that_lags_behind_proves_nothing(make, caplog):
    """Everybody who is looked up is a member, so the others are not missing either."""
    service = Service()
    names = [f"member{number}" for number in range(60)]
    for name in names:
        status = ContactStatus("implicit", list_ids=frozenset({"list-a"}))
        service.people[f"{name}@example.com"] = status
    verifier = make(service, "always")
    verifier.keep(batch(1, *names), ACTIVITY, Settlement(60))
    found = explain(verifier)[1]
    assert found.settlement == Settlement(60)
    assert found.findings == ()
    assert "does not show members that a look-up does" in caplog.text


def test_values_are_compared_where_rows_are_unexplained(make):
    service = Service("ann@example.com", "bob@example.com", **{"First name": " ADA "})
    verifier = make(service)
    verifier.keep(batch(1, "ann", "bob", first_name="Ada"), ACTIVITY, Settlement(1, unexplained=1))
    verifier.keep(batch(2, "ann", first_name="New"), ACTIVITY, Settlement(0, unexplained=1))
    found = explain(verifier)
    assert found[1].settlement == Settlement(2)
    assert reasons(found[2]) == {"ann@example.com": "unexplained: on the list with other values"}
    assert service.asked[0] == "export list-a email_address,first_name"


def test_values_that_cannot_be_compared_leave_rows_unexplained(make):
    """A custom field may have been lost with the row."""
    verifier = make(Service("ann@example.com"))
    verifier.keep(batch(1, "ann", **{"cf:tier": "gold"}), ACTIVITY, Settlement(0, unexplained=1))
    assert explain(verifier)[1].settlement == Settlement(0, unexplained=1)


def test_a_service_that_fails_leaves_the_counters_and_one_warning(make, caplog, monkeypatch):
    def fail(*_arguments: Any) -> None:
        raise TryLaterError("down")

    monkeypatch.setattr(Service, "start_contact_export", fail)
    verifier = make(Service())
    for number, place in ((1, PLACE), (2, OTHER)):
        verifier.keep(batch(number, "ann", place=place), ACTIVITY, Settlement(0, refused=1))
    found = explain(verifier)
    assert [found[number].settlement for number in (1, 2)] == [Settlement(0, refused=1)] * 2
    assert [record.levelname for record in caplog.records].count("WARNING") == 1


def test_a_signal_is_obeyed(make):
    verifier = make(Service(), raise_if_stopped=stop)
    verifier.keep(batch(1, "ann"), ACTIVITY, Settlement(0, refused=1))
    with pytest.raises(InterruptedRunError):
        list(verifier.explain())


def test_no_address_is_logged(make, caplog):
    caplog.set_level(0)
    verifier = make(Service())
    verifier.keep(batch(1, "ann"), ACTIVITY, Settlement(0, refused=1))
    explain(verifier)
    assert "@" not in caplog.text
