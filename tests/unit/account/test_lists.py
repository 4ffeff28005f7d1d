"""Lists are found by id, name or URL."""

from __future__ import annotations

from typing import Any

import pytest

from target_constant_contact.account.lists import ListDirectory, UnknownListError
from target_constant_contact.api.models import ContactList
from target_constant_contact.exceptions import ApiError

NEWS = "0a11b22c-1111-4111-8111-111111111111"
LOYAL = "0a11b22c-2222-4222-8222-222222222222"
COMMA = "0a11b22c-3333-4333-8333-333333333333"
GONE = "0a11b22c-4444-4444-8444-444444444444"
NEW = "0A11B22C-5555-4555-8555-555555555555"


class FakeClient:
    def __init__(self, *lists: ContactList) -> None:
        self.lists = list(lists)
        self.created: list[str] = []

    def contact_lists(self, *, counts: bool) -> list[ContactList]:
        return self.lists or [
            ContactList(NEWS, "Newsletter", membership_count=7 if counts else None),
            ContactList(LOYAL, "Loyalty members"),
            ContactList(COMMA, "Friends, near and far"),
            ContactList(GONE, "Old campaign", deleted=True),
        ]

    def create_contact_list(self, name: str) -> ContactList:
        self.created.append(name)
        return ContactList(NEW, name)


def directory(*lists: ContactList, **options: Any) -> ListDirectory:
    return ListDirectory(FakeClient(*lists), **{"create_lists": False, "dry_run": False, **options})


@pytest.mark.parametrize(
    "reference",
    [
        NEWS,
        NEWS.upper(),
        "Newsletter",
        " newsletter ",
        f"https://app.constantcontact.com/pages/contacts/ui#contacts/lists/{NEWS}/members",
        f"https://example.com/accounts/{GONE}/lists/{NEWS}?page=1",
    ],
)
def test_a_list_is_found(reference):
    assert directory().find(reference) == (NEWS,)


@pytest.mark.parametrize("turned", [False, True])
def test_of_lists_that_differ_in_case_only_the_one_of_that_very_name_is_meant(turned):
    """Otherwise members go to a list that nobody has named, in whichever order lists are read."""
    found = [ContactList(NEWS, "vip"), ContactList(LOYAL, "VIP")]
    lists = directory(*(reversed(found) if turned else found))
    assert lists.find("vip") == (NEWS,)
    assert lists.find("VIP") == (LOYAL,)


def test_of_lists_that_differ_in_case_only_the_first_is_meant_by_a_third_spelling():
    lists = directory(ContactList(NEWS, "VIP"), ContactList(LOYAL, "ViP"))
    assert lists.find("Vip") == (NEWS,)


@pytest.mark.parametrize(("counts", "members"), [(True, 7), (False, None)])
def test_members_are_counted_only_if_asked_for(counts, members):
    existing = directory(counts=counts).existing
    assert existing[NEWS].membership_count == members
    assert GONE not in existing


def test_several_lists_are_found_in_one_text_each_once_and_in_a_fixed_order():
    assert directory().find(f"Loyalty members, {NEWS},newsletter,") == (NEWS, LOYAL)


def test_several_urls_are_several_lists():
    text = f"https://example.com/{NEWS}, https://example.com/{LOYAL}"
    assert directory().find(text) == (NEWS, LOYAL)


def test_a_name_with_a_comma_is_one_list():
    assert directory().find("Friends, near and far") == (COMMA,)


def test_texts_of_a_list_are_found_together():
    assert directory().find_all(["Loyalty members", "Newsletter,Loyalty members"]) == (NEWS, LOYAL)


def test_an_unknown_name_gets_close_matches():
    with pytest.raises(UnknownListError, match=r"'Newsleter'.*did you mean 'Newsletter'"):
        directory().find("Newsleter")


def test_an_unknown_name_without_close_matches_gets_the_way_to_create_it():
    with pytest.raises(UnknownListError, match=r"'Zebras'.*create_lists: true"):
        directory().find("Zebras")


@pytest.mark.parametrize("reference", [GONE, f"https://example.com/{GONE}"])
def test_a_deleted_or_foreign_id_is_not_created_as_a_name(reference):
    with pytest.raises(UnknownListError, match="check the id"):
        directory(create_lists=True).find(reference)


def test_a_missing_list_is_created_once():
    lists = directory(create_lists=True)
    assert lists.find("Zebras") == lists.find("zebras") == (NEW.lower(),)
    assert lists._client.created == ["Zebras"]
    assert lists.names[NEW.lower()] == "Zebras"


def test_a_dry_run_creates_nothing():
    lists = directory(create_lists=True, dry_run=True)
    assert lists.find("Zebras") == ("zebras",)
    assert lists._client.created == []


def test_a_name_that_is_too_long_is_not_created():
    with pytest.raises(UnknownListError, match="check the id"):
        directory(create_lists=True).find("x" * 256)


def test_an_address_is_never_created_as_a_list():
    lists = directory(create_lists=True)
    with pytest.raises(UnknownListError):
        lists.find("ann@example.com")
    assert lists._client.created == []


def test_looking_only_creates_nothing():
    lists = directory(create_lists=True)
    lists.find("Zebras", create=False)
    assert lists._client.created == []


def test_a_list_that_cannot_be_created_is_unknown_and_not_tried_again():
    lists, tries = directory(create_lists=True), []

    def refuse(name: str) -> ContactList:
        tries.append(name)
        raise ApiError("POST /contact_lists: 409 (conflict)", status=409)

    lists._client.create_contact_list = refuse
    for _ in range(3):
        with pytest.raises(UnknownListError, match="was not created: POST"):
            lists.find("Zebras")
    assert tries == ["Zebras"]


def test_an_unknown_list_is_explained_once():
    lists = directory()
    for _ in range(2):
        with pytest.raises(UnknownListError, match="did you mean"):
            lists.find("Newsleter")
    assert list(lists._unknown) == ["Newsleter"]
