"""Settings that say where everything is kept that outlives a run."""

from __future__ import annotations

from typing import Final

from singer_sdk import typing as th


def store_url(needs: str) -> th.Property[str]:
    """The setting ``store_url``.

    Args:
        needs: What else it needs, as a part of a sentence.
    """
    return th.Property(
        "store_url",
        th.StringType,
        secret=True,
        title="Store URL",
        description="PostgreSQL database that is the store of all machines (extra `postgres`), "
        f"such as `postgresql://user:password@host:5432/database`{needs}. Without it the store is "
        "a file in `data_dir`.",
    )


STORE_SCHEMA: Final = th.Property(
    "store_schema",
    th.StringType,
    title="Store schema",
    description="Schema of the tables in the database of `store_url`, made if it is missing. "
    "Default: where the database puts new tables.",
)
STORE_KEY: Final = th.Property(
    "store_key",
    th.StringType,
    secret=True,
    title="Store key",
    description="Key that encrypts what is secret in the database of `store_url`, which needs "
    "it, and in what `store export` writes; it is stored nowhere. `store key` makes one. To "
    "change it, write the new one first and the old one after a comma, call `store rotate`, "
    "and take the old one out.",
)
DATA_DIR: Final = th.Property(
    "data_dir",
    th.StringType,
    title="Data folder",
    description="Folder for reports, rejected rows, the store (where `store_url` is not set) "
    "and the sandbox's account. Made with mode 0700. Default: "
    "`~/.local/share/target-constant-contact` on Linux, `~/Library/Application "
    "Support/target-constant-contact` on macOS.",
)
STORING: Final = (store_url("; it needs `store_key`"), STORE_SCHEMA, STORE_KEY, DATA_DIR)
