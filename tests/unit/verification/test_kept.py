"""The rows that have to be explained are kept on disk, for their owner, until they are."""

from __future__ import annotations

import csv
import io
import json

import pytest

from target_constant_contact.api.models import Activity
from target_constant_contact.batches.batch import Destination, ImportBatch
from target_constant_contact.data_folder import DataFolder
from target_constant_contact.ledger.ledger import Ledger
from target_constant_contact.ledger.settlement import Settlement
from target_constant_contact.store.opening import open_store
from target_constant_contact.store.place import StorePlace
from target_constant_contact.verification.kept import (
    KeptImports,
    forget_rows,
    forget_rows_of_dead_runs,
)
from tests.support.fakes import AT_ONCE
from tests.support.saying import saying
from tests.support.stored import KEY

PLACE = Destination("members", ("list-a",))
OTHER = Destination("members", ("list-b",))
ACTIVITY = Activity("a1", "completed", errors=("Line 2: bad",))
ROWS = [{"email": "ann@example.com", "first_name": "Ann, the first"}, {"email": "bob@example.com"}]
JSON = json.dumps({"list_ids": ["list-a"], "import_data": ROWS}).encode()


def batch(number: int, body: bytes = JSON, place: Destination = PLACE) -> ImportBatch:
    return ImportBatch(number, place, None, 2, 0, body, saying({}))


def test_the_rows_of_a_json_import_are_read_as_they_were_sent(tmp_path):
    kept = KeptImports(tmp_path, "json")
    kept.add(batch(1), ACTIVITY, Settlement(1, refused=1), 0)
    [(place, [item])] = kept.by_destination().items()
    assert (place, item.number, item.errors) == (PLACE, 1, ("Line 2: bad",))
    assert kept.rows(item) == ROWS


def test_the_rows_of_a_csv_import_are_read_as_they_were_sent(tmp_path):
    text = io.StringIO()
    writer = csv.DictWriter(text, ["email", "first_name"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(ROWS)
    kept = KeptImports(tmp_path, "csv")
    kept.add(batch(1, text.getvalue().encode()), ACTIVITY, Settlement(1, refused=1), 0)
    [item] = kept.all()
    assert kept.rows(item) == ROWS


def test_imports_come_in_the_order_in_which_they_were_kept_until_they_are_explained(tmp_path):
    kept = KeptImports(tmp_path, "json")
    for number, place in ((2, PLACE), (1, OTHER), (3, PLACE)):
        kept.add(batch(number, place=place), ACTIVITY, Settlement(1, suppressed=1), 0)
    assert [item.number for item in kept.all()] == [2, 1, 3]
    kept.remove(kept.all()[0])
    assert list(kept.by_destination()) == [OTHER, PLACE]
    assert [path.name for path in sorted((tmp_path / "unverified").iterdir())] == ["1", "3"]


def test_the_rows_of_an_interrupted_run_can_be_forgotten(tmp_path):
    KeptImports(tmp_path, "json").add(batch(1), ACTIVITY, Settlement(1, refused=1), 0)
    forget_rows(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["file", "server"])
def test_the_rows_of_a_run_are_forgotten_once_it_is_dead(request, tmp_path, kind):
    url = request.getfixturevalue("postgres").new_url() if kind == "server" else None
    place = StorePlace(DataFolder(tmp_path), url, key=KEY)
    database = open_store(place)
    living, dead = place.folder.make_run(), place.folder.make_run()
    ledger = Ledger(database, ("account", "export"), living.name)
    ledger.open(AT_ONCE)
    for run in (living, dead):
        KeptImports(run, "json").add(batch(1), ACTIVITY, Settlement(1, refused=1), 0.0)
    forget_rows_of_dead_runs(place)
    assert (len(list(living.iterdir())), len(list(dead.iterdir()))) == (1, 0)
    ledger.close()
    forget_rows_of_dead_runs(place)
    assert list(living.iterdir()) == []
    database.close()


def test_the_rows_of_runs_stay_where_it_cannot_be_told_which_are_dead(tmp_path):
    place = StorePlace(DataFolder(tmp_path))
    run = place.folder.make_run()
    KeptImports(run, "json").add(batch(1), ACTIVITY, Settlement(1, refused=1), 0.0)
    place.folder.store.write_text("no store\n" * 100)
    place.folder.store.chmod(0o600)
    forget_rows_of_dead_runs(place)
    assert len(list(run.iterdir())) == 1


def test_where_nothing_was_ever_kept_nothing_is_made(tmp_path):
    forget_rows_of_dead_runs(StorePlace(DataFolder(tmp_path / "data")))
    assert list(tmp_path.iterdir()) == []
