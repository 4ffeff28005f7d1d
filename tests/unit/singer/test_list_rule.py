"""Which lists the records of a stream go to."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from target_constant_contact.account.lists import NewListsError, UnknownListError, Wanted
from target_constant_contact.batches.batch import Destination
from target_constant_contact.exceptions import SettingsError
from target_constant_contact.settings.faults import MAX_LISTS
from target_constant_contact.settings.streams import StreamSettings
from target_constant_contact.singer.list_rule import ListRule, default_lists
from target_constant_contact.singer.rejected import RowRejectedError

SCHEMA = {"properties": {"list": {"type": ["string", "array", "null"]}}}
DEFAULT = Destination("members", ("default",))


class Directory:
    """Lists of one-letter names; those in capitals are new."""

    creates = True

    def __init__(self) -> None:
        self.made: list[str] = []

    def look_up(self, references: Any) -> Wanted:
        for reference in references:
            if len(reference) > 1:
                raise UnknownListError(f"no list is called {reference!r}")
        new = {each: each for each in references if each.isupper()}
        return Wanted(frozenset(references) - new.keys(), new)

    def admit(self, names: Any) -> None:
        if len(names) > 2:
            raise NewListsError(f"{len(names)} lists would be made")

    def make(self, wanted: Wanted) -> tuple[str, ...]:
        self.made += wanted.new
        if "X" in wanted.new:
            raise UnknownListError("list 'X' was not created")
        return tuple(sorted(wanted.ids.union(wanted.new)))


def rule(default: Destination = DEFAULT, field: str = "list") -> ListRule:
    directory: Any = Directory()
    return ListRule(default, field, SCHEMA, directory)


def of(lists: ListRule, value: Any) -> Destination:
    """Where a record goes."""
    return lists.destination(lists.wanted({"list": value}))


def rejected(value: Any, default: Destination = DEFAULT) -> RowRejectedError:
    with pytest.raises(RowRejectedError) as caught:
        rule(default).wanted({"list": value})
    assert rule(default).of_value(value) is None
    assert caught.value.rejection.field == "list"
    return caught.value


def test_a_record_goes_to_the_lists_that_it_names():
    lists = rule()
    assert of(lists, "b") == Destination("members", ("b",))
    assert of(lists, ["c", "b"]) == Destination("members", ("b", "c"))
    assert of(lists, "b") is lists.of_value("b")


@pytest.mark.parametrize("value", [None, "", " ", [], [None], "[]", "{}", '["", null]', "{NULL}"])
def test_a_record_that_names_none_goes_to_the_lists_of_the_settings(value):
    assert of(rule(), value) is DEFAULT


def test_without_a_field_all_records_go_to_the_same_lists():
    assert of(rule(field=""), "b") is DEFAULT


def test_a_record_that_names_no_list_where_the_settings_name_none_is_rejected():
    assert (
        str(rejected(None, Destination("members")))
        == "record names no list, and no lists are set beside lists_field"
    )


@pytest.mark.parametrize(
    "value", [True, 1.5, Decimal("NaN"), float("inf"), {"name": "b"}, ["b", {"name": "c"}]]
)
def test_a_list_that_is_not_a_text_is_rejected(value):
    assert str(rejected(value)) == "record names a list that is not a text"


def test_a_list_that_does_not_exist_is_named():
    assert str(rejected("Zebras")) == (
        "record names a list that does not exist: no list is called 'Zebras'"
    )


@pytest.mark.parametrize("value", ["ann@example.com", "+1 (212) 555-0100", 2125550100])
def test_what_may_be_about_a_person_is_named_in_the_rejects_file_only(value):
    error = rejected(value)
    assert str(error).startswith("record names a list that does not exist")
    assert str(value) not in str(error)
    assert str(value) in error.hint


def test_no_more_than_a_few_unknown_lists_are_named():
    lists = rule()
    reasons = set()
    for number in [*range(20), *range(20)]:
        with pytest.raises(RowRejectedError) as caught:
            lists.wanted({"list": f"Zebras {number}"})
        reasons.add(str(caught.value))
        assert f"'Zebras {number}'" in f"{caught.value} {caught.value.hint}"
    assert len(reasons) == 6


@pytest.mark.parametrize("value", [2026.0, Decimal("2026.0"), 2026, "2026"])
def test_a_whole_number_is_a_name_however_a_spreadsheet_writes_it(value):
    assert "'2026'" in str(rejected(value))


def test_more_lists_than_a_contact_can_be_on_are_rejected(monkeypatch):
    monkeypatch.setattr("target_constant_contact.singer.list_rule.MAX_LISTS", 2)
    assert str(rejected(["a", "b", "c"])) == "record names more than 2 lists"


def test_looking_at_a_record_makes_no_list():
    lists = rule()
    wanted = lists.wanted({"list": ["b", "N"]})
    assert lists._directory.made == []
    assert lists.destination(wanted) == Destination("members", ("N", "b"))
    assert lists._directory.made == ["N"]


def test_a_list_that_the_service_refuses_rejects_the_record():
    assert rule().of_value("X") is None
    lists = rule()
    with pytest.raises(RowRejectedError, match="does not exist") as caught:
        of(lists, "X")
    assert "was not created" in str(caught.value)


def test_new_lists_of_several_records_are_counted_together_and_each_once():
    lists = rule()
    lists.admit(["A", "B", ["A", "b"], None, "unknown", True])
    with pytest.raises(NewListsError, match="3 lists"):
        lists.admit(["A", "B", ["C"]])
    assert lists._directory.made == []


def test_a_field_that_the_stream_does_not_have_is_a_fault_of_the_settings():
    with pytest.raises(SettingsError, match=r"has no field 'lisst' \(for lists_field\)"):
        rule(field="lisst")


def test_the_settings_may_not_name_more_lists_than_a_contact_can_be_on():
    directory: Any = Directory()
    names = tuple(chr(0x4E00 + number) for number in range(MAX_LISTS + 1))
    assert len(default_lists(StreamSettings(lists=names[1:]), directory)) == MAX_LISTS
    with pytest.raises(SettingsError, match=rf"{MAX_LISTS + 1} lists; a contact can be on 1 to"):
        default_lists(StreamSettings(lists=names), directory)
