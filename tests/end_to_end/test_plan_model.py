"""What a plan says is what a load and a sweep then do, whoever comes in whichever rows."""

from __future__ import annotations

import tempfile
from pathlib import Path
from unittest.mock import patch

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from target_constant_contact.sandbox import Behaviour, Sandbox
from target_constant_contact.singer import json_lines
from tests.support.commands import call, config_file
from tests.support.target import TEXT, lines, record, run, schema, settings_for
from tests.support.year import Account

PHASES = [Phase.explicit, Phase.reuse, Phase.generate]
LISTS = ("Newsletter", "Product updates")
COLUMNS = {"EmailAddress": TEXT, "FirstName": TEXT, "City": TEXT, "lists": {}, "gone": {}}
SEEDED = ("ada.marsh@example.com", "una.subscribed@example.com", "bela.novak@example.com")
WHO = st.sampled_from([*(f"p{number}@example.com" for number in range(5)), *SEEDED, "bad", None])
WORDS = st.sampled_from([None, "", "Ann", "ann ", "Bob"])
ROWS = st.lists(
    st.tuples(
        WHO,
        WORDS,
        WORDS,
        st.lists(st.sampled_from(LISTS), min_size=1, unique=True),
        st.sampled_from([False, False, False, True]),
    ),
    max_size=10,
)
# The service does not tell of who has unsubscribed and was deleted: one step for a person.
STEPS = st.lists(
    st.tuples(st.sampled_from(["leave", "unsubscribe", "delete"]), st.integers(0, 4)),
    max_size=3,
    unique_by=lambda step: step[1],
)


def messages(rows):
    return [
        schema(**COLUMNS),
        *(
            record(EmailAddress=who, FirstName=first, City=city, lists=lists, gone=gone)
            for who, first, city, lists, gone in rows
        ),
    ]


def states(sandbox):
    """Who is on each list, with what is compared."""
    return {
        name: {
            key: tuple(str(one.get(each, "")).strip().casefold() for each in ("first_name", "city"))
            for key, one in sandbox.members(name).items()
        }
        for name in LISTS
    }


@settings(max_examples=12, phases=PHASES)
@given(
    first=ROWS,
    second=ROWS,
    steps=STEPS,
    overwrites=st.booleans(),
    unchanged=st.sampled_from(["always", "never"]),
    at_once=st.sampled_from([1, 3, 1_000]),
    import_format=st.sampled_from(["json", "csv"]),
    shortest=st.sampled_from([1, 1_000_000]),
)
def test_a_load_does_what_was_planned(
    first, second, steps, overwrites, unchanged, at_once, import_format, shortest
):
    with (
        tempfile.TemporaryDirectory() as folder,
        Sandbox(behaviour=Behaviour(seconds_to_start=0, seconds_to_finish=0)) as sandbox,
        patch.object(json_lines, "SHORTEST_CHUNK", shortest),
    ):
        config = settings_for(
            sandbox,
            Path(folder) / "data",
            lists_field="lists",
            left_field="gone",
            load_method="overwrite" if overwrites else "upsert",
            send_unchanged=unchanged,
            batch_size_rows=at_once,
            import_format=import_format,
            max_removed_percent=100,
        )
        file = config_file(Path(folder), **config)
        run(config, *messages(first))
        call("sweep", "--config", file)
        account = Account(sandbox)
        for step, number in steps:
            person = f"p{number}@example.com"
            account.leave(LISTS[0], person) if step == "leave" else getattr(account, step)(person)
        source = Path(folder) / "input.jsonl"
        source.write_text(lines(*messages(second)))
        before = states(sandbox)
        plan = call("plan", "--config", file, "--input", source, "--json").json
        assert states(sandbox) == before
        outcome = run(config, *messages(second))
        check_rows(plan, outcome, is_one_batch=at_once > len(second))
        sent = {
            name: {str(who).lower() for who, _, _, lists, _ in second if name in lists}
            for name in LISTS
        }
        check_lists(plan, before, states(sandbox), outcome, sent if unchanged == "always" else None)
        if outcome.exit_code == 0:
            swept = call("sweep", "--config", file, "--json").json["lists"]
            check_taken_off(plan, outcome, swept)


def check_rows(plan, outcome, *, is_one_batch):
    """The same rows are rejected, withheld and merged."""
    planned = plan["totals"] | {"landed": plan["totals"]["unsettled"], "unsettled": 0}
    totals = outcome.report["totals"]
    if is_one_batch:
        assert plan["effort"]["imports"] == len(outcome.report["imports"])
    else:
        # A row that contradicts one in flight waits, and others join it, or not: as it happens.
        for counts in (planned, totals):
            counts["landed"] += counts.pop("merged") - counts.pop("copies")
    assert planned == totals


def check_lists(plan, before, after, outcome, sent):
    """The same people are added, and the same ones change."""
    by_name = {one["list_name"]: one for one in plan["lists"]}
    off = {one["list_name"]: one["taken_off"] for one in outcome.report["swept"]}
    for name in LISTS:
        one = by_name.get(name, {"added": 0, "updated": 0, "people": 0, "unchanged": 0})
        added = after[name].keys() - before[name].keys()
        stayed = after[name].keys() & before[name].keys()
        # Whoever is on the list may be changed by a row for another one.
        stayed &= sent[name] if sent else stayed
        changed = {key for key in stayed if after[name][key] != before[name][key]}
        gone = off.get(name, 0)
        # Who was added and taken off at once does not show.
        if not gone:
            assert one["added"] == len(added), name
            assert one["updated"] == len(changed) or not sent, name
        assert one["people"] == one["added"] + one["updated"] + one["unchanged"]


def check_taken_off(plan, outcome, swept):
    """As many people are taken off each list, by the load or by the sweep."""
    for name in LISTS:
        planned, done = (
            sum(one["taken_off"] for one in found if one["list_name"] == name)
            for found in (plan["taken_off"], [*outcome.report["swept"], *swept])
        )
        assert done == planned, (name, plan["taken_off"])
