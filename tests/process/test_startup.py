"""What takes long to load is loaded when it is needed."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import sys
from target_constant_contact.cli import main

try:
    main()
finally:
    print(*sys.modules, sep="\\n", file=sys.stderr)
"""
HEAVY = {
    "authlib",
    "flask",
    "jinja2",
    "jsonschema_rs",
    "opentelemetry",
    "pyarrow",
    "psycopg",
    "sqlalchemy",
    "sqlite3",
    "target_constant_contact.account.account",
    "target_constant_contact.api.client",
    "target_constant_contact.checks",
    "target_constant_contact.commands.login",
    "target_constant_contact.mapping",
    "target_constant_contact.run.run",
    "target_constant_contact.sandbox",
    "target_constant_contact.singer.streams",
}


def said_and_loaded(*words):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout, set(done.stderr.split())


@pytest.mark.parametrize("words", [["--about"], ["--help"], ["connections", "--help"]])
def test_saying_what_there_is_opens_no_store(words):
    said, loaded = said_and_loaded(*words)
    assert said
    assert not loaded & {"sqlalchemy", "psycopg"}


def test_saying_the_version_loads_nothing_that_only_a_run_needs():
    said, loaded = said_and_loaded("--version")
    assert said.startswith("target-constant-contact v")
    assert "target_constant_contact.singer.target" in loaded
    assert not loaded & HEAVY
