"""The account's file, and serving it from several processes."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
import time

import pytest
import requests

from target_constant_contact.sandbox import Behaviour, ManualClock, Sandbox
from target_constant_contact.sandbox.data.store import Store, use_write_ahead_log


def test_the_file_is_for_its_owner_only(tmp_path):
    path = tmp_path / "a" / "b" / "account.sqlite"
    with Sandbox(path) as sandbox:
        requests.get(sandbox.url, timeout=10)
        files = [path, *path.parent.glob("account.sqlite-*")]
        assert [stat.S_IMODE(file.stat().st_mode) for file in files] == [0o600] * len(files)
    for folder in (path.parent, path.parent.parent):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_an_account_outlives_its_sandbox(tmp_path):
    path = tmp_path / "account.sqlite"
    with Sandbox(path) as sandbox:
        sandbox.create_list("Kept")
    with Sandbox(path) as sandbox:
        assert "Kept" in sandbox.lists()
        assert len(sandbox.lists()) == 5


def test_a_temporary_account_leaves_nothing_behind():
    with Sandbox() as sandbox:
        path = sandbox._account.store.path
        assert path.exists()
    assert not path.parent.exists()


def test_starting_and_closing_twice_is_harmless():
    sandbox = Sandbox()
    assert sandbox.start() is sandbox.start()
    sandbox.close()
    sandbox.close()
    with pytest.raises(requests.ConnectionError):
        requests.get(sandbox.url, timeout=1)


def test_a_file_of_another_version_is_refused(tmp_path):
    path = tmp_path / "account.sqlite"
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(ValueError, match="another version"):
        Sandbox(path)


def test_a_failed_transaction_leaves_nothing(tmp_path):
    store = Store(tmp_path / "account.sqlite", lambda _: None)
    with pytest.raises(ZeroDivisionError), store.writing() as db:  # noqa: PT012 - the point
        db.execute("INSERT INTO lists (list_id, name, created_at, updated_at) VALUES (1, 2, 3, 4)")
        raise ZeroDivisionError
    with store.reading() as db:
        assert db.execute("SELECT count(*) FROM lists").fetchone()[0] == 0


@pytest.mark.parametrize("failures", [3, 20])
def test_the_journal_mode_is_tried_again_while_another_process_sets_it(monkeypatch, failures):
    """SQLite refuses this change at once, however long its busy timeout is."""

    class Busy:
        tries = 0

        def execute(self, _):
            self.tries += 1
            if self.tries <= failures:
                raise sqlite3.OperationalError("database is locked")

    monkeypatch.setattr(time, "sleep", lambda _: None)
    busy = Busy()
    use_write_ahead_log(busy)
    assert busy.tries == failures + 1


def test_many_sandboxes_may_open_a_new_file_at_once(tmp_path):
    path = tmp_path / "account.sqlite"
    sandboxes = []

    def run():
        sandboxes.append(Sandbox(path))

    threads = [threading.Thread(target=run) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [len(sandbox.lists()) for sandbox in sandboxes] == [4] * 6


def test_an_activity_is_carried_out_once_by_one_of_several_sandboxes(tmp_path):
    clock = ManualClock()
    path = tmp_path / "account.sqlite"
    with Sandbox(path, clock=clock) as first, Sandbox(path, clock=clock) as second:
        headers = {"Authorization": f"Bearer {first.access_token}"}
        rows = [{"email": f"p{number}@example.com"} for number in range(3_000)]
        body = {"import_data": rows, "list_ids": [first.lists()["Newsletter"]]}
        url = f"{second.api_url}/activities/contacts_json_import"
        assert requests.post(url, json=body, headers=headers, timeout=10).status_code == 201
        clock.advance(5)
        threads = [threading.Thread(target=s.advance) for s in (first, second) * 3]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with first._account.store.reading() as db:
            query = "SELECT max(json_array_length(history)) FROM contacts"
            assert db.execute(query).fetchone()[0] == 1
        assert len(second.members("Newsletter")) == 3_002


def test_requests_at_once_are_all_answered():
    with Sandbox(behaviour=Behaviour(seconds_to_start=0, seconds_to_finish=0)) as sandbox:
        headers = {"Authorization": f"Bearer {sandbox.access_token}"}
        list_ids = [sandbox.lists()["Newsletter"]]
        statuses = []

        def run(number):
            body = {"import_data": [{"email": f"p{number}@example.com"}], "list_ids": list_ids}
            url = f"{sandbox.api_url}/activities/contacts_json_import"
            answer = requests.post(url, json=body, headers=headers, timeout=30)
            statuses.append(answer.status_code)

        threads = [threading.Thread(target=run, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert statuses == [201] * 8
        assert len(sandbox.members("Newsletter")) == 10


SERVE = """
import sys, threading
from pathlib import Path
from target_constant_contact.sandbox import Sandbox
sandbox = Sandbox(Path(sys.argv[1])).start()
print(sandbox.url, flush=True)
sandbox.serve_forever()
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serving_ends_with_a_signal_and_says_nothing(tmp_path, number):
    path = tmp_path / "account.sqlite"
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE, str(path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        url = process.stdout.readline().strip()
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", url)
        assert requests.get(url, timeout=10).ok
        process.send_signal(number)
        assert process.communicate(timeout=20) == ("", "")
        assert process.returncode == 0
    finally:
        process.kill()
        process.wait()


def test_serving_works_in_this_process_too(tmp_path):
    from target_constant_contact.sandbox import serve

    before = signal.getsignal(signal.SIGTERM)
    timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGTERM))
    timer.start()
    serve(tmp_path / "account.sqlite")
    timer.join()
    assert signal.getsignal(signal.SIGTERM) is before


def test_without_flask_the_sandbox_cannot_be_imported():
    code = (
        "import sys; sys.modules['flask'] = None\n"
        "try:\n import target_constant_contact.sandbox\n"
        "except ImportError:\n print('no flask')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "no flask\n"


def test_nothing_of_the_target_is_imported():
    code = (
        "import sys, target_constant_contact.sandbox\n"
        "print([n for n in sys.modules if n.startswith('target_constant_contact.')"
        " and not n.startswith('target_constant_contact.sandbox')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
