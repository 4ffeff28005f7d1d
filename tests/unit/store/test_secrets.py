"""A secret is made once, whoever asks at the same time, and read by those who have its key."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import select

from target_constant_contact.exceptions import SettingsError
from target_constant_contact.ledger.installation_key import new_key
from target_constant_contact.store.cipher import Cipher
from target_constant_contact.store.schema import SECRETS
from target_constant_contact.store.secrets import LEDGER_KEY, secret
from target_constant_contact.store.sqlite import SqliteFile
from target_constant_contact.store.versions import prepare
from tests.support.stored import KEY, OTHER_KEY, fill


def never():
    pytest.fail("it is there")


def test_a_secret_is_made_where_there_is_none_and_then_stays(connect):
    database = fill(connect(), {})
    made = secret(database, LEDGER_KEY, new_key)
    assert secret(database, LEDGER_KEY, never) == made
    assert secret(fill(connect(), {}), LEDGER_KEY, never) == made
    assert secret(database, "another", new_key) != made


def test_on_a_server_it_is_encrypted_and_in_a_file_of_its_owner_it_is_not(connect):
    database = fill(connect(), {})
    made = secret(database, LEDGER_KEY, new_key)
    with database.transaction() as connection:
        hidden = connection.scalar(select(SECRETS.c.value))
    assert (hidden == made) is (database.kind == "sqlite")
    assert database.kind == "sqlite" or Cipher(KEY).show(hidden) == made


@pytest.mark.parametrize("connect", ["server", "server with a schema"], indirect=True)
def test_with_another_store_key_it_is_a_matter_of_the_settings(connect):
    database = fill(connect(), {})
    made = secret(database, LEDGER_KEY, new_key)
    database.cipher = Cipher(OTHER_KEY)
    with pytest.raises(SettingsError) as caught:
        secret(database, LEDGER_KEY, never)
    assert len(str(caught.value).splitlines()) == 1
    assert "the ledger key" in str(caught.value)
    assert made not in str(caught.value)


def test_those_who_ask_at_once_agree_on_one(connect):
    """Each with connections of its own, as another process has."""
    databases = [fill(connect(), {}) for _ in range(6)]
    start, found = threading.Barrier(len(databases)), []

    def ask(database):
        start.wait()
        found.append(secret(database, LEDGER_KEY, new_key))

    threads = [threading.Thread(target=ask, args=(each,)) for each in databases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == len(databases)
    assert len(set(found)) == 1


def test_no_secret_is_logged_also_where_somebody_asks_for_all_that_the_library_says(
    file, opened, caplog
):
    caplog.set_level("DEBUG", "sqlalchemy")
    caplog.set_level("DEBUG", "sqlalchemy.engine.Engine")
    prepare(database := opened(SqliteFile(file)))
    for _ in range(2):
        secret(database, "ledger key", lambda: "known-to-nobody-else")
    assert "SELECT secrets.value" in caplog.text
    assert "known-to-nobody-else" not in caplog.text
