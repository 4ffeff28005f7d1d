"""What several rows of one person come to."""

from __future__ import annotations

import pytest

from target_constant_contact.batches.merging import merge, permission_of, permission_of_encoded
from target_constant_contact.contacts.encoding import encode_contact

NUMBER = {"sms_number": "2125550123"}
CONSENT = {"sms_consent_date": "2024-07-03"}


def test_properties_of_the_later_row_win_and_the_others_stay():
    held = {"email": "ann@example.com", "first_name": "Ann", "city": "Oslo"}
    later = {"email": "Ann@example.com", "first_name": "Anna"}
    assert merge(held, later) == {
        "email": "Ann@example.com",
        "first_name": "Anna",
        "city": "Oslo",
    }


@pytest.mark.parametrize(
    ("held", "later", "merged"),
    [
        (NUMBER | CONSENT, {"sms_number": "2125550199"}, {"sms_number": "2125550199"}),
        (NUMBER | CONSENT, NUMBER, NUMBER | CONSENT),
        (NUMBER | CONSENT, {}, NUMBER | CONSENT),
        (NUMBER, CONSENT, NUMBER | CONSENT),
        ({}, NUMBER | CONSENT, NUMBER | CONSENT),
    ],
)
def test_a_consent_stays_with_the_number_that_it_was_given_for(held, later, merged):
    assert merge(held, later) == merged


@pytest.mark.parametrize(
    ("properties", "permission"),
    [({}, None), (NUMBER, None), (CONSENT, None), (NUMBER | CONSENT, "explicit")],
)
def test_a_permission_takes_a_number_and_a_date_of_consent(properties, permission):
    assert permission_of(properties) == permission
    row = encode_contact(properties, ("first_name", "sms_number", "sms_consent_date"))
    for encoded in (encode_contact(properties), row):
        assert permission_of_encoded(encoded) == permission
