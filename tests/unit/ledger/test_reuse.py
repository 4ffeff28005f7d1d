"""What an interrupted run has imported stands where no older value would stay on top."""

from __future__ import annotations

import pytest

from tests.support.fakes import AT_ONCE
from tests.support.ledgers import NOON, accepted, imported, names, say, send

# What may stand.


def test_a_batch_that_was_imported_is_taken_up(exports):
    exports.interrupt(say(a=1), say(b=1))
    ledger = exports.resume()
    first, second = ledger.accepted
    assert ledger.take_up(say(b=1), "json") == imported(second)
    assert ledger.take_up(say(a=1), "json") == imported(first)


def test_a_lost_import_that_was_found_is_taken_up(exports):
    first = exports.start("first")
    first.begin(say(a=1), "json")
    first.close()
    ledger = exports.start()
    (entry,) = ledger.in_doubt
    ledger.confirm(entry, imported(entry))
    assert ledger.take_up(say(a=1), "json") == imported(entry)


def test_it_counts_once(exports):
    exports.interrupt(say(a=1))
    ledger = exports.resume()
    assert ledger.take_up(say(a=1), "json")
    assert ledger.take_up(say(a=1), "json") is None


def test_what_was_sent_twice_counts_twice_in_order(exports):
    exports.interrupt(say(a=1), say(b=1), say(a=1))
    ledger = exports.resume()
    taken = [ledger.take_up(say(a=1), "json") for _ in range(3)]
    assert [activity and activity.activity_id for activity in taken] == [
        "activity-1",
        "activity-3",
        None,
    ]


def test_it_counts_again_when_the_run_that_took_it_up_is_interrupted(exports):
    exports.interrupt(say(a=1))
    second = exports.resume("second")
    assert second.take_up(say(a=1), "json")
    second.close()
    assert exports.resume("third").take_up(say(a=1), "json")


def test_what_the_run_itself_has_sent_does_not_count(exports):
    exports.interrupt(say(b=1))
    ledger = exports.resume()
    entry = send(ledger, say(a=1))
    ledger.settle(entry)
    assert ledger.take_up(say(a=1), "json") is None


@pytest.mark.parametrize(
    ("batch", "import_format"),
    [
        (say(a=2), "json"),
        (say(b=1), "json"),
        (say(a=1, b=1), "json"),
        (say(("list-b",), a=1), "json"),
        (say(("list-a", "list-b"), a=1), "json"),
        (say(("list-a",), "explicit", a=1), "json"),
        (say(a=1), "csv"),
    ],
    ids=["value", "person", "more", "list", "lists", "permission", "format"],
)
def test_a_batch_that_is_not_quite_the_same_is_sent(exports, batch, import_format):
    exports.interrupt(say(a=1))
    assert exports.resume().take_up(batch, import_format) is None


def test_the_lists_of_a_csv_import_make_a_difference(exports):
    """They are not in its file."""
    batch, other = say(a=1), say(("list-b",), a=1)
    first = exports.start("first")
    entry = first.begin(batch, "csv")
    first.accept(entry, accepted(entry))
    first.close()
    ledger = exports.resume()
    object.__setattr__(other, "body", batch.body)
    assert ledger.take_up(other, "csv") is None
    assert ledger.take_up(batch, "csv")


@pytest.mark.parametrize("state", ["failed", "cancelled", "timed_out", "processing", "new"])
def test_an_import_that_did_not_end_well_is_sent_again(exports, state):
    exports.interrupt(say(a=1))
    ledger = exports.start()
    (entry,) = ledger.accepted
    ledger.confirm(entry, imported(entry, state))
    assert ledger.take_up(say(a=1), "json") is None


def test_an_import_that_the_service_does_not_know_is_sent_again(exports):
    exports.interrupt(say(a=1))
    ledger = exports.start()
    ledger.confirm(ledger.accepted[0], None)
    assert ledger.take_up(say(a=1), "json") is None


