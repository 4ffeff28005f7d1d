"""What a list shows is compared with what was sent to it."""

from __future__ import annotations

from target_constant_contact.verification.comparison import ListMembers

ANN = {"email": "ann@example.com", "first_name": "Ann"}
BOB = {"email": "bob@example.com", "first_name": "Bob"}


def shown(email: str, **values: str) -> dict[str, str]:
    return {"email": email, **{name.replace("_", " "): value for name, value in values.items()}}


def test_who_is_not_on_the_list_is_missing():
    members = ListMembers([shown(" Ann@Example.com ")], ())
    assert members.missing([ANN, BOB]) == [BOB]


def test_a_value_is_the_same_in_capitals_and_between_blanks():
    members = ListMembers([shown("ann@example.com", First_name=" ANN ")], ["first_name"])
    assert members.changed([ANN]) == []


def test_another_value_is_a_change():
    members = ListMembers([shown("ann@example.com", First_name="Eve")], ["first_name"])
    assert members.changed([ANN]) == [ANN]


def test_the_value_of_another_member_does_not_count():
    exported = [
        shown("ann@example.com", First_name="Bob"),
        shown("bob@example.com", First_name="Ann"),
    ]
    assert ListMembers(exported, ["first_name"]).changed([ANN, BOB]) == [ANN, BOB]


def test_who_is_missing_has_not_changed():
    members = ListMembers([shown("ann@example.com", First_name="Ann")], ["first_name"])
    assert members.changed([BOB]) == []


def test_a_column_that_the_export_lacks_cannot_be_compared():
    """Its header may be another one than is known."""
    members = ListMembers([shown("ann@example.com", Given_name="Ann")], ["first_name"])
    assert members.changed([ANN]) is None


def test_a_property_that_no_export_shows_cannot_be_compared():
    members = ListMembers([shown("ann@example.com", First_name="Ann")], ["first_name"])
    assert members.changed([ANN | {"cf:tier": "gold"}]) is None
