"""Lists are found by id, name or URL."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_constant_contact.account.lists import (
    MAX_EXPLAINED,
    ListDirectory,
    NewListsError,
    UnknownListError,
    Wanted,
)
from target_constant_contact.api.models import ContactList
from target_constant_contact.exceptions import ApiError
from target_constant_contact.settings.list_texts import ListItem, array_of

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
    given = {"create_lists": False, "dry_run": False, "max_new": 10, **options}
    return ListDirectory(FakeClient(*lists), **given)


def find(lists: ListDirectory, *references: str) -> tuple[str, ...]:
    """Ids of the lists that texts mean; what is new is created."""
    return lists.make(lists.look_up(references))


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
    assert find(directory(), reference) == (NEWS,)


@pytest.mark.parametrize("turned", [False, True])
def test_of_lists_that_differ_in_case_only_the_one_of_that_very_name_is_meant(turned):
    """Otherwise members go to a list that nobody has named, in whichever order lists are read."""
    found = [ContactList(NEWS, "vip"), ContactList(LOYAL, "VIP")]
    lists = directory(*(reversed(found) if turned else found))
    assert find(lists, "vip") == (NEWS,)
    assert find(lists, "VIP") == (LOYAL,)


def test_which_of_lists_that_differ_in_case_only_a_third_spelling_means_is_asked():
    lists = directory(ContactList(NEWS, "VIP"), ContactList(LOYAL, "ViP"), create_lists=True)
    with pytest.raises(
        UnknownListError, match=rf"'Vip' may be 'VIP' \({NEWS}\) or 'ViP' \({LOYAL}\); give the id"
    ):
        find(lists, "Vip")
    assert find(lists, LOYAL) == (LOYAL,)


NFC, NFD = "Börse für Gäste", "Bo\u0308rse fu\u0308r Ga\u0308ste"


@pytest.mark.parametrize(
    "written",
    [
        NFD,
        NFC.upper(),
        NFD.upper(),
        f"\ufeff{NFC}",
        f"\u202a{NFC}\u202c",
        "Börse\u00a0für  Gäste",
        "Bör\u200bse für\tGäste ",
        "Bör\u00adse für Gäste",
    ],
)
@pytest.mark.parametrize("stored", [NFC, NFD, "Börse\u00a0für Gäste", "BÖRSE für Gäste"])
def test_a_list_is_found_under_whatever_looks_like_its_name_and_no_twin_is_made(stored, written):
    lists = directory(ContactList(NEWS, stored), create_lists=True)
    assert find(lists, written) == (NEWS,)
    assert lists._client.created == []


def test_a_new_list_has_composed_accents_and_single_blanks():
    lists = directory(create_lists=True)
    find(lists, f"\ufeff {NFD.replace(' ', chr(0xA0) * 2)}\u200b ")
    assert lists._client.created == [NFC]


@pytest.mark.parametrize(
    "array",
    [
        '["Newsletter", "Loyalty members"]',
        ' ["Newsletter","Loyalty members",null,""] ',
        '{Newsletter,"Loyalty members"}',
        '{ "Newsletter" , Loyalty members , NULL }',
    ],
)
def test_a_text_that_is_an_array_is_read_as_one(array):
    assert find(directory(create_lists=True), array) == (NEWS, LOYAL)


def test_each_item_of_an_array_is_one_list_whatever_is_in_it():
    names = ["[VIP]", "{1}", "Fish;Chips", 'Friends, "near" and far', "a,b"]
    lists = directory(*(ContactList(NEWS[:-1] + str(n), name) for n, name in enumerate(names)))
    for number, name in enumerate(names):
        quoted = name.replace('"', '\\"')
        for written in (name, json.dumps([name]), f'{{"{quoted}"}}'):
            assert find(lists, written) == (NEWS[:-1] + str(number),), written
        assert find(lists, ListItem(name)) == (NEWS[:-1] + str(number),)


def test_an_item_of_an_array_with_a_comma_makes_one_list():
    lists = directory(create_lists=True)
    find(lists, '["Springfield, MA"]')
    assert lists._client.created == ["Springfield, MA"]


@pytest.mark.parametrize(
    ("written", "fault"),
    [
        ('["Newsletter", "Zeb', "broken array"),
        ('["Newsletter"', "broken array"),
        ('Zebras"]', "broken array"),
        ("{Newsletter", "broken array"),
        ("{a,{b,c}}", "broken array"),
        ('[["Newsletter"]]', "broken array"),
        ('[{"name": "Newsletter"}]', "broken array"),
        ("[true]", "broken array"),
        ("[" * 100_000, "broken array"),
        ("Newsletter;Loyalty members", "but 'Newsletter', 'Loyalty members'; write commas"),
        ("Newsletter | Zebras", "but 'Newsletter'; write commas between lists, or make a list"),
        ("Zebras;Lions", "write commas between lists, not semicolons"),
        ('["Newsletter, Loyalty members"]', r'write \["Newsletter", "Loyalty members"\]'),
        ("1945328372", "it looks like an id of the old API"),
        # A list of quoted names, an array as the text of a text, a set and a tuple of Python.
        ('"Zebras","Lions"', "quotation marks around it"),
        ('"Zebras, Lions"', "quotation marks around it"),
        ('"[\\"Zebras\\", \\"Lions\\"]"', "quotation marks around it"),
        ('["\\"Zebras\\""]', "quotation marks around it"),
        ("{'Zebras', 'Lions'}", "quotation marks around it"),
        ('""', "quotation marks around it"),
        ("('Zebras', 'Lions')", "broken array"),
        ("null", "what programs write for no value"),
        ("Newsletter, NaN", "what programs write for no value"),
    ],
)
def test_what_is_no_name_of_a_list_makes_none(written, fault):
    lists = directory(create_lists=True)
    with pytest.raises(UnknownListError, match=fault) as caught:
        find(lists, written)
    assert "create_lists" not in str(caught.value)
    assert lists._client.created == []


@pytest.mark.parametrize(
    "name",
    [
        "2026",
        "20260131",
        "News | Austria",
        "Fish & Chips",
        "A/B",
        "'90s",
        'The "best"',
        '12" fans',
        "(VIP)",
    ],
)
def test_other_names_are_made(name):
    lists = directory(create_lists=True)
    find(lists, name)
    assert lists._client.created == [name]


@given(st.lists(st.text(min_size=1).filter(lambda name: name == name.strip() != "")))
def test_any_names_come_back_from_the_text_of_their_array(names):
    def quoted(name: str) -> str:
        return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'

    wanted = tuple(dict.fromkeys(names))
    assert array_of(json.dumps(names)) == wanted
    assert array_of("{" + ",".join(map(quoted, names)) + "}") == wanted


@pytest.mark.parametrize(("counts", "members"), [(True, 7), (False, None)])
def test_members_are_counted_only_if_asked_for(counts, members):
    existing = directory(counts=counts).existing
    assert existing[NEWS].membership_count == members
    assert GONE not in existing


def test_several_lists_are_found_in_one_text_each_once_and_in_a_fixed_order():
    assert find(directory(), f"Loyalty members, {NEWS},newsletter,") == (NEWS, LOYAL)


def test_several_urls_are_several_lists():
    text = f"https://example.com/{NEWS}, https://example.com/{LOYAL}"
    assert find(directory(), text) == (NEWS, LOYAL)


def test_a_name_with_a_comma_is_one_list():
    assert find(directory(), "Friends, near and far") == (COMMA,)


def test_texts_of_a_list_are_found_together():
    assert find(directory(), "Loyalty members", "Newsletter,Loyalty members") == (NEWS, LOYAL)


def test_an_unknown_name_gets_close_matches():
    with pytest.raises(UnknownListError, match=r"'Newsleter'.*did you mean 'Newsletter'"):
        find(directory(), "Newsleter")


def test_an_unknown_name_without_close_matches_gets_the_way_to_create_it():
    with pytest.raises(UnknownListError, match=r"'Zebras'.*create_lists: true"):
        find(directory(), "Zebras")


@pytest.mark.parametrize("reference", [GONE, f"https://example.com/{GONE}"])
def test_a_deleted_or_foreign_id_is_not_created_as_a_name(reference):
    with pytest.raises(UnknownListError, match="check the id"):
        find(directory(create_lists=True), reference)


def test_a_missing_list_is_created_once():
    lists = directory(create_lists=True)
    assert find(lists, "Zebras") == find(lists, "zebras") == (NEW.lower(),)
    assert lists._client.created == ["Zebras"]
    assert lists.names[NEW.lower()] == "Zebras"


def test_a_dry_run_creates_nothing():
    lists = directory(create_lists=True, dry_run=True)
    assert find(lists, "Zebras") == ("zebras",)
    assert lists._client.created == []


@pytest.mark.parametrize("creates", [True, False])
@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("x" * 256, "the name has 256 characters"),
        ("a\x1bb", "the name holds control characters"),
    ],
)
def test_a_text_that_cannot_be_a_name_is_not_created(creates, name, fault):
    lists = directory(create_lists=creates)
    with pytest.raises(UnknownListError, match=fault):
        find(lists, name)
    assert lists._client.created == []


def test_an_address_is_never_created_as_a_list():
    lists = directory(create_lists=True)
    with pytest.raises(UnknownListError):
        find(lists, "ann@example.com")
    assert lists._client.created == []


def test_looking_only_creates_nothing():
    lists = directory(create_lists=True)
    wanted = lists.look_up(["Zebras, newsletter", "ZEBRAS"])
    assert wanted == Wanted(frozenset([NEWS]), {"zebras": "Zebras"})
    assert len(wanted) == 2
    assert lists._client.created == []


def test_a_list_that_cannot_be_created_is_unknown_and_not_tried_again():
    lists, tries = directory(create_lists=True), []

    def refuse(name: str) -> ContactList:
        tries.append(name)
        raise ApiError("POST /contact_lists: 409 (conflict)", status=409)

    lists._client.create_contact_list = refuse
    for _ in range(3):
        with pytest.raises(UnknownListError, match="was not created: POST"):
            find(lists, "Zebras")
    assert tries == ["Zebras"]


def test_close_matches_are_looked_for_once_and_for_no_more_than_a_few(monkeypatch):
    searched: list[str] = []

    def search(text: str, *_others: Any, **_options: Any) -> list[str]:
        searched.append(text)
        return ["Newsletter"]

    monkeypatch.setattr("difflib.get_close_matches", search)
    lists = directory()
    names = [f"Unknown {number}" for number in range(2 * MAX_EXPLAINED)]
    for name in names * 2:
        with pytest.raises(UnknownListError):
            lists.look_up([name])
    assert searched == names[:MAX_EXPLAINED]


def test_lists_are_created_up_to_the_most_of_a_run_and_then_none():
    lists = directory(create_lists=True, max_new=2)
    find(lists, "Zebras")
    with pytest.raises(
        NewListsError, match=r"^3 lists .* 'Lions', 'Tigers', and max_new_lists is 2"
    ):
        find(lists, "Lions, Tigers")
    assert lists._client.created == ["Zebras"]
    find(lists, "Lions, newsletter")
    find(lists, "lions, ZEBRAS")
    assert lists._client.created == ["Zebras", "Lions"]


def test_an_error_names_some_of_many_new_lists_and_long_names_in_part():
    lists = directory(create_lists=True)
    names = {str(number): f"{number} {'x' * 200}" for number in range(50_000)}
    with pytest.raises(NewListsError, match=r"^50,000 lists .*'0 x+', '1 x") as caught:
        lists.admit(names)
    assert len(str(caught.value)) < 600


def test_a_list_that_the_service_refuses_counts_as_one_that_was_created():
    lists = directory(create_lists=True, max_new=1)

    def refuse(_name: str) -> ContactList:
        raise ApiError("POST /contact_lists: 409 (conflict)", status=409)

    lists._client.create_contact_list = refuse
    with pytest.raises(UnknownListError):
        find(lists, "Zebras")
    with pytest.raises(NewListsError):
        find(lists, "Lions")
