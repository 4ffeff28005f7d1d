"""A disk that is full is said in one line, which names the file, whichever file it is."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from tests.support import forks
from tests.support.process import environment
from tests.support.target import lines, member, record, schema, settings_for, state

LARGEST = 30_000
KEY = Fernet.generate_key().decode()
LIMITED = (
    "import resource;"
    f"resource.setrlimit(resource.RLIMIT_FSIZE, ({LARGEST}, {LARGEST}));"
    "from target_constant_contact.cli import main; main()"
)
FLAGGED = "member1@example.com"
BAD = [record(EmailAddress=f"bad {number}") for number in range(300)]
STREAMS = [
    message
    for number in range(120)
    for message in (
        schema(f"stream {number}"),
        record(f"stream {number}", EmailAddress=f"member{number}@example.com"),
    )
]


@pytest.fixture
def limited(sandbox, tmp_path, postgres):
    """Run the target where no file can be larger than `LARGEST`; its store is elsewhere."""

    def start(*messages, **settings):
        url = postgres.new_url()
        config = settings_for(sandbox, tmp_path / "data", store_url=url, store_key=KEY, **settings)
        (tmp_path / "config.json").write_text(json.dumps(config))
        return forks.run(
            [sys.executable, "-c", LIMITED, "--config", str(tmp_path / "config.json")],
            environment(tmp_path),
            input=lines(*messages),
            text=True,
        )

    return start


def errors(done):
    return [line for line in done.stderr.splitlines() if "cannot be used" in line]


@pytest.mark.parametrize(
    ("messages", "settings", "name"),
    [
        ([schema(), *BAD], {}, "runs/*/rejects.singer.jsonl"),
        ([schema(), *map(member, range(1_000))], {}, "runs/*/unverified/1"),
        (STREAMS, {"dry_run": True}, "runs/*/report.json.new"),
    ],
    ids=["rejects", "unverified", "report"],
)
def test_the_file_that_does_not_fit_is_named(limited, behave, tmp_path, messages, settings, name):
    behave(flagged_addresses=frozenset({FLAGGED}))
    done = limited(*messages, state("end"), **settings)
    assert done.returncode == 78
    (line,) = errors(done)
    found = re.search(r"data_dir: (.+) cannot be used \((File too large|No space left.*)\);", line)
    assert found
    assert Path(found[1]).relative_to(tmp_path / "data").match(name)
    assert "Traceback" not in done.stderr
    assert "Unexpected" not in done.stderr


def test_no_half_report_is_left(limited, tmp_path):
    limited(*STREAMS, state("end"), dry_run=True)
    assert list(tmp_path.glob("data/runs/*/report.json*")) == []


def test_what_failed_first_is_said_although_the_report_does_not_fit_either(limited):
    done = limited(
        *STREAMS, schema(), *BAD[:20], state("end"), dry_run=True, max_rejected_percent=0
    )
    assert done.returncode == 65
    assert "rejected or refused; max_rejected_percent is 0" in done.stderr
    assert "report.json.new cannot be used (File too large)" in done.stderr
