"""What the events of a run add up to."""

from __future__ import annotations

import threading
import time

import pytest

from target_constant_contact.events.kinds import (
    InputEnded,
    LimitWaited,
    RowsRead,
    WorkBegun,
    WorkEnded,
)
from target_constant_contact.progress.figures import Figures
from target_constant_contact.progress.standing import Imports, Swept, Work
from tests.support.fakes import Clock
from tests.support.happening import RUN, begun, ended, rejected, sent, settled, swept


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def figures(clock):
    return Figures(clock)


def take(figures, *events):
    for event in events:
        figures.take(event)
    return figures.standing()


def test_every_row_is_counted_where_it_is(figures):
    standing = take(
        figures,
        begun(),
        RowsRead(1),
        RowsRead(40),
        rejected(2),
        rejected(1),
        sent(),
        settled(14, refused=3, suppressed=2, unexplained=1),
        settled(5),
    )
    assert standing.rows_read == 40
    assert standing.rows == {
        "landed": 19,
        "rejected": 3,
        "refused": 3,
        "suppressed": 2,
        "unexplained": 1,
    }


def test_imports_are_in_flight_from_their_sending_to_their_end(figures):
    standing = take(figures, begun(), sent(), sent(), sent(), settled())
    assert standing.imports == Imports(sent=3, settled=1)
    assert standing.imports.in_flight == 2


def test_an_import_of_an_interrupted_run_was_not_sent_by_this_one(figures):
    standing = take(figures, begun(), sent(), settled(7, taken_up=True))
    assert standing.imports == Imports(sent=1, taken_up=1)
    assert standing.imports.in_flight == 1
    assert standing.rows["landed"] == 7


def test_the_share_is_known_once_the_input_has_ended(figures):
    assert take(figures, begun(), *[sent()] * 4, settled()).imports.share is None
    imports = take(figures, InputEnded(8)).imports
    assert (imports.to_send, imports.share) == (4, 1 / 8)
    imports = take(figures, *[sent()] * 4, *[settled()] * 7).imports
    assert (imports.to_send, imports.share) == (0, 1.0)


def test_without_an_import_there_is_no_share(figures):
    assert take(figures, begun(), InputEnded(0)).imports.share is None


def test_an_import_more_than_was_foreseen_is_none_to_send(figures):
    imports = take(figures, begun(), InputEnded(1), sent(), sent()).imports
    assert imports.to_send == 0


def test_waits_are_added_up_by_their_reason(figures):
    waits = [("rate", 0.5), ("queue", 60.0), ("rate", 0.25)]
    standing = take(figures, begun(), *[LimitWaited(*wait) for wait in waits])
    assert standing.waits == {"rate": 0.75, "queue": 60.0}


def test_lists_and_people_of_a_sweep_are_counted(figures):
    standing = take(figures, begun("sweep"), swept(3), swept(0), swept(4))
    assert standing.swept == Swept(lists=3, people=7)
    assert not standing.is_load


def test_what_goes_on_is_told_with_the_time_since_it_began(figures, clock):
    take(figures, WorkBegun("reading list A back", "read_back"))
    clock.now += 5
    standing = take(figures, WorkBegun("reading list B back", "read_back"))
    clock.now += 2
    standing = figures.standing()
    assert standing.works == (Work("reading list A back", 7.0), Work("reading list B back", 2.0))
    # Of a command that is no run, the oldest work is what counts.
    assert standing.seconds == 7.0
    standing = take(figures, WorkEnded("reading list A back", "read_back", 7.0))
    assert [work.name for work in standing.works] == ["reading list B back"]


def test_of_two_works_of_one_name_one_ends(figures):
    work, end = WorkBegun("comparing", "compare"), WorkEnded("comparing", "compare", 1.0)
    assert len(take(figures, work, work, end).works) == 1
    assert take(figures, end, end).works == ()


