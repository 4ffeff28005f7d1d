"""How far everything is, in words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from target_constant_contact.progress.standing import Imports, Standing, Swept, Work
from target_constant_contact.progress.texts import FINE, PLAIN, line, marks_for, rows

NOTHING = dict.fromkeys(["landed", "rejected", "refused", "suppressed", "unexplained"], 0)
BEGUN = Standing(
    run="a-run",
    is_load=True,
    seconds=12.9,
    rows_read=0,
    rows=NOTHING,
    imports=Imports(),
    swept=Swept(),
    waits={},
    works=(),
)
AMID = Standing(
    run="a-run",
    is_load=True,
    seconds=90.0,
    rows_read=1_234_567,
    rows=NOTHING | {"landed": 99_000, "rejected": 120, "suppressed": 3},
    imports=Imports(sent=30, settled=25, to_send=0, seconds_left=119.0),
    swept=Swept(),
    waits={"rate": 0.9, "queue": 61.0},
    works=(Work("reading list Newsletter back", 20.0),),
)
SWEEP = replace(BEGUN, is_load=False, swept=Swept(1, 1_500))
WORK = replace(BEGUN, run="", is_load=False, seconds=3_725.0, works=(Work("comparing", 3_725.0),))


AMID_ROWS = "1,234,567 rows read, 99,000 landed, 120 rejected, 3 suppressed"
AMID_IMPORTS = "30 imports sent, 5 in flight, 25 settled, about 2 min left"
AMID_WAIT = "requests waited 1 min 1 s in all for room in the account's queue"
THROTTLED = "requests waited 2 s in all for the service, which has asked for it"
AMID_WORK = "reading list Newsletter back, 20 s"
TAKEN_UP = Imports(sent=1, settled=0, taken_up=2, to_send=4, seconds_left=3.0)
TAKEN_UP_IMPORTS = (
    "1 import sent, 1 in flight, 0 settled, 2 of an interrupted run taken up, 4 to send, "
    "less than a minute left"
)


@pytest.mark.parametrize(
    ("standing", "said"),
    [
        (BEGUN, "After 12 s: 0 rows read"),
        (AMID, f"After 1 min 30 s: {AMID_ROWS}; {AMID_IMPORTS}; {AMID_WAIT}; {AMID_WORK}"),
        (SWEEP, "After 12 s: 1 list done, 1,500 people taken off"),
        (replace(BEGUN, is_load=False), "After 12 s: 0 lists done, 0 people taken off"),
        (WORK, "After 1 h 2 min: comparing"),
        (
            replace(WORK, works=(*WORK.works, Work("reading", 1.0)), waits={"throttled": 2.0}),
            f"After 1 h 2 min: comparing; reading, 1 s; {THROTTLED}",
        ),
        (replace(BEGUN, imports=TAKEN_UP), f"After 12 s: 0 rows read; {TAKEN_UP_IMPORTS}"),
    ],
)
def test_one_line_says_all(standing, said):
    assert line(standing) == said


def test_its_fields_are_the_same_numbers():
    assert line(AMID).values == {
        "run": "a-run",
        "seconds": 90.0,
        "read": 1_234_567,
        "landed": 99_000,
        "rejected": 120,
        "refused": 0,
        "suppressed": 3,
        "unexplained": 0,
        "imports_sent": 30,
        "imports_in_flight": 5,
        "imports_settled": 25,
        "imports_taken_up": 0,
        "imports_to_send": 0,
        "lists_swept": 0,
        "taken_off": 0,
        "waited_seconds": 61.9,
        "seconds_left": 119,
        "work": ["reading list Newsletter back"],
    }
    assert line(BEGUN).values["seconds_left"] is None
    assert line(WORK).values == {"seconds": 3_725.0, "work": ["comparing"]}


def test_a_terminal_shows_them_row_by_row():
    assert rows(AMID, 90, 0, FINE) == [
        f"⠋ 1 min 30 s: {AMID_ROWS}",
        f"  ━━━━━━━━━━━━━━━━╌╌╌╌ {AMID_IMPORTS}",
        f"  {AMID_WAIT}",
        f"  {AMID_WORK}",
    ]
    assert rows(WORK, 100, 0, FINE) == ["⠋ 1 h 2 min: comparing"]


def test_the_first_character_turns():
    assert [rows(BEGUN, 80, n, PLAIN)[0][0] for n in range(5)] == ["|", "/", "-", "\\", "|"]


@pytest.mark.parametrize(
    ("settled", "bar"), [(0, "-" * 20), (39, "#" * 19 + "-"), (40, "#" * 20), (41, "#" * 20)]
)
def test_a_bar_is_full_when_all_is_settled(settled, bar):
    standing = replace(AMID, imports=Imports(sent=40, settled=settled, to_send=0))
    assert rows(standing, 100, 0, PLAIN)[1].split()[0] == bar


def test_while_rows_may_come_there_is_no_bar():
    standing = replace(AMID, imports=Imports(sent=30, settled=25))
    assert rows(standing, 100, 0, FINE)[1] == "  30 imports sent, 5 in flight, 25 settled"


@pytest.mark.parametrize("width", range(101))
def test_no_row_is_wider_than_the_terminal(width):
    wide = replace(AMID, works=(Work("reading list Großer 日本の家 👋 back" * 3, 1.0),))
    for row in rows(wide, width, 0, FINE):
        assert len(row) + sum(char > "\u3000" for char in row) <= width


def test_a_row_that_is_cut_says_so():
    assert rows(AMID, 40, 0, FINE)[0] == "⠋ 1 min 30 s: 1,234,567 rows read, 99,0…"
    assert rows(AMID, 40, 0, PLAIN)[0] == "| 1 min 30 s: 1,234,567 rows read, 99,0~"
    wide = replace(WORK, works=(Work("日本の家", 1.0),))
    assert rows(wide, 16, 0, FINE) == ["⠋ 1 h 2 min: 日…"]


def test_characters_on_top_of_others_take_no_column():
    accents = replace(WORK, works=(Work("e\u0301" * 5, 1.0),))
    assert rows(accents, 18, 0, FINE) == ["⠋ 1 h 2 min: " + "e\u0301" * 5]


@pytest.mark.parametrize(
    ("encoding", "marks"), [("utf-8", FINE), ("latin-1", PLAIN), ("ascii", PLAIN), ("none", PLAIN)]
)
def test_a_terminal_gets_characters_that_it_has(encoding, marks):
    assert marks_for(encoding) is marks
