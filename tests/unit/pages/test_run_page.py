"""The page of a run: what it says, and what it never says."""

from __future__ import annotations

import itertools
import json
import re
from html.parser import HTMLParser

import pytest

from target_constant_contact.pages.run_page import MOST_ROWS, render_run
from target_constant_contact.pages.texts import UNKNOWN
from target_constant_contact.pages.timeline import MOST_IMPORTS
from target_constant_contact.reports.past_run import read_run
from target_constant_contact.reports.waits import MOST_WAITS
from target_constant_contact.store.run_row import RunRow
from tests.support import reports

COUNTS = reports.COUNTS
TIMES = "30 \N{MULTIPLICATION SIGN}"


class _Page(HTMLParser):
    """Elements and text of a page."""

    VOID = frozenset({"meta", "link", "br"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(page)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID and tag not in {"rect", "polygon", "polyline"}:
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        if self._open[-1:] != ["style"]:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def page(**members) -> _Page:
    return _Page(render_run(reports.past(**members)))


def test_the_first_thing_says_how_many_landed_why_others_did_not_and_what_to_do():
    text = page().text

    places = [
        text.index(words)
        for words in (
            "930 of 1,000 rows landed",
            f"34 rejected cannot be a contact, and were not sent {TIMES} {reports.REASON}",
            "Correct 39 rows and send them again",
            f"rejects --config ... --csv --output rows.csv {reports.RUN}",
            "Every row",
        )
    ]
    assert places == sorted(places)


def test_the_sums_are_a_bar_with_the_same_in_words():
    bars = [svg for svg in page().all("svg") if "bar tall" in str(svg["class"])]
    (bar,) = bars

    assert bar["role"] == "img"
    assert bar["aria-label"] == (
        "1,000 read: 930 landed, 25 merged, 6 suppressed, 34 rejected, 5 refused"
    )


def test_reasons_stand_with_counts_fields_and_outlines():
    text = page().text

    assert f"30 rejected: {reports.REASON} vips field Email" in text
    assert "•••@@••••.•••" in text
    assert "5 did not land: refused: deleted vips · known by: look-up" in text
    assert "3 value left out: birthday is no date" in text
    assert "6 not sent: unsubscribed" in text


def test_the_timeline_tells_when_imports_were_sent_and_when_the_run_waited():
    shown = page()
    labels = [svg.get("aria-label") for svg in shown.all("svg")]

    assert "8 settled; at the most 7 in flight" in shown.text
    assert "sent at 3 s, settled at 15.5 s" in labels
    assert "Waited for the next slot of the API key 12 times, 7.1 s together" in shown.text
    assert [one for one in shown.all("rect") if one.get("class") == "wait"] != []


def test_requests_quota_settings_and_place_are_told():
    text = page().text

    assert "Requests of this run 28" in text
    assert "640 of 10,000 were used when it ended" in text
    assert "batch_size_rows 500" in text
    assert 'segments.0 { "stream": "vips" }' in text
    assert f"/data/runs/{reports.RUN}" in text
    assert "worker-7" in text


def test_the_requests_of_the_day_are_a_bar_with_those_before_the_run():
    bars = [one for one in page().all("rect") if one.get("x") == "61"]

    assert [one["class"] for one in bars] == ["slice landed"]


def test_the_largest_lists_come_first_and_not_more_steps_than_one_reads():
    places = [
        {"stream": "vips", "lists": [{"id": name, "name": name}], "read": read}
        for name, read in (("Small", 5), ("Large", 500))
    ]
    text = page(destinations=places, warnings=[f"Look at {n}" for n in range(20)]).text

    assert text.index("Large from vips") < text.index("Small from vips")
    assert "Look at 0" in text
    assert "Look at 19" not in text
    assert "and 17 more, in the log of the run" in text


def test_a_setting_that_has_its_default_is_left_out():
    text = page(settings={"max_rejected_percent": 10, "keep_runs_days": 30}).text

    assert "keep_runs_days 30" in text
    assert "max_rejected_percent" not in text


def test_lists_stand_before_and_after_a_sweep():
    text = _Page(render_run(reports.sweep())).text

    assert "250 people were taken off 1 list" in text
    assert "Newsletter follows vips 1,200 940 250" in text
    assert "900 stay, 40 put there by others, 10 left by themselves, 250 taken off" in text
    assert "Members keeps everybody: Nothing was loaded since" in text
    assert "Members follows vips 1,200 1,200" in text


def test_of_a_list_that_was_not_looked_at_no_number_is_told_and_no_name_twice():
    none = dict.fromkeys(("before", "stay", "taken_off", "not_ours", "left_by_themselves"), 0)
    idle = none | {"outcome": "idle", "reason": "vips -> Newsletter: nothing was loaded"}
    no_list = {"list_id": "", "list_name": "", "reason": "segments.1: nothing was loaded yet"}
    swept = [reports.swept(**idle), reports.swept(**idle | no_list), reports.swept(not_ours=1)]
    shown = _Page(render_run(reports.past(kind="sweep", swept=swept, destinations=[])))

    assert "Newsletter : nothing was loaded segments.1: nothing was loaded yet" in shown.text
    assert "Newsletter : 900 stay, 1 was put there by others" in shown.text
    assert (
        f"Newsletter follows vips {UNKNOWN} {UNKNOWN} 0 nothing was loaded no list yet"
        in shown.text
    )


def test_what_has_kept_a_list_from_being_swept_is_said_with_what_to_do_about_it():
    why = "30 people would leave. Nobody was taken off. If that is right: sweep --yes-remove 30"
    reason = f"vips -> Newsletter: {why}"
    kept = [reports.swept(outcome="refused", reason=reason)]
    members = {"kind": "sweep", "status": "failed", "destinations": [], "swept": kept}
    text = _Page(render_run(reports.past(**members, error=reason))).text

    assert "Newsletter : 30 people would leave What to do" in text
    assert f"Newsletter keeps everybody: {why}" in text
    assert "Do what the error says" not in text
    broken = _Page(render_run(reports.past(**members, error="The store is gone"))).text
    assert "Do what the error says, and sweep again." in broken


def test_a_place_where_nobody_is_has_no_part_of_a_bar():
    nobody = reports.swept(taken_off=0, left_by_themselves=-3, not_ours=0)
    shown = _Page(render_run(reports.past(kind="sweep", swept=[nobody], destinations=[])))
    bars = [one["class"] for one in shown.all("rect") if "slice" in str(one["class"])]

    assert bars[:1] == ["slice landed"]
    assert "slice rejected" not in bars
    assert "slice left" not in bars


def test_a_plan_says_who_would_be_taken_off():
    planned = reports.past(kind="sweep", swept=[reports.swept(outcome="planned")])

    text = _Page(render_run(planned)).text
    assert "What would be taken off 250 people would be taken off 1 list" in text
    assert "Why nobody else would be" in text


def test_a_dry_run_says_what_would_change_on_each_list():
    lists = [
        reports.planned(),
        reports.planned(list_name="Members", is_new=True),
        reports.planned(list_name="Closed", fault="not compared (403)", people=12),
    ]
    shown = page(status="dry run", planned={"lists": lists, "effort": reports.effort()})

    assert "Newsletter from vips 50 10 900" in shown.text
    assert "Members from vips \N{MIDDLE DOT} would be made 50 10 900" in shown.text
    assert "Closed from vips \N{MIDDLE DOT} not compared (403) 12 would be sent" in shown.text
    assert (
        "It takes 2 imports with 0.40 MB, about 12 requests (0.1 % of the day's 10,000), about 1 "
        "minute"
    ) in shown.text
    assert "What would change" not in page().text


def test_a_failed_run_shows_its_error_first():
    text = page(status="failed", error="Sign in again: login").text

    assert text.index("Why it failed: Sign in again: login") < text.index("How many landed")
    assert "Do what the error says, and run again." in text


def test_a_dry_run_says_that_nothing_was_sent():
    counts = {"read": 10, "unsettled": 9, "rejected": 1}
    text = page(status="dry run", totals=counts).text

    assert "How many would be sent 9 of 10 rows would be sent" in text
    assert "Why others would not" in text
    assert " landed" not in text
    assert "Nothing was sent." in text
    assert "9 would be sent 1 rejected = 10 read" in text
    correct, send = text.index("Correct 39 rows in the source"), text.index("Set dry_run to false")
    assert correct < send
    assert "send them again" not in text


def test_where_all_is_well_there_is_nothing_to_do():
    nothing = {
        key: [] for key in ("rejections", "withheld", "dropped", "findings", "advice", "examples")
    }
    text = page(totals={"read": 5, "landed": 5}, **nothing).text

    assert "5 of 5 rows landed 100 %" in text
    assert "Why others did not All did." in text
    assert "Nothing: every row is where it should be." in text


def test_not_all_is_never_called_all():
    assert "99.9 %" in page(totals={"read": 10**6, "landed": 10**6 - 1, "rejected": 1}).text


def test_copies_of_rows_with_several_lists_are_told_apart():
    text = page(totals={"read": 10, "copies": 5, "landed": 15}).text

    assert "15 of 10 rows and 5 copies landed" in text


@pytest.mark.parametrize(
    ("report", "words"),
    [(None, "Not ended This run is still going"), ("{", "No report The report of this run cannot")],
)
def test_a_run_without_a_report_has_a_page_all_the_same(report, words):
    assert words in _Page(render_run(reports.of_document(report))).text


def test_a_report_of_an_earlier_version_is_shown():
    few = {
        name: reports.document()[name] for name in ("started_at", "ended_at", "status", "totals")
    }
    old = {**reports.imported(1)}
    del old["sent_at"]
    text = _Page(render_run(reports.of_document(few | {"imports": [old]}))).text

    assert "930 of 1,000 rows landed" in text
    assert "1 settled; 1 without the time when they were sent." in text


@pytest.mark.parametrize("past", reports.hostile(), ids=lambda past: past.run)
def test_whatever_is_in_a_report_is_text(past):
    html = render_run(past)
    shown = _Page(html)

    assert {"script", "img", "iframe"} & {tag for tag, _ in shown.elements} == set()
    assert [each for _, each in shown.elements if any(name.startswith("on") for name in each)] == []
    assert {each.get("href", "#")[:5] for each in shown.all("a")} <= {"#"}
    assert "49" not in re.sub(r"\d{4,}", "", shown.text).split()
    assert len(html) < 100_000
    assert "\u202e" not in html
    assert "\x1b" not in html
    assert "ann.miller" not in html


def test_a_name_that_is_read_from_the_right_leaves_what_stands_beside_it():
    name = "\N{HEBREW LETTER ALEF}\N{HEBREW LETTER BET}"
    html = render_run(reports.past(account=name, connection=name))

    assert f"<bdi>{name}</bdi> · connection <bdi>{name}</bdi> · {reports.RUN}" in html


def test_a_hostile_address_is_masked_everywhere():
    past = reports.hostile()[reports.HOSTILE.index("ann.miller@example.com")]

    assert "&lt;address&gt;" in render_run(past)
    assert "miller" not in render_run(past)


@pytest.mark.parametrize(
    "counts",
    [
        {"read": -5, "landed": -7, "rejected": 3},
        {"read": 2**63, "landed": 2**63},
        {"landed": 10**6} | dict.fromkeys(("merged", "left", "blank", "refused", "rejected"), 1),
        {"read": 0, "landed": 12},
        dict.fromkeys(("read", "landed", "rejected", "copies", "unsettled"), 0),
    ],
    ids=str,
)
def test_sums_that_cannot_be_leave_no_bar_that_is_too_wide(counts):
    rects = [
        one
        for one in page(totals=counts, destinations=[]).all("rect")
        if "slice" in str(one.get("class"))
    ]

    assert all(0 <= int(one["x"]) <= int(one["x"]) + int(one["width"]) <= 1_000 for one in rects)
    assert all(int(one["width"]) > 0 for one in rects)


@pytest.mark.parametrize(
    "member",
    [
        {"imports": [reports.imported(1, sent_at=-1e307, seconds=1e307)]},
        {"imports": [reports.imported(1, sent_at=1e307)]},
        {"imports": [reports.imported(1, seconds=-5.0)]},
        {"waits": [{"why": "x", "begun_at": 9, "ended_at": -9, "seconds": 1e308, "times": -1}]},
        {"waits": [{"why": "rate", "begun_at": 0, "ended_at": 1e307, "seconds": 1, "times": 1}]},
        {"requests_today": -9, "requests_per_day": 1},
        {"settings": {"segments": {"a": [[[["deep"]]]]}, "x": None, "y": 1e308}},
        {"started_at": "0001-01-01T00:00:00+00:00"},
    ],
    ids=str,
)
def test_numbers_that_cannot_be_leave_a_page(member):
    shown = page(**member)

    assert "930" in shown.text
    widths = [int(str(one["width"])) for one in shown.all("rect")]
    assert min(widths) > 0
    assert max(widths) <= 1_000


def test_a_setting_that_is_too_deep_to_be_shown_leaves_a_page():
    deep = '{"a":' * 900 + "1" + "}" * 900
    report = json.dumps(reports.document())[:-1] + f', "settings": {{"stream_maps": {deep}}}}}'
    past = read_run(RunRow(reports.RUN, 0.0, "worker-7", "/data", report))

    assert "stream_maps" in _Page(render_run(past)).text


def test_of_more_waits_than_a_report_of_ours_has_some_are_shown():
    wait = {"why": "rate", "begun_at": 2.0, "ended_at": 9.5, "seconds": 7.1, "times": 12}

    assert render_run(reports.past(waits=[wait] * 5_000)).count('class="wait"') == MOST_WAITS


def test_warnings_and_advice_are_things_to_do_and_an_error_is_not_told_twice():
    line = "Field 'dob' mixes two orders of dates"
    assert page(warnings=[line]).text.count(line) == 1
    assert page(warnings=[line], status="failed", error=line).text.count(line) == 1
    assert "import_format: csv would bring" in page().text


def test_what_cannot_be_corrected_is_nothing_to_do():
    found = {"stream": "vips", "reason": "suppressed: unsubscribed", "evidence": "x", "rows": 5}
    text = page(findings=[found], rejections=[], dropped=[], advice=[]).text

    assert "Nothing: every row is where it should be." in text


def test_a_page_loads_nothing_and_runs_nothing():
    html = render_run(reports.past())
    shown = _Page(html)
    policies = [each["content"] for each in shown.all("meta") if "http-equiv" in each]

    assert len(policies) == 1
    assert policies[0].startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policies[0]
    assert all("style" not in attributes for _, attributes in shown.elements)
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", html)


def test_a_page_has_a_language_a_title_headings_in_order_and_scopes():
    shown = page()
    headings = [int(tag[1]) for tag, _ in shown.elements if re.fullmatch(r"h[1-6]", tag)]

    assert shown.all("html") == [{"lang": "en"}]
    assert shown.all("title")
    assert headings[0] == 1
    assert headings.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(headings))
    assert {each.get("scope") for each in shown.all("th")} == {"row", "col"}


def test_of_thousands_of_imports_and_lists_some_are_shown_and_the_rest_is_counted():
    html = render_run(reports.many())
    shown = _Page(html)

    assert f"{1_000 - MOST_ROWS:,} more pairs of a stream and its lists" in shown.text
    assert "803 more reasons" in shown.text
    assert f"{300 - MOST_ROWS} more lists" in shown.text
    assert "5,000 settled" in shown.text
    assert html.count('class="span"') == MOST_IMPORTS
    assert len(html) < 500_000
