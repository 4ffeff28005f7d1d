"""Calling `check` as a person does, and making sure that it only looks."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from target_constant_contact.api.oauth.connection import Application, Connection
from tests.support.commands import Answer, call, config_file
from tests.support.connections import Connections
from tests.support.target import settings_for

if TYPE_CHECKING:
    from pathlib import Path

    from target_constant_contact.sandbox import Sandbox

ALL = (
    "settings",
    "data folder",
    "connection",
    "scopes",
    "privileges",
    "account",
    "lists",
    "custom fields",
    "mapping",
    "requests",
)


@dataclass(frozen=True)
class Checked:
    """What `check --json` has found."""

    answer: Answer
    found: tuple[tuple[str, str, str], ...]

    @property
    def exit_code(self) -> int:
        return self.answer.exit_code

    def status(self, name: str) -> str:
        """The worst that was said of one check."""
        said = {status for check, status, _ in self.found if check == name}
        return next(s for s in ("failed", "warning", "skipped", "ok", "") if s in said or not s)

    def details(self, name: str, status: str = "") -> list[str]:
        """The lines of one check, or those of a status."""
        wanted = {status} if status else {"ok", "warning", "failed", "skipped"}
        return [detail for check, said, detail in self.found if check == name and said in wanted]

    def named(self, status: str) -> list[str]:
        """The checks of which the worst is this."""
        return [name for name in ALL if self.status(name) == status]


class Check:
    """Runs `check` against a sandbox, and looks at what it left.

    Args:
        sandbox: The account.
        folder: A folder for the settings and for `data`.
    """

    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        self.sandbox = sandbox
        self.folder = folder
        self.data_dir = folder / "data"

    def __call__(self, *words: object, **settings: Any) -> Checked:
        """Check with `--json`; a setting that is `...` is left out."""
        answer = self.print("--json", *words, **settings)
        found = [(c["name"], c["status"], c["detail"]) for c in answer.json["checks"]]
        assert answer.json["ok"] is (answer.exit_code == 0)
        return Checked(answer, tuple(found))

    def print(self, *words: object, **settings: Any) -> Answer:
        """Check as a person does."""
        given = settings_for(self.sandbox, self.data_dir, **settings)
        config = {name: value for name, value in given.items() if value is not ...}
        answer = call("check", "--config", config_file(self.folder, **config), *words)
        self.assert_only_looked()
        for secret in (self.sandbox.access_token, *self._stored_tokens()):
            assert secret not in f"{answer.stdout}{answer.stderr}{answer.log}"
        return answer

    def connected(self, *words: object, **settings: Any) -> Checked:
        """Check with a connection instead of an access token."""
        return self(*words, **{"access_token": ..., "auth_url": self.sandbox.auth_url} | settings)

    def seeded(self, scope: str | None = None, **settings: Any) -> Checked:
        """Check with a connection that the settings seed."""
        token = self.sandbox.mint_refresh_token(*([scope] if scope else []))
        seed = {
            "client_id": "sandbox-app",
            "client_secret": "sandbox-secret",
            "refresh_token": token,
        }
        return self.connected(**seed | settings)

    def store(self, **members: Any) -> None:
        """Store a connection, as `login` does."""
        application = Application("sandbox-app", "sandbox-secret", self.sandbox.auth_url)
        token = self.sandbox.mint_refresh_token()
        facts = {"scope": "contact_data offline_access account_read", "refreshed_at": time.time()}
        connection = Connection("default", application, token, **facts | members)
        Connections(self.data_dir).write(connection)

    def file(self, text: str | bytes, name: str = "sample.json") -> Path:
        """Write a sample."""
        path = self.folder / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def assert_only_looked(self) -> None:
        """Nothing was asked to change, and no run was noted."""
        asked = {(seen.method, seen.path) for seen in self.sandbox.requests}
        changing = {path for method, path in asked if method not in {"GET", "HEAD"}}
        assert all(path.endswith("/token") for path in changing), changing
        assert not list(self.data_dir.glob("runs/*"))

    def _stored_tokens(self) -> list[str]:
        if not self.data_dir.is_dir():
            return []
        store = Connections(self.data_dir)
        found = [store.read(name) for name in store.names()]
        tokens = [token for one in found if one for token in (one.refresh_token, one.access_token)]
        return [token for token in tokens if token]
