"""All runs as a page: how each segment has changed, at a glance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from target_constant_contact.pages.runs_page import MOST_RUNS, MOST_TRENDS, render_runs
from target_constant_contact.pages.trends import HEIGHT, trends_of
from tests.support import reports

if TYPE_CHECKING:
    from target_constant_contact.reports.past_run import PastRun

OTHER = {"id": "b-list", "name": "Members"}


def load(day: int, *sizes: int, **members: Any) -> PastRun:
    """A load of a segment of this size, and of a second one."""
    places = [
        {"stream": stream, "lists": [one], "read": size + 2, "left": 1, "blank": 1, "landed": size}
        for size, stream, one in zip(
            sizes, ("vips", "members"), (reports.NEWSLETTER, OTHER), strict=False
        )
    ]
    moment = f"2026-05-{day:02}T04:00:00+00:00"
    members = {"started_at": moment, "ended_at": moment, "destinations": places} | members
    return reports.past(reports.name_of(day), **members)


def page(*runs: PastRun) -> str:
    """The page of these runs, given the oldest first."""
    html = render_runs(runs[::-1], place="/data", link=lambda past: f"runs/{past.run}")
    return " ".join(html.split())


def test_a_segment_that_has_shrunk_by_half_is_the_first_thing_on_the_page():
    html = page(load(1, 900, 500), load(2, 1_000, 500), load(3, 480, 510))

    assert html.index("Look at this") < html.index("<h2>Segments</h2>")
    assert (
        "vips</bdi></strong> (<bdi>Newsletter</bdi>) has shrunk by 52 %: from 1,000 to 480 rows"
        in html
    )
    assert "\N{MINUS SIGN}52 %" in html
    assert "+2 %" in html
    assert html.count('class="shrunk"') == 1


@pytest.mark.parametrize(
    ("sizes", "mark"),
    [((100, 51), "less"), ((100, 50), "shrunk"), ((100, 81), ""), ((100, 80), "less"), ((9,), "")],
)
def test_a_segment_is_marked_by_its_change_from_the_run_before(sizes, mark):
    runs = [load(day, size) for day, size in enumerate(sizes, 1)]
    (trend,) = trends_of(runs[::-1])

    assert trend.mark == mark


def test_those_that_have_shrunk_most_come_first_and_then_the_largest():
    one = [load(1, 100, 100), load(2, 40, 10)]
    same = [load(1, 100, 200), load(2, 100, 200)]

    assert [trend.stream for trend in trends_of(one[::-1])] == ["members", "vips"]
    assert [trend.stream for trend in trends_of(same[::-1])] == ["members", "vips"]


def test_only_loads_that_have_ended_well_say_how_large_a_segment_is():
    runs = [
        load(1, 100),
        load(2, 3, status="failed"),
        load(3, 3, status="dry run"),
        reports.of_document(None, reports.name_of(4)),
    ]
    (trend,) = trends_of(runs[::-1])

    assert [point.rows for point in trend.points] == [100]


def test_the_same_list_of_another_connection_is_another_segment():
    runs = [load(1, 100), load(2, 20, connection="other")]

    assert [len(trend.points) for trend in trends_of(runs[::-1])] == [1, 1]


def test_a_list_keeps_its_trend_when_it_is_renamed():
    renamed = {"id": "a-list", "name": "News"}
    place = {"stream": "vips", "lists": [renamed], "read": 30}
    (trend,) = trends_of([load(2, destinations=[place]), load(1, 30)])

    assert (trend.list_name, len(trend.points)) == ("News", 2)


OF_ENTRY = {
    "settings": {"segments": [{"stream": "v*", "load_method": "overwrite"}]},
    "segments": [{"entry": 0, "stream": "v*", "streams": ["vips"]}],
}


@pytest.mark.parametrize("settings", [{"settings": {"load_method": "overwrite"}}, OF_ENTRY])
def test_a_segment_that_lists_follow_has_shrunk_when_it_has_become_empty(settings):
    empty = {"destinations": [], "streams": ["vips"], **settings}
    runs = [load(1, 900, 500), load(2, **empty), load(3, **empty)]

    assert "(<bdi>Newsletter</bdi>) has shrunk by 100 %: from 900 to 0 rows" in page(*runs[:2])
    assert "was empty" in page(*runs)
    assert [len(trend.points) for trend in trends_of(runs[::-1])] == [1, 3]


def test_a_stream_that_may_bring_changes_only_has_not_shrunk_when_there_are_none():
    runs = [load(1, 900), load(2, destinations=[], streams=["vips"], settings={})]

    assert "No segment has shrunk" in page(*runs)


def test_rejected_rows_that_are_sent_again_are_no_segment():
    html = page(load(1, 900), load(2, 5, streams=["vips"], replayed=["vips"]))

    assert "No segment has shrunk" in html


def test_a_list_is_as_large_however_its_rows_were_packed():
    both = [reports.NEWSLETTER, OTHER]
    by_list = [{"stream": "vips", "lists": [one], "read": 100, "landed": 90} for one in both]
    by_sets = [
        {"stream": "vips", "lists": both, "read": 80, "landed": 75},
        {"stream": "vips", "lists": both[:1], "read": 20, "landed": 15},
        {"stream": "vips", "lists": both[1:], "read": 20, "landed": 15},
    ]
    runs = [load(2, destinations=by_sets), load(1, destinations=by_list)]

    assert sorted(
        (trend.list_name, [(point.rows, point.landed) for point in trend.points])
        for trend in trends_of(runs)
    ) == [("Members", [(100, 90)] * 2), ("Newsletter", [(100, 90)] * 2)]


def test_the_line_goes_down_as_the_segment_does():
    (trend,) = trends_of([load(2, 50), load(1, 100)])

    assert trend.line == f"0,10 1000,{HEIGHT - 45}"
    assert trend.text == "100, 50 rows"


def test_who_is_on_the_list_is_told_by_the_latest_sweep():
    swept = reports.past(reports.name_of(3), kind="sweep", swept=[reports.swept()], destinations=[])
    planned = reports.past(
        reports.name_of(4), kind="sweep", swept=[reports.swept(outcome="planned", stay=1)]
    )
    earlier = reports.past(reports.name_of(2), swept=[reports.swept(stay=7)], destinations=[])
    (trend,) = trends_of([planned, swept, earlier, load(1, 900)])[:1]

    assert trend.members == 940


def test_of_several_lists_of_a_segment_a_sweep_tells_who_is_on_its_own():
    both = {"stream": "vips", "lists": [reports.NEWSLETTER, OTHER], "read": 30}
    trends = trends_of([load(1, destinations=[both], swept=[reports.swept()])])

    assert {each.list_name: each.members for each in trends} == {"Newsletter": 940, "Members": None}


def test_each_run_links_to_its_page():
    assert f'<a href="runs/{reports.name_of(2)}">2026-05-02 04:00:00</a>' in page(load(2, 5))
    assert "<a " not in render_runs([load(1, 5)], place="/data", link=lambda _: "")


def test_a_link_is_whole_however_long_it_is_and_whatever_the_folder_is_called():
    link = f"file:///home/ann%40corp.example/{'%D0%B4' * 90}/report.html?a&b"

    html = render_runs([load(1, 5)], place="/data", link=lambda _: link)

    assert f'<a href="{link.replace("&", "&amp;")}">' in html


def test_a_newest_run_that_has_failed_is_told_first():
    html = page(load(1, 5), load(2, 5, status="failed", error="Sign in again"))

    assert "The newest run of vips has failed:</strong> Sign in again" in html
    assert "has failed:" not in page(load(1, 5, status="failed", error="x"), load(2, 5))


def test_a_run_that_has_failed_is_told_until_all_its_streams_have_come_again():
    failed = load(2, status="failed", streams=["vips", "members"], error="x")

    assert "newest run of vips, members has failed" in page(failed, load(3, streams=["vips"]))
    assert "has failed:" not in page(failed, load(3, streams=["members", "vips", "fans"]))
    assert "newest run of vips, members" in page(failed, load(3, connection="b", streams=["vips"]))
    assert page(failed, load(3, status="failed", streams=["fans"])).count("has failed:") == 2


def test_a_run_that_failed_before_any_stream_came_is_told_until_the_next():
    failed = load(2, status="failed", streams=[], error="x")

    assert "The newest run has failed:" in page(load(1, 5), failed)
    assert "has failed:" not in page(failed, load(3, streams=[]))


def test_what_a_dry_run_would_have_sent_is_none_of_what_was_not_sent():
    html = page(load(1, 5, status="dry run", totals={"read": 9, "unsettled": 7, "rejected": 2}))

    assert 'aria-label="9 read: 7 would be sent, 2 rejected"' in html
    assert '<div class="soft small">2 rejected</div>' in html


def test_no_runs_are_a_page_too():
    assert "There are no runs yet." in page()


def test_of_thousands_of_runs_and_segments_some_are_shown_and_the_rest_is_counted():
    places = [
        {"stream": "vips", "lists": [{"id": f"{n}", "name": f"L{n}"}], "read": 5}
        for n in range(MOST_TRENDS + 7)
    ]
    runs = [load(1, destinations=places)] * (MOST_RUNS + 9)
    html = page(*runs)

    assert "7 more segments are not shown; first come those that have shrunk" in html
    assert "9 older runs are not shown" in html
    assert len(html) < 1_000_000


def test_what_others_have_written_is_text():
    html = page(*reports.hostile())

    assert "<script" not in html
    assert "<img" not in html
    assert "\u202e" not in html
    assert "ann.miller" not in html
    assert len(html) < 200_000


def test_each_run_says_which_streams_it_was_about():
    loads = page(load(1, 9, streams=["vips", "members"]), load(2, 9, streams=[]))
    sweep = page(
        load(3, kind="sweep", streams=[], swept=[reports.swept(stream="fans")] * 2, totals=None)
    )

    assert loads.count('streams">') == 1
    assert 'streams">vips, members</div>' in loads
    assert 'streams">fans</div>' in sweep
