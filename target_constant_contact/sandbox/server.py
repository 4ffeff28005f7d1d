"""The sandbox as a server on this machine."""

from __future__ import annotations

import signal
import threading
import time
from typing import TYPE_CHECKING, Self

from target_constant_contact.sandbox.account import Account
from target_constant_contact.sandbox.control.behaviour import Behaviour
from target_constant_contact.sandbox.endpoints.app import create_app
from target_constant_contact.sandbox.endpoints.gate import AUTH_PATH
from target_constant_contact.sandbox.inspection import InspectableAccount
from target_constant_contact.sandbox.listener import Listener

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

    from target_constant_contact.sandbox.control.faults import Fault
    from target_constant_contact.sandbox.control.request_log import RequestSeen


class Sandbox(InspectableAccount):
    """A Constant Contact account on this machine, served over HTTP while it is open.

    Args:
        path: SQLite file of the account, made if it is not there; several processes may use it at
            once. None: a temporary one that ends with the sandbox.
        host: Address to listen on.
        port: Port to listen on; 0 takes a free one.
        behaviour: How the account behaves; None: as in :class:`Behaviour`.
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
        behaviour: Behaviour | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(Account(path, behaviour or Behaviour(), clock))
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
            # Polled often, so that closing it hardly waits.
            self._thread = threading.Thread(
                target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
            )
            self._thread.start()
        return self

    def close(self) -> None:
        """Stop listening and forget a temporary account; nothing happens the second time."""
        if self._server is not None and self._thread is not None:
            # Answers that a fault delays are let go, or the join would wait for them.
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
