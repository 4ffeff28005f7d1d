"""Contacts are encoded plainly, and batches know what they say of whom."""

from __future__ import annotations

from typing import Any

from target_constant_contact.batches.batch import BatchLimits, Destination, ImportBatch
from target_constant_contact.batches.json_batch import JsonBatch
from target_constant_contact.contacts.encoding import ContactsEncoder, encode_contact


def sealed(permission: Any = None, /, **names: str) -> ImportBatch:
    batch = JsonBatch(1, Destination("members", ("list-a",)), permission, 0, BatchLimits())
    for key, name in names.items():
        batch.add(key, encode_contact({"email": key, "first_name": name}))
    return batch.seal()


def test_text_is_encoded_as_utf_8_and_not_escaped():
    assert encode_contact({"first_name": "Zoë 李"}) == '{"first_name":"Zoë 李"}'.encode()


def test_many_contacts_are_encoded_as_one_by_one():
    contacts = [{"email": "a@example.com"}, {"first_name": "two\nlines"}, {"birthday_day": 7}]
    names = ("email", "first_name", "birthday_day")
    values = [[contact.get(name) for contact in contacts] for name in names]
    assert ContactsEncoder(names)(values) == list(map(encode_contact, contacts))


def test_batches_contradict_each_other_only_by_another_value_for_the_same_address():
    one = sealed(a="Ann", b="Bob")
    assert not one.contradicts(sealed(c="Cid"))
    assert not one.contradicts(sealed(b="Bob", c="Cid"))
    assert one.contradicts(sealed(b="Bill"))


def test_another_sms_permission_is_another_value():
    assert sealed(a="Ann").contradicts(sealed("explicit", a="Ann"))
