"""Types of settings that hold more than one value."""

from __future__ import annotations

from typing import Final

from singer_sdk import typing as th

LISTS_TYPE: Final = th.CustomType(
    {"type": ["string", "array", "null"], "items": {"type": "string"}}
)
MAPPING_TYPE: Final = th.ObjectType(additional_properties=th.StringType)
# singer-sdk's own for targets is closed and empty from 0.55 on.
BATCH_TYPE: Final = th.ObjectType(
    th.Property(
        "encoding",
        th.ObjectType(
            th.Property("format", th.StringType, allowed_values=["jsonl", "parquet"]),
            th.Property("compression", th.StringType, allowed_values=["gzip", "none"]),
        ),
    ),
    th.Property(
        "storage",
        th.ObjectType(
            th.Property("root", th.StringType),
            th.Property("prefix", th.StringType),
        ),
    ),
)
