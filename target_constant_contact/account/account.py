"""The account that members go to: its client, its lists, its custom fields."""

from __future__ import annotations

import logging
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any

from target_constant_contact.account.following import overwriting_faults
from target_constant_contact.account.lists import ListDirectory, UnknownListError, new_list_faults
from target_constant_contact.api.client import ConstantContactClient
from target_constant_contact.api.limits.limiter import RateLimiter, reserved
from target_constant_contact.api.models import AccountSummary
from target_constant_contact.api.oauth.credentials import BearerToken
from target_constant_contact.api.oauth.grants import AuthorizationServer
from target_constant_contact.api.oauth.renewal import ConnectionToken
from target_constant_contact.api.oauth.tokens import StoredConnections
from target_constant_contact.contacts.contact import CUSTOM_PREFIX
from target_constant_contact.events.events import Events
from target_constant_contact.exceptions import ApiError, SettingsError, SignInError
from target_constant_contact.ledger.entry import export_key
from target_constant_contact.mapping.field_mapping import custom_field_faults
from target_constant_contact.settings.streams import within_entry
from target_constant_contact.store.opening import open_store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from target_constant_contact.api.http.signer import Signer
    from target_constant_contact.api.models import CustomField
    from target_constant_contact.api.oauth.connection import Application
    from target_constant_contact.settings.settings import Settings
    from target_constant_contact.settings.streams import StreamSettings

_logger = logging.getLogger("target-constant-contact")


