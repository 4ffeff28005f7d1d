"""Contacts of an open batch: as a dictionary, only lighter."""

from __future__ import annotations

from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_constant_contact.batches import open_contacts
from target_constant_contact.batches.open_contacts import OpenContacts

KEYS = [f"{name}@example.com" for name in ("ann", "bob", "cat", "dan", "eve")]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["append", "extend", "replace", "pop", "look"]),
        st.sampled_from(KEYS),
        st.binary(min_size=1, max_size=3),
    ),
    max_size=40,
)


def filled(count: int) -> OpenContacts:
    contacts = OpenContacts()
    contacts.keys += KEYS[:count]
    contacts.encoded += [b"%d" % place for place in range(count)]
    return contacts


@given(steps=STEPS, near=st.sampled_from([1, 3, 1_536]))
def test_they_hold_what_a_dictionary_would(steps, near):
    with patch.object(open_contacts, "_NEAR", near):
        check(steps)


def check(steps):
    contacts, model = OpenContacts(), {}
    for step, key, value in steps:
        new = [each for each in KEYS if each not in model][:2]
        if step == "extend" and new:
            contacts.keys += new
            contacts.encoded += [value] * len(new)
            model.update(dict.fromkeys(new, value))
        elif step == "append" and key not in model:
            contacts.keys.append(key)
            contacts.encoded.append(value)
            model[key] = value
        elif step == "replace" and key in model:
            assert contacts.replace(key, value) == model[key]
            model[key] = value
        elif step == "pop" and key in model:
            assert contacts.pop(key) == model.pop(key)
        elif step == "look" and key in model:
            assert contacts[key] == model[key]
        assert len(contacts) == len(model)
        assert dict(zip(contacts.keys, contacts.encoded, strict=True)) == model


def test_they_stay_in_the_order_in_which_they_came():
    contacts = filled(4)
    contacts.replace(KEYS[1], b"5")
    assert contacts.keys == KEYS[:4]
    assert contacts.encoded == [b"0", b"5", b"2", b"3"]


def test_what_was_taken_out_is_not_there_any_more():
    contacts = filled(2)
    contacts.pop(KEYS[0])
    with pytest.raises(KeyError):
        contacts[KEYS[0]]
    assert contacts[KEYS[1]] == b"1"
