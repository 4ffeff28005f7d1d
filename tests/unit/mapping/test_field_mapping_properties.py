"""What holds for every record whatsoever."""

from __future__ import annotations

import json
from datetime import date

from hypothesis import example, given
from hypothesis import strategies as st

from target_constant_contact.api.models import CustomField
from target_constant_contact.contacts.contact import PHONES, TEXT_LIMITS, Contact, Rejection
from target_constant_contact.mapping.field_mapping import FieldMapping, MappingOptions

TODAY = date(2026, 11, 24)
TYPES = ("string", "text_area", "number", "date", "datetime", "boolean", "single_select", "other")
CUSTOM = [
    CustomField(kind, kind, kind, kind, ("Gold", "Silver") if kind == "single_select" else ())
    for kind in TYPES
]
# The wire names of a contact are also names of settings, so that mapping a contact again is easy.
NAMES = (
    *("email", "first_name", "last_name", "phone", "mobile_phone", "work_phone", "home_phone"),
    *("birthday_month", "birthday_day", "anniversary", "street", "city", "work_zip"),
    *("sms_number", "sms_consent_date", *(f"cf:{kind}" for kind in TYPES)),
)
IDENTITY = {name: name for name in NAMES}
LIMITS = TEXT_LIMITS | {"email": 80, "sms_number": 16, "sms_consent_date": 16, "anniversary": 10}

anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.decimals()
    | st.datetimes()
    | st.dates()
    | st.text(alphabet=st.characters(codec=None), max_size=300),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=4,
)
digits = st.integers(0, 10**14).map(str) | st.from_regex(
    r"[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4}"
)
addresses = st.emails() | st.text(max_size=8).map(lambda local: f" {local}@Example.com\u200b")
records = st.fixed_dictionaries(
    {"email": addresses | anything},
    optional={name: anything | digits | st.text(max_size=60) for name in NAMES[1:]},
)
likely = st.fixed_dictionaries(
    {"email": addresses},
    optional={
        "first_name": st.text(alphabet=st.characters(codec="utf-8"), max_size=60),
        "phone": digits,
        "anniversary": st.dates().map(str),
        "birthday_month": st.integers(1, 12),
        "birthday_day": st.integers(1, 31).map(str),
        "sms_number": st.from_regex(r"[2-9][0-9]{2}-[2-9][0-9]{2}-[0-9]{4}", fullmatch=True),
        "sms_consent_date": st.datetimes(),
        "cf:number": st.decimals(allow_nan=False, allow_infinity=False),
        "cf:text_area": st.text(alphabet=st.characters(codec="utf-8")),
        "cf:boolean": st.booleans(),
        "cf:single_select": st.sampled_from(["GOLD", "silver "]),
    },
)
mappings = st.sampled_from(
    [
        FieldMapping.compile("s", {}, IDENTITY, MappingOptions(TODAY, CUSTOM, *options))
        for options in (("reject", "reject"), ("truncate", "reject"), ("reject", "drop"))
    ]
)


@given(mappings, records | likely)
def test_every_record_becomes_a_contact_or_a_rejection(mapping, record):
    result = mapping(record)
    assert isinstance(result, (Contact, Rejection))
    if isinstance(result, Rejection):
        assert result.field in NAMES
        assert result.reason.isprintable()


@given(mappings, records | likely)
def test_every_contact_obeys_all_limits(mapping, record):
    contact = mapping(record)
    if isinstance(contact, Rejection):
        return
    json.dumps(contact.properties, ensure_ascii=False).encode()
    assert next(iter(contact.properties)) == "email"
    assert contact.key == contact.properties["email"].lower()
    assert list(contact.properties) == [n for n in mapping.properties if n in contact.properties]
    assert sum(name in PHONES for name in contact.properties) <= 3
    for name, value in contact.properties.items():
        if name in ("birthday_month", "birthday_day"):
            assert 1 <= value <= 31
        else:
            assert 1 <= len(value.strip("\u200b\u2060\ufeff \n")) <= LIMITS.get(name, 255)


@given(mappings, records | likely)
@example(
    FieldMapping.compile("s", {}, IDENTITY, MappingOptions(TODAY, CUSTOM)),
    {"email": "İ@example.com"},
)
def test_mapping_a_contact_again_changes_nothing(mapping, record):
    contact = mapping(record)
    if isinstance(contact, Contact):
        assert mapping(contact.properties) == Contact(contact.key, contact.properties)


@given(records | likely)
def test_dropping_loses_nobody_but_for_the_address_and_only_what_cannot_be_sent(record):
    strict, dropping = (
        FieldMapping.compile("s", {}, IDENTITY, MappingOptions(TODAY, CUSTOM, "reject", on_bad))
        for on_bad in ("reject", "drop")
    )
    rejected, contact = strict(record), dropping(record)
    if isinstance(rejected, Contact):
        assert contact == rejected
    elif isinstance(contact, Rejection):
        assert contact == rejected == strict({"email": record["email"]})
    else:
        assert rejected == contact.dropped[0]
        assert strict(contact.properties) == Contact(contact.key, contact.properties)
        if "sms_consent_date" in contact.properties:
            assert "sms_number" in contact.properties


SECRET = "Qx7Zk"


@given(
    mappings,
    st.dictionaries(
        st.sampled_from(NAMES),
        st.sampled_from(
            [
                SECRET,
                SECRET * 60,
                [SECRET],
                {SECRET: SECRET},
                f"{SECRET}\ud800",
                f"{SECRET} <{SECRET}@example.com>",
                f"{SECRET}@{SECRET}",
                f"{SECRET}@example.com",
                7741177411,
                float("nan"),
            ]
        ),
        min_size=1,
    ),
)
def test_no_reason_holds_a_value_of_the_record(mapping, record):
    result = mapping(record)
    for rejection in [result] if isinstance(result, Rejection) else result.dropped:
        assert SECRET.lower() not in rejection.reason.lower()
        assert "774117" not in rejection.reason
