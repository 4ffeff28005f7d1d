"""Which lists the records of a stream go to."""

from __future__ import annotations

from typing import Any

import pytest

from target_constant_contact.account.lists import UnknownListError
from target_constant_contact.batches.batch import Destination
from target_constant_contact.exceptions import SettingsError
from target_constant_contact.settings.faults import MAX_LISTS
from target_constant_contact.settings.streams import StreamSettings
from target_constant_contact.singer.list_rule import ListRule, default_lists
from target_constant_contact.singer.rejected import RowRejectedError

SCHEMA = {"properties": {"list": {"type": ["string", "array", "null"]}}}
DEFAULT = Destination("members", ("default",))


class Directory:
    """Lists of one-letter names."""

    def find_all(self, references: Any) -> tuple[str, ...]:
        for reference in references:
            if len(reference) > 1:
                raise UnknownListError(f"no list is called {reference!r}")
        return tuple(sorted(set(references)))


def rule(default: Destination = DEFAULT, field: str = "list") -> ListRule:
    directory: Any = Directory()
    return ListRule(default, field, SCHEMA, directory)


def rejected(value: Any, default: Destination = DEFAULT) -> RowRejectedError:
    with pytest.raises(RowRejectedError) as caught:
        rule(default).of({"list": value})
    assert rule(default).of_value(value) is None
    assert caught.value.rejection.field == "list"
    return caught.value


def test_a_record_goes_to_the_lists_that_it_names():
    lists = rule()
    assert lists.of({"list": "b"}) == Destination("members", ("b",))
    assert lists.of({"list": ["c", "b"]}) == Destination("members", ("b", "c"))
    assert lists.of({"list": "b"}) is lists.of_value("b")


@pytest.mark.parametrize("value", [None, "", [], [None]])
def test_a_record_that_names_none_goes_to_the_lists_of_the_settings(value):
    assert rule().of({"list": value}) is DEFAULT


def test_without_a_field_all_records_go_to_the_same_lists():
    assert rule(field="").of({"list": "b"}) is DEFAULT


def test_a_record_that_names_no_list_where_the_settings_name_none_is_rejected():
    assert str(rejected(None, Destination("members"))) == "record names no list"


@pytest.mark.parametrize("value", [True, 1.5, {"name": "b"}, ["b", {"name": "c"}]])
def test_a_list_that_is_not_a_text_is_rejected(value):
    assert str(rejected(value)) == "record names a list that is not a text"


def test_a_list_that_does_not_exist_is_rejected_with_a_hint_for_the_file_only():
    error = rejected("secret")
    assert str(error) == "record names a list that does not exist"
    assert "secret" in error.hint


def test_more_lists_than_a_contact_can_be_on_are_rejected(monkeypatch):
    monkeypatch.setattr("target_constant_contact.singer.list_rule.MAX_LISTS", 2)
    assert str(rejected(["a", "b", "c"])) == "record names more than 2 lists"


def test_a_field_that_the_stream_does_not_have_is_a_fault_of_the_settings():
    with pytest.raises(SettingsError, match=r"has no field 'lisst' \(for lists_field\)"):
        rule(field="lisst")


def test_the_settings_may_not_name_more_lists_than_a_contact_can_be_on():
    directory: Any = Directory()
    names = tuple(chr(0x4E00 + number) for number in range(MAX_LISTS + 1))
    assert len(default_lists(StreamSettings(lists=names[1:]), directory)) == MAX_LISTS
    with pytest.raises(SettingsError, match=rf"{MAX_LISTS + 1} lists; a contact can be on 1 to"):
        default_lists(StreamSettings(lists=names), directory)