@pytest.mark.parametrize(
    ("counters", "stands"),
    [
        ({}, True),
        ({"items_total_count": 3}, True),
        ({"error_count": 1}, False),
        ({"correctable_count": 1}, False),
        ({"person_count": 1}, False),
        ({"cannot_add_to_list_count": 2}, True),
        ({"cannot_add_to_list_count": 1, "error_count": 1}, False),
    ],
)
def test_an_import_stands_when_every_row_landed_or_belongs_to_the_unsubscribed(
    exports, counters, stands
):
    exports.interrupt(say(a=1, b=1))
    ledger = exports.start()
    (entry,) = ledger.accepted
    ledger.confirm(entry, imported(entry, **counters))
    assert bool(ledger.take_up(say(a=1, b=1), "json")) is stands


# What may not: an older value would stay on top.


@pytest.mark.parametrize("state", ["accepted", "settled", "sent"])
def test_a_later_import_that_says_otherwise_of_a_person_keeps_it_from_standing(exports, state):
    first = exports.start("first")
    send(first, say(a=1, b=1))
    later = first.begin(say(c=1, a=2), "json")
    if state != "sent":
        first.accept(later, accepted(later))
    if state == "settled":
        first.settle(later)
    first.close()
    assert exports.resume().take_up(say(a=1, b=1), "json") is None


def test_it_is_kept_from_standing_by_what_a_later_run_has_sent_too(exports):
    exports.interrupt(say(a=1))
    exports.interrupt(say(a=2), run="second")
    ledger = exports.resume()
    assert ledger.take_up(say(a=1), "json") is None
    assert ledger.take_up(say(a=2), "json")


def test_an_import_that_failed_may_have_changed_a_person_all_the_same(exports):
    exports.interrupt(say(a=1), say(a=2))
    ledger = exports.start()
    stands, failed = ledger.accepted
    ledger.confirm(stands, imported(stands))
    ledger.confirm(failed, imported(failed, "failed"))
    assert ledger.take_up(say(a=1), "json") is None


def test_a_lost_import_that_was_not_found_may_have_changed_a_person_all_the_same(exports):
    """Two activities of the same size are enough, and it is not known which one it is."""
    first = exports.start("first")
    send(first, say(a=1))
    first.begin(say(a=2), "json")
    first.close()
    ledger = exports.resume()
    ledger.confirm(ledger.in_doubt[0], None)
    assert ledger.take_up(say(a=1), "json") is None


def test_a_batch_that_was_refused_changes_nothing(exports):
    first = exports.start("first")
    send(first, say(a=1))
    first.not_taken(first.begin(say(a=2), "json"))
    first.close()
    assert exports.resume().take_up(say(a=1), "json")


def test_a_later_import_that_says_the_same_does_not_matter(exports):
    exports.interrupt(say(a=1, b=1), say(a=1, c=2), say(d=3))
    assert exports.resume().take_up(say(a=1, b=1), "json")


def test_an_earlier_import_that_says_otherwise_does_not_matter(exports):
    exports.interrupt(say(a=2), say(a=1))
    assert exports.resume().take_up(say(a=1), "json")


def test_of_a_change_that_was_taken_back_only_the_last_import_stands(exports):
    exports.interrupt(say(a=1), say(a=2), say(a=1))
    ledger = exports.resume()
    taken = ledger.take_up(say(a=1), "json")
    assert taken
    assert taken.activity_id == "activity-3"
    assert ledger.take_up(say(a=2), "json") is None
    assert ledger.take_up(say(a=1), "json") is None


def test_another_consent_is_another_value(exports):
    exports.interrupt(say(a=1), say(("list-a",), "explicit", a=1))
    assert exports.resume().take_up(say(a=1), "json") is None


@pytest.mark.parametrize("answered", [True, False], ids=["accepted", "sent"])
def test_what_this_run_has_sent_keeps_it_from_standing(exports, answered):
    exports.interrupt(say(a=1, b=1), say(c=1))
    ledger = exports.resume()
    entry = ledger.begin(say(a=2), "json")
    if answered:
        ledger.accept(entry, accepted(entry))
    assert ledger.take_up(say(a=1, b=1), "json") is None
    assert ledger.take_up(say(c=1), "json")


def test_what_this_run_has_sent_in_vain_does_not_matter(exports):
    exports.interrupt(say(a=1))
    ledger = exports.resume()
    ledger.not_taken(ledger.begin(say(a=2), "json"))
    send(ledger, say(a=1, b=1))
    assert ledger.take_up(say(a=1), "json")


