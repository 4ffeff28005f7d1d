"""Finding contact properties among a stream's fields by well-known names.

Names are compared without case, ``_``, ``-``, blanks and dots: ``FIRST_NAME`` is ``firstName``.
Text messages and custom fields are never matched: the first need a consent that no column name
proves, the others would be a surprise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from target_constant_contact.contacts.contact import (
    ADDRESS_PARTS,
    CSV_PROPERTIES,
    MAX_PHONES,
    wire_names,
)
from target_constant_contact.mapping.paths import properties_of, types_of

if TYPE_CHECKING:
    from collections.abc import Mapping

# In each row the first name that a stream has wins. Order of the rows: order of the log line.
_WELL_KNOWN: Mapping[str, str] = {
    "email": (
        "email emailaddress emailaddr primaryemail primaryemailaddress emailprimary emailaddress1"
        " email1 contactemail contactemailaddress customeremail customeremailaddress"
        " subscriberemail memberemail useremail personemail personalemail workemail businessemail"
        " mail mailaddress"
    ),
    "first_name": (
        "firstname givenname fname forename namefirst contactfirstname customerfirstname"
        " personfirstname"
    ),
    "last_name": (
        "lastname surname familyname lname namelast contactlastname customerlastname personlastname"
    ),
    "job_title": "jobtitle title position jobposition jobrole",
    "company_name": (
        "companyname company organization organizationname organisation organisationname employer"
        " employername accountname"
    ),
    "birthday": "birthday dateofbirth dob birthdate birthdt bday personbirthdate",
    "birthday_month": "birthdaymonth birthmonth",
    "birthday_day": "birthdayday birthdateday birthdayofmonth",
    "anniversary": "anniversary anniversarydate",
}

# A contact takes three numbers: what is named last gives way.
_PHONES: Mapping[str, str] = {
    "mobile_phone": (
        "mobilephone mobile mobilenumber mobilephonenumber cell cellphone cellnumber"
        " cellphonenumber phonemobile personmobilephone"
    ),
    "phone": (
        "phone phonenumber telephone telephonenumber tel primaryphone primaryphonenumber phone1"
        " telephone1 contactphone customerphone"
    ),
    "work_phone": (
        "workphone workphonenumber businessphone businessphonenumber officephone phonework"
    ),
    "home_phone": "homephone homephonenumber phonehome personhomephone",
    "other_phone": "otherphone otherphonenumber phoneother alternatephone",
}

_PARTS: Mapping[str, str] = {
    "street": (
        "street streetaddress address address1 addressline1 addressline street1 streetline1 addr"
        " addr1 line1"
    ),
    "street2": "street2 streetaddress2 address2 addressline2 streetline2 addr2 line2",
    "city": "city town locality",
    "state": "state province stateprovince stateorprovince region statecode provincecode",
    "zip": "zip zipcode postalcode postcode zippostalcode",
    "country": "country countryname countrycode countryregion",
}

# Words before the parts of one address, as in MailingCity. Of several addresses that could be
# the primary one, the most complete is taken as a whole: a street of one and a city of another
# would be an address where nobody lives.
_ADDRESSES: Mapping[str, tuple[str, ...]] = {
    "": (
        *("", "mailing", "home", "address", "address1", "primary", "default", "primaryaddress"),
        *("defaultaddress", "homeaddress", "mailingaddress", "personmailing", "contact"),
        *("customer", "billing", "billingaddress", "shipping", "shippingaddress"),
    ),
    "work_": ("work", "workaddress", "business", "businessaddress", "office"),
    "other_": ("other", "otheraddress", "address2", "alternate"),
}

_REMOVED = str.maketrans("", "", "_- .")


def match_fields(schema: Mapping[str, Any], *, import_format: str = "json") -> dict[str, str]:
    """Contact properties that a stream has under a well-known name.

    Only fields of plain values are matched. Whole names are compared, so that what others add to
    a stream (``_sdc_...``, ``_reject_...``) never is.

    Args:
        schema: JSON schema of the stream.
        import_format: With ``csv``, only what file imports document is matched.

    Returns:
        Contact property to record field; without ``email`` when no field looks like one.
    """
    present = _present(schema)
    matched = {
        **_birthday(_first_matches(present, _WELL_KNOWN)),
        **_phones(_first_matches(present, _PHONES)),
        **_addresses(present),
    }
    if import_format != "csv":
        return matched
    return {
        name: field
        for name, field in matched.items()
        if CSV_PROPERTIES.issuperset(wire_names(name))
    }


def _present(schema: Mapping[str, Any]) -> dict[str, str]:
    present: dict[str, str] = {}
    for field, described in properties_of(schema).items():
        types = types_of(described)
        # A boolean under the name "email" says whether somebody wants mail.
        if not types & {"object", "array"} and types != {"boolean"}:
            present.setdefault(field.lower().translate(_REMOVED), field)
    return present


def _first_matches(present: Mapping[str, str], table: Mapping[str, str]) -> dict[str, str]:
    matched = {}
    for name, known in table.items():
        field = next((present[key] for key in known.split() if key in present), None)
        if field is not None:
            matched[name] = field
    return matched


def _birthday(matched: dict[str, str]) -> dict[str, str]:
    parts = {"birthday_month", "birthday_day"}
    if parts <= matched.keys() and "birthday" not in matched:
        return matched
    return {name: field for name, field in matched.items() if name not in parts}


def _phones(matched: dict[str, str]) -> dict[str, str]:
    if "phone" in matched:
        matched.pop("other_phone", None)
    return dict(list(matched.items())[:MAX_PHONES])


def _addresses(present: Mapping[str, str]) -> dict[str, str]:
    matched = {}
    for prefix, words in _ADDRESSES.items():
        candidates = [_first_matches(present, _address_names(word)) for word in words]
        address = max(candidates, key=len)
        matched.update({f"{prefix}{part}": field for part, field in address.items()})
    return matched


def _address_names(word: str) -> dict[str, str]:
    # "line1" alone may be the line of anything.
    return {
        part: " ".join(
            f"{word}{name}" for name in _PARTS[part].split() if word or not name.startswith("line")
        )
        for part in ADDRESS_PARTS
    }
