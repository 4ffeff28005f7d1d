"""How names are compared."""

from __future__ import annotations

import pytest

from target_constant_contact.mapping.well_known import keys_of, plain


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("First  Name ", "First Name"),
        ("\ufeffEmail", "Email"),
        ("First\u00a0Name", "First Name"),
        ("a\tb\x00c", "a bc"),
        ("Pre\u0301nom", "Prénom"),
        ("\u202eliame\u202c", "liame"),
    ],
)
def test_of_a_name_counts_what_can_be_seen(name, shown):
    assert plain(name) == shown


def test_a_kind_at_the_end_stands_at_the_beginning_too():
    assert list(keys_of("City - Home")) == ["cityhome", "homecity"]
    assert list(keys_of("HOME")) == ["home"]
