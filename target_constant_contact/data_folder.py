"""The folder ``data_dir``, and where everything lies in it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import platformdirs

from target_constant_contact.exceptions import SettingsError
from target_constant_contact.files import make_private_folder
from target_constant_contact.redaction import trust

REPORT_FILE: Final = "report.json"
"""In the folder of a run: what came of it."""

REJECTS_FILE: Final = "rejects.singer.jsonl"
"""In the folder of a run: its rejected rows, as Singer messages."""


@dataclass(frozen=True, slots=True)
class DataFolder:
    """Where everything lies that outlives a run. Nothing is made before it is needed.

    Attributes:
        path: The folder.
    """

    path: Path

    @classmethod
    def of_setting(cls, value: object) -> DataFolder:
        """The folder that a setting ``data_dir`` means; the platform's when it is not set.

        Raises:
            SettingsError: It is no text.
        """
        if not value:
            usual = platformdirs.user_data_path("target-constant-contact", appauthor=False)
            return cls(usual)
        if not isinstance(value, str):
            raise SettingsError(["data_dir: the value is not of type 'string'; name a folder"])
        path = Path(value).expanduser()
        trust(str(path))
        return cls(path)

    @property
    def connections(self) -> Path:
        """Folder of the token store."""
        return self.path / "connections"

    @property
    def runs(self) -> Path:
        """Folder with a folder for each run, which begins with the time of its start."""
        return self.path / "runs"

    @property
    def requests(self) -> Path:
        """File of the request counts."""
        return self.path / "requests.sqlite"

    @property
    def sandbox(self) -> Path:
        """File of the sandbox's account."""
        return self.path / "sandbox.sqlite"

    def ledger(self, account: str, export: str) -> Path:
        """Folder of an export's ledger, beside those of other exports to the same account.

        Args:
            account: Key of the account.
            export: Key of the export.
        """
        return self.path / "ledger" / account / export

    def make_run(self) -> Path:
        """Make the folder of a new run and the folders above it, for their owner only.

        Raises:
            SettingsError: The data folder cannot be written.
        """
        # Two runs may start in the same second; the time comes first, so names sort by it.
        path = self.runs / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
        try:
            make_private_folder(path)
        except OSError as error:
            fault = (
                f"data_dir: cannot write below {self.path} ({error.strerror}); set data_dir to "
                "a folder that can be written"
            )
            raise SettingsError([fault]) from error
        return path
