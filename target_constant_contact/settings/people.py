"""The settings about people who may not be sent."""

from __future__ import annotations

from typing import Final

from singer_sdk import typing as th

PEOPLE: Final = (
    th.Property(
        "suppression_file",
        th.StringType,
        title="Suppression file",
        description="File with people who are never imported: an e-mail address, or `sha256:` and "
        "the SHA-256 of the address in lower case, on each line; lines that begin with `#` are "
        "comments. Their rows are counted as `suppressed`.",
    ),
)
"""They stand between those that limit a run."""
