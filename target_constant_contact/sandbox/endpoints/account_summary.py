"""The account itself and the privileges of its user."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, jsonify

from target_constant_contact.sandbox.account import ENCODED_ACCOUNT_ID, ORGANISATION
from target_constant_contact.sandbox.endpoints.answers import Query, account

if TYPE_CHECKING:
    from flask import Response

blueprint = Blueprint("account", __name__, url_prefix="/v3/account")
SUMMARY = {
    "contact_email": "owner@example.com",
    "contact_phone": "503-555-0100",
    "country_code": "US",
    "encoded_account_id": ENCODED_ACCOUNT_ID,
    "first_name": "Sandy",
    "last_name": "Box",
    "organization_name": ORGANISATION,
    "organization_phone": "503-555-0100",
    "state_code": "OR",
    "time_zone_id": "US/Pacific",
    "website": "https://www.example.com",
}
ADDRESS = {
    "address_line1": "1 Harbour Street",
    "city": "Portland",
    "state_code": "OR",
    "state_name": "Oregon",
    "postal_code": "97201",
    "country_code": "US",
}
PRIVILEGE_IDS = {
    "contacts:read": 7,
    "contacts:write": 8,
    "contacts:lists:read": 9,
    "contacts:lists:write": 10,
    "account:read": 12,
}
"""Ids of privileges; one that is not here has :data:`OTHER_PRIVILEGE_ID`."""
OTHER_PRIVILEGE_ID = 99


@blueprint.get("/summary")
def get_summary() -> Response:
    """Answer who the account belongs to."""
    extra = Query().choice("extra_fields", ("physical_address", "company_logo"))
    return jsonify(SUMMARY | ({"physical_address": ADDRESS} if "physical_address" in extra else {}))


@blueprint.get("/user/privileges")
def get_privileges() -> Response:
    """Answer what the user may do; any token will do."""
    return jsonify(
        [
            {
                "privilege_id": PRIVILEGE_IDS.get(name, OTHER_PRIVILEGE_ID),
                "privilege_name": name,
            }
            for name in account().behaviour.privileges
        ]
    )
