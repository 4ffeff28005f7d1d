"""A run stops before it gives the account more contacts than the contract allows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from target_constant_contact.api.models import Activity, ContactCounts
from target_constant_contact.batches.batch import Destination, ImportBatch
from target_constant_contact.exceptions import ContractLimitError, InterruptedRunError
from target_constant_contact.imports.contract import ContractGuard
from target_constant_contact.sandbox import Behaviour
from tests.support.fakes import Clock, stop
from tests.support.saying import saying
from tests.support.target import member, schema, state

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class Account:
    """An account with some contacts; it notes what it was asked."""

    def __init__(self, *addresses: str, unsubscribed: int = 0) -> None:
        self.addresses = set(addresses)
        self.unsubscribed = unsubscribed
        self.asked: list[str] = []
        self.state = "completed"

    def contact_counts(self) -> ContactCounts:
        self.asked.append("counts")
        active = len(self.addresses)
        return ContactCounts(active=active, total=active + self.unsubscribed)

    def start_contact_export(
        self, list_ids: Sequence[str] = (), fields: Sequence[str] = ("email_address",)
    ) -> Activity:
        self.asked.append(f"export {list(list_ids)} {list(fields)}")
        return Activity("e1", "initialized", results="/v3/contact_exports/1")

    def activity(self, activity_id: str) -> Activity:
        return Activity(activity_id, self.state)

    def exported_contacts(self, activity: Activity) -> Iterator[dict[str, str]]:
        assert activity.results == "/v3/contact_exports/1"
        return iter([{"email": address.title()} for address in sorted(self.addresses)])


def batch(*addresses: str) -> ImportBatch:
    place = Destination("members", ("list-a",))
    return ImportBatch(1, place, None, len(addresses), 0, b"", saying(dict.fromkeys(addresses, 1)))


class Guard:
    def __init__(
        self,
        account: Account,
        max_active: int | None = None,
        max_new: int | None = None,
        **options: Any,
    ) -> None:
        self.account = account
        self._on_its_way: set[str] = set()
        self._guard = ContractGuard(
            account, Clock().waiting(**options), self._land, max_active=max_active, max_new=max_new
        )

    def admit(self, *addresses: str, land: bool = True) -> None:
        """Let a batch be sent; what does not land is refused, or waits for another batch."""
        self._guard.admit(batch(*addresses))
        if land:
            self._on_its_way |= set(addresses)

    def _land(self) -> None:
        self.account.addresses |= self._on_its_way


def test_without_a_limit_nothing_is_asked():
    guard = Guard(Account("a"))
    guard.admit("b")
    assert guard.account.asked == []


def test_far_from_the_limit_only_the_counts_are_asked_for_and_once():
    guard = Guard(Account("a"), max_active=10, max_new=9)
    guard.admit("b", "c")
    guard.admit("d")
    assert guard.account.asked == ["counts"]


def test_near_the_limit_one_export_tells_who_is_new():
    guard = Guard(Account("a", "b", "c"), max_active=4)
    guard.admit("a", "b")
    guard.admit("c", "d")
    assert guard.account.asked == ["counts", "export [] ['email_address']", "counts"]


def test_the_import_that_would_go_beyond_is_not_sent():
    guard = Guard(Account("a", "b"), max_active=3)
    guard.admit("a", "c")
    with pytest.raises(ContractLimitError, match=r"add 1 new contact:.*max_active_contacts is 3"):
        guard.admit("a", "d")


def test_exactly_the_limit_is_allowed():
    guard = Guard(Account("a"), max_active=2)
    guard.admit("a", "b")
    guard.admit("b")


def test_people_who_are_known_are_always_admitted_even_beyond_the_limit():
    guard = Guard(Account("a", "b", "c"), max_active=2)
    guard.admit("a", "b", "c")


def test_the_same_new_person_counts_once_over_all_batches():
    guard = Guard(Account("x"), max_new=1)
    guard.admit("a", land=False)
    guard.admit("a", "x", land=False)
    with pytest.raises(ContractLimitError, match="max_new_contacts is 1"):
        guard.admit("b")


def test_what_the_run_has_added_before_the_export_counts_as_new():
    """By then it is in the account, like everybody else."""
    guard = Guard(Account("x", "y"), max_new=2)
    guard.admit("a", "b")
    with pytest.raises(ContractLimitError, match=r"adds 2 before.*max_new_contacts is 2"):
        guard.admit("c")


def test_what_is_on_its_way_has_landed_before_the_export_and_counts_once():
    guard = Guard(Account("x", "y"), max_new=3)
    guard.admit("a", "b")
    guard.admit("x", "c")
    with pytest.raises(ContractLimitError, match=r"adds 3 before.*max_new_contacts is 3"):
        guard.admit("d")


def test_contacts_that_vanish_meanwhile_make_no_room_for_more_new_ones():
    guard = Guard(Account("x", "y", unsubscribed=5), max_new=1)
    guard.admit("x")
    guard.account.unsubscribed = 0
    with pytest.raises(ContractLimitError, match="max_new_contacts is 1"):
        guard.admit("a", "b")


def test_what_has_not_landed_by_the_export_counts_too():
    guard = Guard(Account("x", "y"), max_active=4)
    guard.admit("a", "b", land=False)
    with pytest.raises(ContractLimitError):
        guard.admit("x", "c")


def test_no_new_contacts_at_all_can_be_allowed():
    guard = Guard(Account("a"), max_new=0)
    guard.admit("a")
    with pytest.raises(ContractLimitError):
        guard.admit("b")


def test_addresses_are_compared_as_the_service_does():
    guard = Guard(Account("ann@example.com"), max_new=0)
    guard.admit("ann@example.com")


def test_waiting_for_the_export_listens_to_a_signal():
    guard = Guard(Account("a"), max_new=0, raise_if_stopped=stop)
    with pytest.raises(InterruptedRunError):
        guard.admit("a")


def test_the_line_says_what_was_counted_and_what_to_do():
    guard = Guard(Account(*"abcdefg"), max_active=7)
    with pytest.raises(ContractLimitError) as caught:
        guard.admit("a", "z")
    line = str(caught.value)
    assert "the account has 7 active contacts" in line
    assert "this run adds 0 before" in line
    assert "Raise the limit if your contract allows it" in line
    assert caught.value.exit_code == 65


def test_a_run_stops_at_the_limit_and_what_was_sent_before_stays(export):
    """The way through the whole target."""
    outcome = export(
        schema(),
        *map(member, range(10)),
        state("end"),
        batch_size_rows=4,
        max_new_contacts=8,
    )
    assert outcome.exit_code == 65
    assert outcome.states == []
    assert outcome.totals == {"read": 10, "landed": 8, "unsettled": 2}
    assert "max_new_contacts is 8" in outcome.log
    again = export(schema(), *map(member, range(8)), state("end"), max_new_contacts=0)
    assert again.exit_code == 0
    assert again.totals == {"read": 8, "landed": 8}


def test_exactly_the_limit_is_reached_though_imports_are_on_their_way(sandbox, export):
    """Those that land while the account is read are no news."""
    there = export(schema(), *map(member, range(4)))
    assert there.exit_code == 0
    sandbox.behaviour = Behaviour(seconds_to_finish=0.3)
    rows = map(member, range(12))
    outcome = export(schema(), *rows, state("end"), batch_size_rows=2, max_new_contacts=8)
    assert outcome.exit_code == 0
    assert outcome.totals == {"read": 12, "landed": 12}
