"""Nights of members and leavers, some of them interrupted, against a model of their own."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from target_constant_contact.sandbox import Behaviour, Sandbox
from target_constant_contact.segments import ways
from target_constant_contact.segments.leavers import LeaverSweep
from target_constant_contact.segments.taking_off import TakingOff
from target_constant_contact.singer import json_lines
from tests.support.target import TEXT, record, run, schema, settings_for, state

LISTS = ("Newsletter", "Product updates")
COLUMNS = {"EmailAddress": TEXT, "FirstName": TEXT, "lists": {}, "gone": {}}
SEED = {"ada.marsh@example.com", "bela.novak@example.com"}


class KilledError(BaseException):
    """The process is gone."""


ROWS = st.tuples(
    st.integers(0, 4), st.booleans(), st.lists(st.sampled_from(LISTS), min_size=1, unique=True)
)
NIGHTS = st.tuples(
    st.lists(ROWS, max_size=12),
    st.sampled_from(["good", "good", "quota", "killed before", "killed after", "failed before"]),
    st.sampled_from([1, 1_000_000]),
    st.integers(1, 5),
)


@contextmanager
def trouble(kind):
    """What happens to a run when it takes people off."""

    def killed(*_, **__):
        raise KilledError

    if kind == "quota":
        with patch.object(ways, "POLLS", 10**9):
            yield
    elif kind.startswith("killed"):
        before, after = (LeaverSweep, "sweep"), (TakingOff, "_read_back")
        with patch.object(*(before if kind == "killed before" else after), killed):
            yield
    else:
        yield


def messages(rows, every, *, is_bad):
    """A stream of rows, with STATE in between."""
    found = [schema(**COLUMNS)]
    for number, (person, has_left, lists) in enumerate(rows, start=1):
        address = f"P{person}@example.com" if number % 2 else f"p{person}@example.com"
        found.append(
            record(EmailAddress=address, FirstName=f"{number}", lists=lists, gone=has_left)
        )
        if number % every == 0:
            found.append(state(number))
    # Rows of which too many are rejected: the run fails before anybody is taken off.
    return [*found, *([record(EmailAddress="bad", lists=["Newsletter"])] * 40 if is_bad else [])]


class Model:
    """Who is on which list, and who has left it and is not off it yet."""

    def __init__(self):
        self.on = defaultdict(set)
        self.leaving = defaultdict(set)

    def read(self, rows):
        """What rows say; the later one counts."""
        for person, has_left, lists in rows:
            for name in lists:
                if has_left:
                    self.leaving[name].add(person)
                else:
                    self.leaving[name].discard(person)
                    self.on[name].add(person)

    def end(self):
        """Whoever has left is off."""
        for name in LISTS:
            self.on[name] -= self.leaving[name]
            self.leaving[name].clear()


@settings(max_examples=12)
@given(
    nights=st.lists(NIGHTS, min_size=1, max_size=4), import_format=st.sampled_from(["json", "csv"])
)
def test_after_each_good_night_every_list_is_as_the_rows_say(nights, import_format):
    model = Model()
    behaviour = Behaviour(seconds_to_start=0, seconds_to_finish=0)
    with tempfile.TemporaryDirectory() as folder, Sandbox(behaviour=behaviour) as sandbox:
        config = settings_for(
            sandbox,
            Path(folder),
            lists_field="lists",
            left_field="gone",
            max_removed_percent=100,
            max_rejected_percent=50,
            import_format=import_format,
        )
        for rows, kind, shortest, every in [*nights, ([], "good", 1, 1)]:
            is_bad = kind == "failed before"
            with patch.object(json_lines, "SHORTEST_CHUNK", shortest), trouble(kind):
                try:
                    outcome = run(config, *messages(rows, every, is_bad=is_bad))
                except KilledError:
                    outcome = None
            if outcome and outcome.exit_code == 0:
                model.read(rows)
                model.end()
                for name in LISTS:
                    there = sandbox.members(name).keys() - SEED
                    assert there == {f"p{person}@example.com" for person in model.on[name]}
            elif is_bad:
                # The tap sends these rows again: its STATE stands before them, or before a part.
                again = run(config, *messages(rows, every, is_bad=False))
                assert again.exit_code == 0
                model.read(rows)
                model.end()
            else:
                model.read(rows)
                assert outcome is None or outcome.exit_code == 75
