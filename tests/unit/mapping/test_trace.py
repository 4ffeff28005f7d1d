"""What is told of each property is what the mapping makes of it."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_constant_contact.api.models import CustomField
from target_constant_contact.contacts.contact import Contact
from target_constant_contact.mapping.field_mapping import FieldMapping, MappingOptions
from target_constant_contact.mapping.trace import traced

FIELDS = {
    "email": "mail",
    "first_name": "first",
    "birthday": "dob",
    "anniversary": "wed",
    "phone": "tel",
    "home_phone": "tel2",
    "work_phone": "tel3",
    "mobile_phone": "tel4",
    "sms_number": "sms",
    "sms_consent_date": "consent",
    "cf:Points": "points",
    "cf:Asked": "asked",
}
CUSTOM = (
    CustomField("1", "Points", "Points", "number"),
    CustomField("2", "Asked", "Asked", "boolean"),
)
SCHEMA = {"type": "object", "properties": {name: {} for name in FIELDS.values()}}
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.decimals(allow_nan=True),
    st.text(max_size=60),
    st.sampled_from(["a@example.com", "1980-05-04", "04/05/1980", "6175550100", "yes", " x ", []]),
)
RECORDS = st.fixed_dictionaries(
    {"mail": st.one_of(st.just("A@example.com "), VALUES)},
    optional=dict.fromkeys(list(FIELDS.values())[1:], VALUES),
)


@given(
    record=RECORDS,
    drops=st.sampled_from(["reject", "drop"]),
    cuts=st.sampled_from(["reject", "truncate"]),
)
def test_what_is_sent_is_what_the_mapping_makes(record, drops, cuts):
    options = MappingOptions(date(2026, 1, 1), CUSTOM, on_bad_value=drops, on_too_long=cuts)
    mapping = FieldMapping.compile("members", SCHEMA, FIELDS, options)
    contact = mapping(record)
    found = list(traced(mapping, record))
    assert [each.name for each in found] == list(mapping.properties)
    sent = {each.name: each.sent for each in found if each.sent is not None}
    assert all(each.rule for each in found)
    if isinstance(contact, Contact):
        assert sent == contact.properties
        reasons = {each.rule for each in found if each.sent is None}
        assert {each.reason for each in contact.dropped} <= reasons
    else:
        assert sent == {}
        assert contact.reason in {each.rule for each in found} or contact.reason.endswith("blank")


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        ("a@example.com", "as written"),
        (" a@example.com", "trimmed"),
        ("'a@example.com'", "without what stands around it"),
        ("a@example.com\u200b", "without what stands around it"),
    ],
)
def test_what_is_taken_off_an_address_is_said(value, rule):
    options = MappingOptions(date(2026, 1, 1), CUSTOM)
    mapping = FieldMapping.compile("members", SCHEMA, FIELDS, options)
    email = next(traced(mapping, {"mail": value}))
    assert (email.sent, email.rule) == ("a@example.com", rule)


def test_a_value_that_a_rule_takes_out_says_which():
    options = MappingOptions(date(2026, 1, 1), CUSTOM, on_bad_value="drop")
    mapping = FieldMapping.compile("members", SCHEMA, FIELDS, options)
    record = {"mail": "a@example.com", "tel": "1", "tel2": "2", "tel3": "3", "tel4": "4"}
    (gone,) = [e for e in traced(mapping, record) if e.value is not None and e.sent is None]
    assert gone.rule == "there are more than 3 telephone numbers; a contact takes no more"
