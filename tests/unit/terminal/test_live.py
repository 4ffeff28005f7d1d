"""Rows at the end of a terminal, as a person sees them."""

from __future__ import annotations

import io
import os
import threading
from functools import partial

import pytest

from target_constant_contact.terminal.live import LiveRows, can_show
from tests.support.screen import Screen

ROWS = ["12 rows read", "3 imports sent"]


@pytest.fixture
def screen(monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    with Screen(columns=30, lines=6) as made:
        yield made


@pytest.fixture
def stream(screen):
    with screen.open() as made:
        yield made


@pytest.fixture
def live(stream):
    made = LiveRows()
    made.begin(stream, lambda _width: ROWS)
    return made


def log(live, screen, text):
    """Write as the log does."""
    live.above(text.encode(), partial(os.write, screen.descriptor))


def other(screen, text):
    """Write as another program of the same pipeline does."""
    os.write(screen.descriptor, text.encode())


def test_rows_stand_below_an_empty_one_where_the_cursor_rests(live, screen):
    other(screen, "$ tap | target\n")
    assert live.draw()
    assert screen.rows() == ["$ tap | target", "", *ROWS]
    assert screen.cursor == (0, 1)


def test_they_are_drawn_in_their_place(live, screen, stream):
    live.draw()
    pictures = iter([["1"], ["2", "more"], ["3"]])
    live.begin(stream, lambda _width: next(pictures))
    live.draw()
    live.draw()
    assert screen.rows() == ["", "2", "more"]
    live.draw()
    assert screen.rows() == ["", "3"]


def test_nothing_of_them_is_left_at_the_end(live, screen):
    other(screen, "$ tap | target\n")
    live.draw()
    live.end()
    live.draw()
    other(screen, "$ ")
    assert screen.rows() == ["$ tap | target", "$"]


def test_lines_of_the_log_stand_above_them_in_one_piece(live, screen):
    live.draw()
    for number in range(10):
        log(live, screen, f"line {number}\n")
        live.draw()
    assert screen.rows() == [*(f"line {number}" for number in range(10)), "", *ROWS]
    live.end()
    assert screen.rows() == [f"line {number}" for number in range(10)]


def test_a_line_longer_than_the_terminal_is_wide_is_left_to_the_terminal(live, screen):
    live.draw()
    log(live, screen, f"{'x' * 70}\n")
    assert screen.rows() == ["x" * 30, "x" * 30, "x" * 10, "", *ROWS]


def test_a_line_that_comes_in_pieces_is_not_broken(live, screen):
    live.draw()
    for piece in ("one ", "line", "\n"):
        log(live, screen, piece)
        live.draw()
    assert screen.rows() == ["one line", "", *ROWS]


def test_what_another_program_writes_is_never_erased(live, screen):
    """Such as the tap, whose log goes to the same terminal without a word to this process."""
    for number in range(12):
        live.draw()
        other(screen, f"tap: {number}\n")
    live.end()
    assert screen.rows() == [f"tap: {number}" for number in range(12)]


def test_a_progress_bar_of_another_program_stands_above_them(live, screen):
    for percent in (10, 20, 30):
        other(screen, f"\rtap: {percent} %")
        live.draw()
    assert screen.rows() == ["tap: 30 %", *ROWS]


@pytest.mark.parametrize("columns", [12, 29, 30, 31, 90])
def test_another_width_does_not_take_a_line_away(live, screen, stream, columns):
    widths = []
    live.begin(stream, lambda width: widths.append(width) or ["x" * width])
    log(live, screen, "one\n")
    live.draw()
    screen.resize(columns, 6)
    live.draw()
    log(live, screen, "two\n")
    live.end()
    assert screen.rows() == ["one", "two"]
    assert widths[-1] == columns - 1


@pytest.mark.parametrize(("lines", "shown"), [(1, 0), (2, 1), (3, 2), (4, 3), (24, 5)])
def test_a_terminal_of_few_lines_shows_the_first_rows(live, screen, stream, lines, shown):
    screen.resize(30, lines)
    live.begin(stream, lambda _width: list("abcde"))
    log(live, screen, "one\n")
    live.draw()
    assert screen.rows() == (["one", "", *"abcde"[:shown]] if shown else ["one"])


def test_a_terminal_that_does_not_say_its_size_has_the_usual_one(live, screen, stream):
    widths = []
    screen.resize(0, 0)
    live.begin(stream, lambda width: widths.append(width) or ["a"])
    live.draw()
    assert widths == [79]


def test_what_the_terminal_has_no_characters_for_is_left_out(live, screen):
    with screen.open("latin-1") as stream:
        live.begin(stream, lambda _width: ["Großer 日本"])
        live.draw()
    screen._look()
    assert "Großer ??".encode("latin-1") in screen.raw


def test_a_window_that_is_closed_ends_it_and_nothing_fails(live, screen):
    live.draw()
    screen.hang_up()
    assert not live.draw()
    assert live.above(b"x\n", len) == 2
    live.end()


def test_a_halted_terminal_holds_nobody_up(live, screen, stream):
    """As after Ctrl-S: pictures are dropped until it goes on, and lines are waited for."""
    screen.type(b"\x13")
    live.begin(stream, lambda width: ["x" * width] * 4)
    drawing = threading.Thread(target=lambda: [live.draw() for _ in range(10_000)])
    drawing.start()
    drawing.join(30)
    assert not drawing.is_alive()
    screen.type(b"\x11")
    live.draw()
    live.end()


def test_what_writes_fails_as_it_does_without_them(live):
    def fail(_content):
        raise OSError(5, "Input/output error")

    live.draw()
    with pytest.raises(OSError, match="Input/output"):
        live.above(b"x\n", fail)


def test_nothing_is_drawn_into_the_terminal_of_a_shell_that_it_runs_behind(
    live, screen, monkeypatch
):
    monkeypatch.setattr(os, "tcgetpgrp", lambda _descriptor: os.getpgrp() + 1)
    assert not live.draw()
    log(live, screen, "one\n")
    live.end()
    assert screen.rows() == ["one"]
    assert b"\x1b" not in screen.raw


def test_nor_is_anything_erased_there(live, screen, monkeypatch):
    """The shell may have written where the rows were."""
    live.draw()
    screen.rows()
    monkeypatch.setattr(os, "tcgetpgrp", lambda _descriptor: os.getpgrp() + 1)
    before = len(screen.raw)
    log(live, screen, "one\n")
    live.end()
    screen.rows()
    assert screen.raw[before:] == b"one\r\n"


def test_without_rows_what_is_written_goes_through(screen):
    live = LiveRows()
    assert not live.draw()
    log(live, screen, "half a line")
    live.end()
    assert screen.rows() == ["half a line"]


@pytest.mark.parametrize(
    ("term", "shows"),
    [("xterm", True), ("linux", True), ("dumb", False), ("", False), (None, False)],
)
def test_rows_need_a_terminal_that_can_take_them_back(monkeypatch, stream, term, shows):
    monkeypatch.delenv("TERM") if term is None else monkeypatch.setenv("TERM", term)
    assert can_show(stream) is shows


def test_rows_need_a_terminal(monkeypatch, tmp_path):
    monkeypatch.setenv("TERM", "xterm")
    with (tmp_path / "log").open("w") as file:
        assert not can_show(file)
    assert not can_show(file)
    assert not can_show(None)
    assert not can_show(io.StringIO())
