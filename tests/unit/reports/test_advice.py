"""Advice about the format, only where it would help and the mapping allows it."""

from __future__ import annotations

import csv
import io
import json
from datetime import date

import pytest

from target_constant_contact.api.models import CustomField
from target_constant_contact.batches.batch import BatchLimits, Destination
from target_constant_contact.batches.csv_batch import CsvBatch
from target_constant_contact.batches.packer import Packer
from target_constant_contact.contacts.encoding import encode_contact
from target_constant_contact.mapping.field_mapping import FieldMapping, MappingOptions
from target_constant_contact.reports.advice import FormatAdvice

LIMITS = BatchLimits(rows=40_000, size=100_000)
PLACE = Destination("members", ("list-a",))


def sent(count: int, import_format: str = "json"):
    packer, batches = Packer(import_format, LIMITS), []
    for row in range(count):
        contact = {"email": f"m{row}@example.com", "first_name": f'"M", {row}', "city": "Oslo"}
        packed = packer.add(PLACE, row, str(contact["email"]), encode_contact(contact))
        batches += packed.sealed
    return batches + [batch for packed in packer.finish() for batch in packed.sealed]


def lines(count: int, import_format: str = "json", **fields: str) -> list[str]:
    mapping = {"email": "email"} | {name.replace("cf_", "cf:"): at for name, at in fields.items()}
    schema = {"properties": {at: {"type": "string"} for at in mapping.values()}}
    notes = CustomField("1", "notes", "notes", "text_area")
    advice = FormatAdvice(LIMITS, import_format)
    options = MappingOptions(date(2026, 11, 24), [notes])
    advice.know("members", FieldMapping.compile("members", schema, mapping, options))
    for batch in sent(count, import_format):
        advice.note(batch)
    return list(advice.lines())


def test_csv_is_advised_with_the_requests_that_it_would_take():
    full = len(sent(12_000)) - 1
    as_csv = len(sent(12_000, "csv")) - 1
    (line,) = lines(12_000)
    assert line.startswith("import_format: csv would bring the members of members in about ")
    advised, instead = (int(word) for word in line.split() if word.isdigit())
    assert instead == full
    assert abs(advised - as_csv) <= 1


def test_the_estimate_is_close_to_the_file_that_would_be_sent():
    (first, *_) = sent(12_000)
    properties = json.loads(first.body)["import_data"]
    file = io.StringIO()
    writer = csv.DictWriter(file, list(properties[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(properties)
    reserve, _ = CsvBatch.overhead_of({})
    assert first.csv_size == pytest.approx(len(file.getvalue()) + reserve, rel=0.05)


def test_there_is_no_advice_for_a_run_that_fits_one_request():
    assert lines(10) == []


def test_there_is_no_advice_where_csv_does_not_know_a_property():
    assert lines(12_000, work_phone="phone") == []


def test_there_is_no_advice_where_csv_would_lose_line_breaks():
    assert lines(12_000, cf_notes="notes") == []


def test_there_is_no_advice_about_the_format_that_is_used():
    assert lines(12_000, "csv") == []
