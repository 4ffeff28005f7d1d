"""The settings of the connection, the account and the agreement to the transfer."""

from __future__ import annotations

from typing import Final

from singer_sdk import typing as th

ACCESS: Final = (
    th.Property(
        "client_id",
        th.StringType,
        title="Client id",
        description="API key of your application in Constant Contact's developer portal. A "
        "connection made with `login` knows its own.",
    ),
    th.Property(
        "client_secret",
        th.StringType,
        secret=True,
        title="Client secret",
        description="Secret of the application; a public application (PKCE or device flow) has "
        "none.",
    ),
    th.Property(
        "refresh_token",
        th.StringType,
        secret=True,
        title="Refresh token",
        description="Seeds the connection where nobody can sign in; needs `client_id`. Later "
        "tokens are kept in the store; a changed seed wins over them.",
    ),
    th.Property(
        "connection",
        th.StringType,
        default="default",
        title="Connection",
        description="Name of the connection that `login` has made, or that `refresh_token` seeds.",
    ),
    th.Property(
        "access_token",
        th.StringType,
        secret=True,
        title="Access token",
        description="OAuth 2.0 access token with the scope `contact_data`, managed elsewhere. "
        "It is used as it is and not renewed; `connection` is not used then.",
    ),
    th.Property(
        "account",
        th.StringType,
        title="Account",
        description="The account that this run is meant for, by its name or id. A token for "
        "another account is refused before anything is sent.",
    ),
    th.Property(
        "accept_data_transfer",
        th.BooleanType,
        default=False,
        title="I agree to the data transfer",
        description="Must be `true`: personal data leaves for Constant Contact, and you have "
        "these people's permission to mail them. Without it nothing is sent. "
        "The sandbox does not need it, because nothing leaves the machine.",
    ),
)
"""Settings without which nothing is sent to anybody's account."""