# All that is asked of an account is asked in one place.
class Account:
    """A connection to the account of the settings, or to the sandbox.

    Args:
        settings: The settings. With ``sandbox``, an account on this machine is started.
        count_members: Read the lists with the number of their members.

    Attributes:
        events: Who is told what happens; nobody at first.

    Raises:
        SettingsError: The sandbox is asked for and not installed.
    """

    def __init__(self, settings: Settings, *, count_members: bool = False) -> None:
        self.events = Events()
        self._settings = settings
        self._count_members = count_members
        self._sandbox: Any = None
        if settings.sandbox:
            self._sandbox = load_sandbox()(settings.data_dir.sandbox).start()
        self._summary: AccountSummary | None = None
        self._lists: ListDirectory | None = None
        # What the sandbox of this machine needs is on this machine.
        place = settings.store.on_this_machine if settings.sandbox else settings.store
        self.database = open_store(place)
        # Before the limiter: a connection knows which API key its requests count for.
        self.signer = self._make_signer()
        self.limiter = self._limit(
            self._api_key(), settings.requests_per_second, settings.requests_per_day
        )
        self.client = ConstantContactClient(
            self._sandbox.api_url if self._sandbox else settings.api_url,
            auth=self.signer,
            limiter=self.limiter,
        )

    @property
    def connection_name(self) -> str:
        """The name of the connection, or what stands in its place."""
        if self._sandbox:
            return "sandbox"
        return self.signer.name if isinstance(self.signer, ConnectionToken) else "access token"

    @property
    def name(self) -> str:
        """The account's name; empty when it is not known."""
        return self._summary.name if self._summary else ""

    @cached_property
    def store(self) -> StoredConnections:
        """Where the connections are."""
        return StoredConnections(self.database)

    def authorization_server(self, application: Application) -> AuthorizationServer:
        """The authorization server, as an application sees it."""
        key = f"token endpoint {application.client_id}"
        # The day has no limit of its own; this one is never reached at one call a second.
        return AuthorizationServer(application, limiter=self._limit(key, 1, 86_400))

    @property
    def export(self) -> tuple[str, str]:
        """Keys of the account, and of this export among those to it.

        Two runs are of the same export when they send to the same lists of the same account; what
        their rows hold may differ.
        """
        settings = self._settings
        reached = {
            "api": "sandbox" if settings.sandbox else settings.api_url,
            "connection": self.connection_name,
            "account": settings.account,
        }
        places = {
            "segments": [
                [segment.stream, segment.lists, segment.lists_field]
                for segment in settings.all_streams
            ]
        }
        return export_key(reached), export_key(places)

    @property
    def lists(self) -> ListDirectory:
        """The lists of the account, read when they are first asked for."""
        if self._lists is None:
            self._lists = ListDirectory(
                self.client,
                create_lists=self._settings.create_lists,
                dry_run=self._settings.dry_run,
                max_new=self._settings.max_new_lists,
                counts=self._count_members,
            )
        return self._lists

    @property
    def list_names(self) -> dict[str, str]:
        """Names of the lists by id, as far as the lists were read."""
        return {} if self._lists is None else self._lists.names

    @cached_property
    def custom_fields(self) -> list[CustomField]:
        """The custom fields of the account, read once."""
        return self.client.custom_fields()

    def custom_fields_for(self, segment: StreamSettings) -> list[CustomField]:
        """The custom fields of the account, if the segment's mapping names any."""
        names = segment.field_mapping or ()
        return self.custom_fields if any(n.startswith(CUSTOM_PREFIX) for n in names) else []

    @property
    def requests_today(self) -> tuple[int | None, int]:
        """Requests of the API key in a UTC day, used and allowed, as the last request told.

        Nobody is asked for it: what counts them may be what a run has failed of.
        """
        return self.limiter.used, self.limiter.requests_per_day

    @property
    def requests_left(self) -> int:
        """Requests of the day that are left for what is not in flight yet.

        Raises:
            TargetError: The store cannot be used.
        """
        per_day = self.limiter.requests_per_day
        return max(0, per_day - reserved(per_day) - self.limiter.used_today())

    def identify(self) -> AccountSummary:
        """Ask which account this is, and keep the answer with the connection.

        Raises:
            SettingsError: It is not the one in the settings.
            SignInError: The token lacks the scope ``account_read``.
        """
        summary = self._summary = self.client.account_summary()
        if isinstance(self.signer, ConnectionToken):
            self.signer.remember_account(summary.account_id, summary.name)
        expected = self._settings.account
        if expected and not self._sandbox and not summary.is_called(expected):
            fault = (
                f"account is {expected!r}, but {self._token_words()} is for {summary.name!r} "
                f"({summary.account_id}); nothing was sent. Correct account, or sign in to the "
                "other one"
            )
            raise SettingsError([fault])
        return summary

    def check(self) -> None:
        """Compare the settings with the account.

        Raises:
            SettingsError: It is another account than the settings name, lists or custom fields
                do not exist, or too many lists would be made: one line for each.
            SignInError: There is nothing to sign in with.
        """
        self.check_identity()
        segments = self._settings.all_streams
        faults = [fault for segment in segments for fault in self._faults(segment)]
        # The lists are not read for nothing.
        if references := [text for segment in segments for text in segment.lists]:
            faults += [f"lists: {fault}" for fault in new_list_faults(self.lists, references)]
            faults += overwriting_faults(self._settings.segments, self.lists)
        if faults:
            # Once each: several streams may name the same list that does not exist.
            raise SettingsError(dict.fromkeys(faults))

    def close(self) -> None:
        """Close the connection, and stop the sandbox if one was started."""
        self.client.close()
        self.database.close()
        if self._sandbox:
            self._sandbox.close()

    def _make_signer(self) -> Signer:
        settings = self._settings
        if self._sandbox:
            return BearerToken(self._sandbox.access_token)
        if settings.access_token:
            return BearerToken(settings.access_token)
        return ConnectionToken(settings.credentials, self.store, self.authorization_server)

    def _api_key(self) -> str:
        """What the limits belong to: the application, as far as it is known."""
        if self._sandbox:
            return "sandbox"
        # All accounts and tokens of an application share its limits, so they share one count.
        known = self._settings.credentials.client_id or ""
        if isinstance(self.signer, ConnectionToken):
            known = self.signer.client_id
        return known or f"access-token {self._settings.api_url}"

    def _limit(self, key: str, per_second: int, per_day: int) -> RateLimiter:
        # Not before: what is imported for the help of a command need not load SQLAlchemy.
        from target_constant_contact.store.slots import Slots  # noqa: PLC0415

        limiter = RateLimiter(
            Slots(self.database), key, requests_per_second=per_second, requests_per_day=per_day
        )
        limiter.events = self.events
        return limiter

    def _token_words(self) -> str:
        if isinstance(self.signer, ConnectionToken):
            return f"connection {self.signer.name!r}"
        return "the access token"

    def check_identity(self) -> None:
        """Refuse another account than the settings name; learn the name of a new connection.

        Raises:
            SettingsError: It is not the one in the settings.
            SignInError: There is nothing to sign in with.
        """
        if self._sandbox:
            return
        if self._settings.account:
            self.identify()
        elif isinstance(self.signer, ConnectionToken):
            connection = self.signer.connection
            self._summary = AccountSummary(connection.account_id, connection.account_name)
            if not connection.account_id and "account_read" in connection.scopes:
                # Nobody has said which account is meant, so not knowing it stops nothing.
                with suppress(SignInError, ApiError):
                    self.identify()
        if self.name:
            _logger.info("Connection %r leads to %s", self.connection_name, self.name)

    def _faults(self, segment: StreamSettings) -> Iterator[str]:
        for reference in segment.lists:
            try:
                self.lists.look_up([reference])
            except UnknownListError as error:
                yield within_entry(segment.lists_place, f"lists: {error}")
        fields = self.custom_fields_for(segment)
        for fault in custom_field_faults(segment.field_mapping or {}, fields):
            yield within_entry(segment.mapping_place, f"field_mapping: {fault}")


def load_sandbox() -> Any:
    """The class of the sandbox, which is an extra.

    Raises:
        SettingsError: It is not installed.
    """
    try:
        from target_constant_contact.sandbox import Sandbox  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise SettingsError(
            [f"sandbox: {error.name} is not installed; install target-constant-contact[sandbox]"]
        ) from error
    return Sandbox
