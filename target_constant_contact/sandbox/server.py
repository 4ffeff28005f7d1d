"""The sandbox as a server on this machine."""

from __future__ import annotations

import signal
import threading
import time
from typing import TYPE_CHECKING, Any, Self

from target_constant_contact.sandbox.account import Account
from target_constant_contact.sandbox.control.behaviour import Behaviour
from target_constant_contact.sandbox.data import tokens
from target_constant_contact.sandbox.endpoints.app import create_app
from target_constant_contact.sandbox.endpoints.gate import AUTH_PATH
from target_constant_contact.sandbox.inspection import Inspection
from target_constant_contact.sandbox.listener import Listener

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

    from target_constant_contact.sandbox.control.faults import Fault
    from target_constant_contact.sandbox.control.request_log import RequestSeen

SCOPES = "contact_data account_read offline_access"
CLIENT_ID = "sandbox-app"
_FAR_AWAY = 100 * 365 * 86_400.0


class Sandbox:
    """A Constant Contact account on this machine, served over HTTP while it is open.

    Args:
        path: SQLite file of the account, made if it is not there; several processes may use it at
            once. None: a temporary one that ends with the sandbox.
        host: Address to listen on.
        port: Port to listen on; 0 takes a free one.
        behaviour: How the account behaves.
        clock: Seconds since the epoch; activities, limits and tokens go by it.

    Raises:
        ValueError: The file holds an account of another version of the sandbox.
    """

    def __init__(
        self,
        path: Path | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        behaviour: Behaviour = Behaviour(),  # noqa: B008 - frozen
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._account = Account(path, behaviour, clock)
        self._inspection = Inspection(self._account)
        self._address = (host, port)
        self._server: Listener | None = None
        self._thread: threading.Thread | None = None
        self.access_token = self.mint_token()

    def start(self) -> Self:
        """Listen in a thread of its own; nothing happens if it listens already."""
        if self._server is None:
            self._account.closing.clear()
            app = create_app(self._account, host=self._address[0])
            self._server = Listener(*self._address, app)
            self._address = self._address[0], self._server.port
            self._thread = threading.Thread(
                target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
            )
            self._thread.start()
        return self

    def close(self) -> None:
        """Stop listening and forget a temporary account; nothing happens the second time."""
        if self._server is not None and self._thread is not None:
            self._account.closing.set()
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()
            self._server.hang_up()
            self._server = self._thread = None
        self._account.store.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def url(self) -> str:
        """Where the pages are."""
        host, port = self._address
        return f"http://{f'[{host}]' if ':' in host else host}:{port}"

    @property
    def api_url(self) -> str:
        """Where the API is."""
        return f"{self.url}/v3"

    @property
    def auth_url(self) -> str:
        """Where the authorization server is."""
        return f"{self.url}{AUTH_PATH}"

    @property
    def behaviour(self) -> Behaviour:
        """How the account behaves from now on."""
        return self._account.behaviour

    @behaviour.setter
    def behaviour(self, behaviour: Behaviour) -> None:
        self._account.behaviour = behaviour

    @property
    def requests(self) -> list[RequestSeen]:
        """The requests seen by this sandbox, in order of arrival."""
        return self._account.log.seen()

    def add_fault(self, fault: Fault) -> None:
        """Put a fault in force."""
        self._account.faults.add(fault)

    def clear_faults(self) -> None:
        """Forget all faults and what they counted."""
        self._account.faults.clear()

    def advance(self) -> None:
        """Carry out everything that is due by the clock."""
        self._account.settle()

    def mint_token(
        self,
        scope: str = SCOPES,
        *,
        client_id: str = CLIENT_ID,
        seconds: float | None = None,
    ) -> str:
        """Hand out an access token.

        Args:
            scope: Space-separated scopes.
            client_id: API key that its requests are counted for.
            seconds: Its life; None is longer than any run.
        """
        expires_at = self._account.clock() + (_FAR_AWAY if seconds is None else seconds)
        value = tokens.new_value("access")
        with self._account.store.writing() as db:
            tokens.forget_expired(db, self._account.clock())
            tokens.keep(db, tokens.Grant(value, "access", client_id, scope, expires_at, {}))
        return value

    def mint_refresh_token(self, scope: str = SCOPES, *, client_id: str = CLIENT_ID) -> str:
        """Hand out a refresh token, as a sign-in of the application would."""
        return self._inspection.mint_refresh_token(scope, client_id)

    @property
    def reused_refresh_tokens(self) -> int:
        """How often a used-up refresh token was presented.

        Used-up tokens are remembered for the 180 days that they would have lived.
        """
        return self._inspection.reused_refresh_tokens()

    def revoke_access_tokens(self) -> None:
        """Let every access token die at once, :attr:`access_token` too; refresh tokens live."""
        self._inspection.revoke_tokens("access")

    def revoke_refresh_tokens(self) -> None:
        """Do what a person does who disconnects the application.

        All refresh and access tokens die, :attr:`access_token` too.
        """
        self._inspection.revoke_tokens("refresh", "access")

    def add_application(
        self, client_id: str, client_secret: str | None = None, redirect_uris: tuple[str, ...] = ()
    ) -> None:
        """Register an application; without a secret it is a public client."""
        self._inspection.add_application(client_id, client_secret, redirect_uris)

    def approve_device(self, user_code: str, *, approve: bool = True) -> None:
        """Do what a person does on the page of a device sign-in.

        Raises:
            LookupError: No device waits with this code.
        """
        self._inspection.approve_device(user_code, approve=approve)

    def lists(self) -> dict[str, str]:
        """Return the ids of the lists that are not deleted, by name."""
        return self._inspection.lists()

    def create_list(self, name: str) -> str:
        """Make a list and return its id.

        Raises:
            ValueError: The name is taken.
        """
        return self._inspection.create_list(name)

    def create_custom_field(
        self,
        label: str,
        type: str = "string",  # noqa: A002 - the API's word
        name: str | None = None,
        choices: tuple[str, ...] = (),
    ) -> str:
        """Make a custom field and return its name.

        Args:
            label: What people see.
            type: One of the API's types of custom fields.
            name: What imports use; None: the label with underscores for blanks.
            choices: Labels of the choices of a select field.

        Raises:
            ValueError: The label is taken.
        """
        return self._inspection.create_custom_field(label, type, name, choices)

    def members(self, list_name_or_id: str) -> dict[str, dict[str, Any]]:
        """Return the members of a list by lower-cased e-mail, or SMS number where there is none.

        Each is a dict under the names of the JSON import: ``email`` as stored, ``first_name``,
        ``cf:<name>`` and so on, and besides ``permission_to_send`` and ``lists`` (sorted names).
        ``phone`` is the kind "other", and an address without a prefix the kind "home".

        Raises:
            LookupError: There is no such list.
        """
        return self._inspection.members(list_name_or_id)

    def contact(self, email: str) -> dict[str, Any] | None:
        """Return one contact as :meth:`members` does; None if unknown or deleted."""
        return self._inspection.contact(email)

    def account_state(self) -> dict[str, dict[str, Any]]:
        """Return everybody in the account, deleted ones too, to be compared with another account.

        Each is as :meth:`members` shows it, with ``opt_out_source`` and ``deleted`` besides, under
        the lower-cased e-mail, or the SMS number where there is none. Two accounts into which the
        same people were imported, in whatever order and however often, have equal states.
        """
        return self._inspection.account_state()

    def activities(self) -> list[dict[str, Any]]:
        """Return all activities, oldest first, as the API shows them.

        Each also has ``kind`` (last part of the path it was posted to), ``rows`` (as they arrived,
        before any was dropped) and ``list_ids``.
        """
        return self._inspection.activities()

    def serve_forever(self) -> None:
        """Serve until SIGINT or SIGTERM, then close. Call it in the main thread."""
        stopped = threading.Event()
        signals = (signal.SIGINT, signal.SIGTERM)
        before = {number: signal.signal(number, lambda *_: stopped.set()) for number in signals}
        try:
            with self:
                stopped.wait()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def serve(path: Path | None, host: str = "127.0.0.1", port: int = 0) -> None:
    """Serve an account until SIGINT or SIGTERM. Call it in the main thread."""
    Sandbox(path, host=host, port=port).serve_forever()
