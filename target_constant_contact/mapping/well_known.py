"""Well-known names of fields, and how names are compared.

Names are compared without case, blanks, punctuation between words and invisible characters:
``FIRST_NAME`` is ``firstName``. A kind at the end stands as well at the beginning, as in the
service's own headings: ``City - Home`` is ``HomeCity``.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# In each row the first name that a stream has wins. Order of the rows: order of the log line.
PEOPLE: Final[Mapping[str, str]] = {
    "email": (
        "email emailaddress emailaddr primaryemail primaryemailaddress emailprimary emailaddress1"
        " email1 contactemail contactemailaddress customeremail customeremailaddress"
        " subscriberemail memberemail useremail personemail personalemail homeemail"
        " homeemailaddress workemail workemailaddress businessemail otheremail otheremailaddress"
        " mail mailaddress"
    ),
    "first_name": (
        "firstname givenname fname forename namefirst contactfirstname customerfirstname"
        " personfirstname"
    ),
    "last_name": (
        "lastname surname familyname lname namelast contactlastname customerlastname personlastname"
    ),
    "job_title": "jobtitle jobposition jobrole position title",
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
PHONES: Final[Mapping[str, str]] = {
    "mobile_phone": (
        "mobilephone mobile mobilenumber mobilephonenumber cell cellphone cellnumber"
        " cellphonenumber personmobilephone"
    ),
    "phone": (
        "phone phonenumber telephone telephonenumber tel primaryphone primaryphonenumber phone1"
        " telephone1 contactphone customerphone"
    ),
    "work_phone": "workphone workphonenumber businessphone businessphonenumber officephone",
    "home_phone": "homephone homephonenumber personhomephone",
    "other_phone": "otherphone otherphonenumber alternatephone",
}

PARTS: Final[Mapping[str, str]] = {
    "street": (
        "street streetaddress streetaddressline1 addressline1 addressline address address1 street1"
        " streetline1 addr addr1 line1"
    ),
    "street2": "street2 streetaddress2 streetaddressline2 addressline2 address2 streetline2 addr2"
    " line2",
    "city": "city town locality",
    "state": (
        "state province stateprovince stateorprovince usstatecaprovince region statecode"
        " provincecode"
    ),
    "zip": "zip zipcode postalcode postcode zippostalcode",
    "country": "country countryname countrycode countryregion",
}

# Words before the parts of one address, as in MailingCity. Of several addresses that could be
# the primary one, the most complete is taken as a whole: a street of one and a city of another
# would be an address where nobody lives.
ADDRESSES: Final[Mapping[str, tuple[str, ...]]] = {
    "": (
        *("", "mailing", "home", "address", "address1", "primary", "default", "primaryaddress"),
        *("defaultaddress", "homeaddress", "mailingaddress", "personmailing", "contact"),
        *("customer", "billing", "billingaddress", "shipping", "shippingaddress"),
    ),
    "work_": ("work", "workaddress", "business", "businessaddress", "office"),
    "other_": ("other", "otheraddress", "address2", "alternate"),
}

VAGUE_PARTS: Final[Mapping[str, frozenset[str]]] = {
    **dict.fromkeys(("state", "statecode"), frozenset({"street", "city", "zip", "country"})),
    "region": frozenset({"street", "city", "zip"}),
    **dict.fromkeys(
        ("address", "address1", "address2", "addr", "addr1", "addr2"),
        frozenset({"city", "state", "zip"}),
    ),
}
"""Names that mean something else too (the state of an account, the region of a sale, the address
of a machine), and the parts of an address of which one has to stand beside them."""

VAGUE_WORDS: Final = frozenset({"", "contact", "customer", "primary", "default", "other"})
"""Words before the parts of an address that make them no clearer."""

VAGUE_JOBS: Final[Mapping[str, str]] = {
    "title": "may be a salutation",
    "position": "may not be of a job",
    "accountname": "may be a login",
}
"""Names that mean something of a job only where something else of a job stands beside them."""

JOBS: Final = frozenset(
    (
        *("jobtitle", "jobposition", "jobrole", "department", "departmentname", "dept"),
        *("company", "companyname", "organization", "organizationname", "organisation"),
        *("organisationname", "employer", "employername"),
        # Where salutations have a column of their own, the title is none.
        *("salutation", "honorific", "honorificprefix", "nameprefix"),
    )
)
"""Names that are such evidence."""

NUMERIC: Final = frozenset({"zip", "birthday", "birthday_month", "birthday_day", "anniversary"})
"""Properties that whole numbers are matched to, beside telephone numbers."""

_KINDS: Final = ("home", "work", "other", "mobile", "business")
_BETWEEN_WORDS: Final = frozenset("_-./\\:*#()[],;")


def plain(text: str) -> str:
    """A name without what cannot be seen: invisible characters, and which kind of blank it is."""
    # The usual case is that there is nothing to do.
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    shown = unicodedata.normalize("NFKC", text)
    words = "".join(
        " " if char.isspace() else char
        for char in shown
        if char.isspace() or unicodedata.category(char) not in {"Cc", "Cf"}
    )
    return " ".join(words.split())


def keys_of(field: str) -> Iterator[str]:
    """What a field is looked up by."""
    key = "".join(filter(_counts, plain(field))).lower()
    yield key
    for kind in _KINDS:
        if key.endswith(kind) and key != kind:
            yield f"{kind}{key.removesuffix(kind)}"


def _counts(char: str) -> bool:
    return not (char.isspace() or char in _BETWEEN_WORDS or unicodedata.category(char) == "Pd")
