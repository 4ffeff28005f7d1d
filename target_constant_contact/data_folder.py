"""Where everything lies below ``data_dir``."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from target_constant_contact.exceptions import SettingsError
from target_constant_contact.files import make_private_folder

if TYPE_CHECKING:
    from pathlib import Path


def make_run_folder(data_dir: Path) -> Path:
    """Make the folder of a new run and the folders above it, for their owner only.

    Raises:
        SettingsError: The data folder cannot be written.
    """
    run = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
    path = data_dir / "runs" / run
    try:
        make_private_folder(path)
    except OSError as error:
        fault = (
            f"data_dir: cannot write below {data_dir} ({error.strerror}); set data_dir to "
            "a folder that can be written"
        )
        raise SettingsError([fault]) from error
    return path