SPOILS = {
    "lost": lambda _said: None,
    "empty": lambda _said: b"",
    "cut": lambda said: said[:-1],
    "a bit turned": lambda said: bytes([said[0] ^ 1]) + said[1:],
    "zeros": lambda said: bytes(len(said)),
}


@pytest.mark.parametrize("spoil", SPOILS.values(), ids=SPOILS)
def test_when_it_is_not_known_what_was_said_nothing_before_stands(exports, spoil):
    exports.interrupt(say(a=1), say(b=1), say(c=1))
    exports.spoil(2, spoil)
    ledger = exports.resume()
    assert ledger.take_up(say(a=1), "json") is None
    assert ledger.take_up(say(c=1), "json")


@pytest.mark.parametrize("spoil", SPOILS.values(), ids=SPOILS)
def test_what_is_not_known_is_kept_from_standing_by_all_that_was_sent_later(exports, spoil):
    exports.interrupt(say(b=1), say(c=1))
    exports.spoil(1, spoil)
    assert exports.resume().take_up(say(b=1), "json") is None


@pytest.mark.parametrize("spoil", SPOILS.values(), ids=SPOILS)
def test_when_it_is_not_known_what_this_run_has_said_nothing_stands(exports, spoil):
    exports.interrupt(say(a=1))
    ledger = exports.resume()
    send(ledger, say(b=1))
    exports.spoil(2, spoil)
    assert ledger.take_up(say(a=1), "json") is None


# Other exports to the account.


def test_nothing_stands_when_another_export_has_begun_since(exports, caplog):
    exports.interrupt(say(a=1))
    exports.pass_by()
    ledger = exports.resume()
    assert ledger.take_up(say(a=1), "json") is None
    assert caplog.messages == [
        "Another export has sent since; what was sent before it is sent again"
    ]


def test_it_is_asked_for_all_the_same(exports):
    """Nothing may be sent while an older import is unfinished."""
    exports.interrupt(say(a=1))
    exports.pass_by()
    assert names(exports.start().accepted) == ["activity-1"]


def test_another_export_that_is_still_under_way_counts_too(exports):
    exports.interrupt(say(a=1))
    send(exports.start("other run", "other export"), say(a=9))
    assert exports.resume().take_up(say(a=1), "json") is None


@pytest.mark.parametrize("fraction", [0, 6e-7], ids=["whole", "rounded up"])
def test_what_another_export_has_sent_in_the_same_moment_may_have_come_later(exports, fraction):
    exports.clock = lambda: NOON.timestamp() + fraction
    exports.interrupt(say(a=1))
    exports.pass_by()
    assert exports.resume().take_up(say(a=1), "json") is None


def test_another_export_that_ended_before_does_not_matter(exports):
    exports.pass_by()
    exports.interrupt(say(a=1))
    assert exports.resume().take_up(say(a=1), "json")


def test_a_run_that_came_to_nothing_does_not_make_it_stand_again(exports):
    exports.interrupt(say(a=1))
    exports.pass_by()
    exports.interrupt(run="second")
    assert exports.resume("third").take_up(say(a=1), "json") is None


def test_what_was_sent_after_the_other_export_had_begun_and_ended_stands(exports):
    exports.interrupt(say(a=1))
    exports.pass_by()
    exports.interrupt(say(a=1), run="second")
    ledger = exports.resume("third")
    assert ledger.take_up(say(a=1), "json")


def test_nothing_stands_when_another_export_under_way_has_sent_since(exports):
    other = exports.start("other run", "other export")
    exports.interrupt(say(a=1))
    send(other, say(a=9))
    assert exports.resume().take_up(say(a=1), "json") is None


def test_an_export_to_another_account_does_not_matter(exports):
    exports.interrupt(say(a=1))
    exports.ledger("other run", account="other account").open(AT_ONCE)
    assert exports.resume().take_up(say(a=1), "json")


def test_nothing_stands_any_more_once_another_export_has_sent_in_between(exports):
    """Also when something of this run was taken up before."""
    exports.interrupt(say(b=1), say(a=1))
    ledger = exports.resume()
    assert ledger.take_up(say(b=1), "json")
    other = exports.start("other run", "other export")
    send(other, say(a=9))
    assert ledger.take_up(say(a=1), "json") is None
