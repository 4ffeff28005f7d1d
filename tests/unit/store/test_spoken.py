"""What is made of the words of a server, in whatever language, and of its library."""

from __future__ import annotations

from types import SimpleNamespace

import psycopg
import pytest
from psycopg import errors

from target_constant_contact.store import spoken

_AT = 'connection failed: connection to server at "db.example.com", port 5432 failed: '


def failed(words, *, used_password=False):
    state = SimpleNamespace(used_password=used_password, needs_password=False)
    return psycopg.OperationalError(f"{_AT}{words}", pgconn=state)


@pytest.mark.parametrize(
    ("words", "used_password"),
    [
        ('FATAL:  role "u" does not exist', False),
        ('FATAL:  no pg_hba.conf entry for host "10.0.0.1", user "u", no encryption', False),
        ("FATAL:  Passwort-Authentifizierung für Benutzer »u« fehlgeschlagen", True),
        ("ВАЖНО:  пользователь не прошёл проверку подлинности по паролю", True),
        ("KRITISCH (FATAL):  Datenbank »d« existiert nicht", True),
        ("FATAL:  kein pg_hba.conf-Eintrag für Host »10.0.0.1«", False),
    ],
)
def test_a_login_that_is_refused_is_known_in_any_language(words, used_password):
    error = failed(words, used_password=used_password)
    assert spoken.refuses(error)
    assert spoken.cause(error) == words.split(":  ")[1]


@pytest.mark.parametrize(
    ("words", "used_password"),
    [
        ("FATAL:  the database system is starting up", False),
        ("ВАЖНО:  система баз данных запускается", False),
        ("FATAL:  tut mir leid, schon zu viele Verbindungen", False),
        ("FATAL:  remaining connection slots are reserved for somebody", True),
        ("FATAL:  die letzten Plätze sind für SUPERUSER reserviert", True),
        ("Connection refused", False),
        ("server closed the connection unexpectedly", True),
    ],
)
def test_a_server_that_takes_nobody_now_does_not_refuse_the_login(words, used_password):
    error = failed(words, used_password=used_password)
    assert not spoken.refuses(error)
    assert spoken.cause(error) == words.rpartition(":  ")[2]


def test_of_several_addresses_that_were_tried_what_a_server_has_said_counts():
    error = psycopg.OperationalError(
        f"{_AT}Connection refused\n\tIs the server running?\n"
        "Multiple connection attempts failed. All failures were:\n"
        f"- host: 'db': {_AT}FATAL:  role \"u\" does not exist"
    )
    assert spoken.refuses(error)
    assert spoken.cause(error) == 'role "u" does not exist'


def test_what_may_quote_the_url_is_not_shown():
    error = psycopg.ProgrammingError('invalid URI query parameter: "correct-horse"')
    assert spoken.cause(error) == "ProgrammingError"
    assert not spoken.option(error)


def test_an_error_without_words_is_called_by_its_kind():
    assert spoken.cause(psycopg.OperationalError()) == "OperationalError"
    assert spoken.cause(errors.QueryCanceled()) == "QueryCanceled 57014"


def test_tokens_in_the_words_of_a_server_are_masked():
    token = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0"
    assert token not in spoken.cause(failed(f"FATAL:  no {token} of ada@example.com"))
    assert "ada@" not in spoken.cause(failed("FATAL:  no role ada@example.com"))
