"""Taking in a store: all of it or nothing, between both kinds of stores."""

from __future__ import annotations

import pytest

from target_constant_contact.exceptions import SettingsError, TryLaterError
from target_constant_contact.store import importing
from target_constant_contact.store.archive import rows_of
from target_constant_contact.store.cipher import Cipher
from target_constant_contact.store.exporting import Export
from target_constant_contact.store.importing import import_store
from target_constant_contact.store.merging import Merge
from target_constant_contact.store.postgres import PostgresServer
from target_constant_contact.store.sqlite import SqliteFile
from tests.support.stored import NEW_KEY, OTHER_KEY, TOKEN, documents, fill, rows_in


def exported(database, keys=NEW_KEY):
    export = Export(database, Cipher(keys))
    with export.standstill():
        return [*export.lines()]


def take_in(database, lines, keys=NEW_KEY, **options):
    return import_store(
        database, Cipher(keys), lambda: rows_of(lines, "a file"), "a file", **options
    )


@pytest.fixture
def lines(opened, tmp_path):
    """The lines of a store with everything in it."""
    return exported(fill(opened(SqliteFile(tmp_path / "source" / "store.sqlite"))))


def test_a_store_is_the_same_after_its_way_to_a_server_and_back(opened, tmp_path, postgres):
    first = fill(opened(SqliteFile(tmp_path / "a" / "store.sqlite")))
    second = fill(opened(PostgresServer(postgres.new_url(), "there")), {}, OTHER_KEY)
    third = fill(opened(SqliteFile(tmp_path / "b" / "store.sqlite")), {})
    take_in(second, exported(first))
    take_in(third, exported(second))
    assert rows_in(first) == rows_in(second) == rows_in(third)
    assert all(rows_in(third).values())


def test_in_a_server_it_is_encrypted_with_the_key_of_there(opened, postgres, lines):
    url = postgres.new_url()
    target = fill(opened(PostgresServer(url)), {}, OTHER_KEY)
    take_in(target, lines)
    target.cipher = None
    kept = str(rows_in(target))
    assert TOKEN not in kept
    target.cipher = Cipher(NEW_KEY)
    assert {row["document"] for row in rows_in(target)["connections"]} == {None}


def test_it_tells_what_was_taken_and_what_was_there(target, lines):
    first = take_in(target, lines)
    assert (first.taken["connections"], first.taken["runs"], first.taken["entries"]) == (2, 2, 3)
    assert not first.kept
    before = rows_in(target)
    again = take_in(target, lines)
    assert not again.taken
    assert again.kept == first.taken
    assert rows_in(target) == before


def test_what_is_cut_off_at_any_line_changes_nothing(target, lines):
    before = rows_in(target)
    for end in range(len(lines)):
        with pytest.raises(SettingsError, match=r"cut off|no export") as caught:
            take_in(target, lines[:end])
        assert caught.value.exit_code == 78
        assert rows_in(target) == before


def test_what_changes_while_it_is_read_changes_nothing(target, lines):
    """As when somebody writes the file anew meanwhile."""
    before, versions = rows_in(target), iter([lines, lines[:-1]])
    with pytest.raises(SettingsError, match="cut off"):
        import_store(target, Cipher(NEW_KEY), lambda: rows_of(next(versions), "a file"), "a file")
    assert rows_in(target) == before


def test_an_error_in_the_middle_changes_nothing(target, lines, monkeypatch):
    class Failing(Merge):
        def take(self, table, row):
            super().take(table, row)
            if table.name == "fingerprints":
                raise KeyboardInterrupt

    before = rows_in(target)
    monkeypatch.setattr(importing, "Merge", Failing)
    with pytest.raises(KeyboardInterrupt):
        take_in(target, lines)
    assert rows_in(target) == before


def test_a_wrong_key_is_said_before_anything_is_changed(target, lines):
    before = rows_in(target)
    with pytest.raises(SettingsError) as caught:
        take_in(target, lines, OTHER_KEY)
    assert str(caught.value) == (
        "store_key does not open connection 'shop' in a file, which was encrypted with another "
        "key; no token was used, and nothing was changed. Set that key, or several with commas "
        "between them"
    )
    assert rows_in(target) == before
    take_in(target, lines, f"{OTHER_KEY},{NEW_KEY}")
    assert rows_in(target) != before


@pytest.mark.parametrize("what", ["connection shop", "export account-1/nightly"])
def test_nothing_is_taken_in_while_it_is_being_used(opened, file, lines, monkeypatch, what):
    monkeypatch.setattr("target_constant_contact.store.standstill._RENEWAL_SECONDS", 0.1)
    target = fill(opened(SqliteFile(file)), {})
    with opened(SqliteFile(file)).lock(what, 5), pytest.raises(TryLaterError, match="being used"):
        take_in(target, lines)
    assert not any(rows_in(target).values())


def test_who_has_lost_the_locks_takes_nothing_in(opened, postgres, lines, monkeypatch):
    name = postgres.new_database()
    target = fill(opened(PostgresServer(postgres.url(name))), {})
    holders = "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE locktype = 'advisory'"
    choose = Merge.choose

    def lose(merge, brought):
        choose(merge, brought)
        assert (True,) in postgres.execute(holders, name)

    monkeypatch.setattr(Merge, "choose", lose)
    with pytest.raises(TryLaterError, match="cannot be used"):
        take_in(target, lines)
    assert not any(rows_in(target).values())


def test_many_exports_need_few_connections_of_a_server(opened, postgres, tmp_path):
    source = fill(
        opened(SqliteFile(tmp_path / "source" / "store.sqlite")),
        {
            "connections": documents(*(f"shop-{number}" for number in range(30))),
            "exports": [
                {"account": "a", "export": f"{number}", "written_at": 1.5} for number in range(90)
            ],
        },
    )
    target = fill(opened(PostgresServer(postgres.new_url())), {})
    take_in(target, exported(source))
    assert rows_in(target) == rows_in(source)
    assert len(exported(target)) == 122
