"""A stock singer-sdk target: what a good engineer writes in an afternoon from the SDK's guide."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any, ClassVar

import requests
from singer_sdk import Target
from singer_sdk import typing as th
from singer_sdk.sinks import BatchSink

from benchmarks.generate import FIELDS
from benchmarks.server import list_id


class BaselineSink(BatchSink):
    """Collects records and posts them as one import; 10,000 of them stay below 4 MB."""

    max_size = 10_000

    def process_batch(self, context: dict[str, Any]) -> None:
        """Map the records, and send an import for each list."""
        by_list: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for record in context["records"]:
            by_list[record.get("list") or self.config["lists"][self.stream_name]].append(
                {
                    name: str(record[field]) if name.startswith("cf:") else record[field]
                    for name, field in FIELDS.items()
                    if record.get(field) is not None
                }
            )
        for name, contacts in by_list.items():
            body = {"import_data": contacts, "list_ids": [list_id(name)]}
            answer = requests.post(
                f"{self.config['api_url']}/activities/contacts_json_import",
                data=json.dumps(body),
                headers={"Content-Type": "application/json", "Authorization": "Bearer token"},
                timeout=60,
            )
            answer.raise_for_status()


class BaselineTarget(Target):
    """The target of the SDK's guide."""

    name = "target-baseline"
    config_jsonschema: ClassVar[dict[str, Any]] = th.PropertiesList(
        th.Property("api_url", th.StringType, required=True),
        th.Property("lists", th.ObjectType(additional_properties=th.StringType), required=True),
    ).to_dict()
    default_sink_class = BaselineSink


if __name__ == "__main__":
    BaselineTarget.cli()
