"""A stock singer-sdk target: what a good engineer writes in an afternoon from the SDK's guide."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from typing import Any, ClassVar

import requests
from singer_sdk import Target
from singer_sdk import typing as th
from singer_sdk.sinks import BatchSink

from benchmarks.members import FIELDS
from benchmarks.server import list_id


class BaselineSink(BatchSink):
    """Collects `batch_size_rows` records and posts them as one import."""

    def process_batch(self, context: dict[str, Any]) -> None:
        """Map the records, and send an import for each list."""
        by_list: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for record in context["records"]:
            name = record.get("list") or self.config["lists"][self.stream_name]
            by_list[name].append(_contact(record))
        for name, contacts in by_list.items():
            body = {"import_data": contacts, "list_ids": [list_id(name)]}
            answer = self._request("POST", "contacts_json_import", data=json.dumps(body))
            while self.config["pause_seconds"] and answer["state"] != "completed":
                answer = self._request("GET", answer["activity_id"])

    def _request(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        time.sleep(float(self.config["pause_seconds"]))
        answer = requests.request(
            method,
            f"{self.config['api_url']}/activities/{path}",
            headers={"Content-Type": "application/json", "Authorization": "Bearer token"},
            timeout=60,
            **more,
        )
        answer.raise_for_status()
        return dict(answer.json())


def _contact(record: dict[str, Any]) -> dict[str, Any]:
    contact = {
        name: str(record[field]) if name.startswith("cf:") else record[field]
        for name, field in FIELDS.items()
        if record.get(field) is not None
    }
    if born := str(contact.pop("birthday", "")):
        contact |= {"birthday_month": int(born[5:7]), "birthday_day": int(born[8:10])}
    return contact


class BaselineTarget(Target):
    """The target of the SDK's guide."""

    name = "target-baseline"
    config_jsonschema: ClassVar[dict[str, Any]] = th.PropertiesList(
        th.Property("api_url", th.StringType, required=True),
        th.Property("lists", th.ObjectType(additional_properties=th.StringType), required=True),
        th.Property(
            "pause_seconds",
            th.NumberType,
            default=0,
            description="Before a request; with it, each import is asked after until it is done.",
        ),
    ).to_dict()
    default_sink_class = BaselineSink


if __name__ == "__main__":
    BaselineTarget.cli()