def test_names_that_others_gave_are_redacted(figures):
    work = "reading list of ada@example.com \x1b[2J back"
    (found,) = take(figures, WorkBegun(work, "read_back")).works
    assert found.name == "reading list of <address> \\x1b[2J back"
    assert take(figures, WorkEnded(work, "read_back", 1.0)).works == ()


def test_it_is_idle_before_and_after_a_run_or_work(figures):
    assert figures.is_idle
    figures.take(begun())
    assert not figures.is_idle
    figures.take(WorkBegun("comparing", "compare"))
    figures.take(ended())
    assert figures.is_idle
    figures.take(WorkBegun("comparing", "compare"))
    assert not figures.is_idle
    figures.take(WorkEnded("comparing", "compare", 1.0, failed=True))
    assert figures.is_idle


def test_a_run_begins_with_nothing(figures, clock):
    take(figures, begun(), RowsRead(3), sent(), settled(), LimitWaited("rate", 1.0), ended())
    clock.now += 100
    standing = take(figures, begun())
    assert (standing.run, standing.seconds, standing.rows_read) == (RUN, 0.0, 0)
    assert not any(standing.rows.values())
    assert standing.imports == Imports()
    assert standing.waits == {}


def test_of_several_threads_one_is_heard_at_a_time():
    """Polls settle imports while others are sent and rows are rejected."""
    inside: list[int] = []
    together = []

    def clock() -> float:
        inside.append(1)
        together.append(len(inside))
        time.sleep(0.0005)
        inside.pop()
        return 0.0

    figures = Figures(clock)
    figures.take(begun())

    def tell() -> None:
        for _ in range(20):
            take(figures, sent(), settled(3), rejected(1), LimitWaited("rate", 1.0))

    threads = [threading.Thread(target=tell) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    standing = figures.standing()
    assert standing.imports == Imports(sent=80, settled=80)
    assert (standing.rows["landed"], standing.rows["rejected"]) == (240, 80)
    assert standing.waits == {"rate": 80.0}
    assert set(together) == {1}


class TestSecondsLeft:
    """How long the imports that are left will take."""

    def run(self, figures, clock, *, times, sent_before, to_send=0):
        take(figures, begun(), *[sent()] * sent_before, InputEnded(sent_before + to_send))
        for at in times:
            clock.now = at
            figures.take(settled())
        return figures.standing().imports.seconds_left

    def test_imports_one_at_a_time_go_on_as_they_did(self, figures, clock):
        left = self.run(figures, clock, times=[8, 16, 24, 32, 40], sent_before=15)
        assert left == 10 * 8

    def test_imports_side_by_side_come_at_the_pace_at_which_they_were_sent(self, figures, clock):
        """The time until the first one comes says nothing about the pace."""
        times = [600 + n / 4 for n in range(41)]
        assert self.run(figures, clock, times=times, sent_before=101) == 60 / 4

    def test_imports_that_are_yet_to_be_sent_count(self, figures, clock):
        left = self.run(figures, clock, times=[2, 4, 6, 8], sent_before=5, to_send=9)
        assert left == 10 * 2

    def test_it_grows_while_nothing_comes(self, figures, clock):
        before = self.run(figures, clock, times=[2, 4, 6, 8], sent_before=8)
        clock.now += 30
        assert figures.standing().imports.seconds_left > 4 * before

    @pytest.mark.parametrize(
        ("times", "why"),
        [([], "none"), ([9, 18, 27], "too few"), ([1, 1, 1, 1, 1, 2], "all of them at once")],
    )
    def test_of_too_little_nothing_is_concluded(self, figures, clock, times, why):
        assert self.run(figures, clock, times=times, sent_before=20) is None, why

    def test_while_rows_may_come_nothing_is_concluded(self, figures, clock):
        take(figures, begun(), *[sent()] * 9)
        for at in (8, 16, 24, 32, 40):
            clock.now = at
            figures.take(settled())
        assert figures.standing().imports.seconds_left is None

    def test_when_nothing_is_left_there_is_nothing_to_say(self, figures, clock):
        assert self.run(figures, clock, times=[8, 16, 24, 32, 40], sent_before=5) is None
