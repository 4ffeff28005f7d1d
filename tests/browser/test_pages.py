"""The pages in a real browser: with eyes, with a keyboard, and on paper."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING

import pytest

from target_constant_contact.pages.run_page import render_run
from target_constant_contact.pages.runs_page import render_runs
from target_constant_contact.pages.server import PageServer
from tests.browser.conftest import segment_that_halves
from tests.support import reports

if TYPE_CHECKING:
    from tests.browser.conftest import Browser

KINDS = ("load", "failed", "sweep", "dry-run", "unfinished", "many", "runs", "no-runs")
KINDS = (*KINDS, "hostile-run", "wordy-run", "hostile-runs")
PHONE, LAPTOP = 390, 1280
PAPER = 688
"""An A4 sheet between its margins."""


@pytest.mark.parametrize("width", [PHONE, LAPTOP])
@pytest.mark.parametrize("kind", KINDS)
def test_a_page_fits_its_window_and_the_console_says_nothing(browser, pages, kind, width):
    browser.open(pages[kind], width)

    assert browser.complaints() == []
    assert browser.run("return document.documentElement.scrollWidth") <= width
    browser.picture(f"{kind}-{width}")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, LAPTOP])
@pytest.mark.parametrize("kind", KINDS)
def test_axe_finds_nothing_serious(browser, pages, kind, width, dark):
    browser.open(pages[kind], width, dark=dark)

    assert browser.findings() == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_loads_nothing(browser, pages, kind):
    browser.open(pages[kind])

    assert browser.run("return performance.getEntriesByType('resource').map(e => e.name)") == []
    assert (
        browser.run("return document.querySelectorAll('script, iframe, object, img').length") == 0
    )


@pytest.mark.parametrize("kind", ["load", "failed", "sweep", "dry-run", "runs"])
def test_no_table_has_to_be_moved_on_a_laptop(browser, pages, kind):
    browser.open(pages[kind], LAPTOP)

    moved = "e => e.scrollWidth > e.clientWidth"
    assert browser.run(f"return [...document.querySelectorAll('.scroll')].filter({moved})") == []


def test_the_first_screen_says_how_many_landed_and_why_others_did_not_and_what_to_do(
    browser, pages
):
    browser.open(pages["load"])

    seen = browser.run(
        "return [...document.querySelectorAll('.answers section')].map("
        "e => [e.getBoundingClientRect().bottom <= innerHeight, e.innerText])"
    )
    assert [fits for fits, _ in seen] == [True, True, True]
    landed, others, steps = (text for _, text in seen)
    assert "930\nof 1,000 rows landed" in landed
    assert "34 rejected" in others
    assert reports.REASON in others
    assert "Correct 39 rows" in steps


def test_dark_colours_are_used_where_the_system_asks_for_them(browser, pages):
    colours = []
    for dark in (False, True):
        browser.open(pages["load"], dark=dark)
        colours.append(browser.run("return getComputedStyle(document.body).backgroundColor"))
        browser.picture(f"load-{'dark' if dark else 'light'}")
    browser.open(pages["runs"], dark=True)
    browser.picture("runs-dark")

    assert colours == ["rgb(246, 247, 248)", "rgb(20, 25, 30)"]


@pytest.mark.parametrize(("kind", "most"), [("load", 4), ("runs", 2), ("sweep", 3), ("dry-run", 3)])
def test_a_page_is_printed_in_light_colours_on_few_sheets(browser: Browser, pages, kind, most):
    browser.open(pages[kind], PAPER, dark=True, media="print")
    browser.picture(f"{kind}-print")
    paper = browser.run("return getComputedStyle(document.body).backgroundColor")
    cut_off = browser.run(
        "return [...document.querySelectorAll('table')].filter("
        "e => e.getBoundingClientRect().right > innerWidth + 1).length"
    )
    assert cut_off == 0
    pdf = base64.b64decode(browser.printed())

    assert paper == "rgb(255, 255, 255)"
    assert 1 <= len(re.findall(rb"/Type\s*/Page\b", pdf)) <= most


def test_every_table_that_may_scroll_is_reached_by_keyboard(browser, pages):
    browser.open(pages["load"], PHONE)

    unreachable = browser.run(
        "return [...document.querySelectorAll('.scroll, pre')].filter("
        "e => e.scrollWidth > e.clientWidth && e.tabIndex !== 0).length"
    )
    assert unreachable == 0
    unnamed = "return document.querySelectorAll('.scroll:not([aria-label])').length"
    assert browser.run(unnamed) == 0


def test_what_others_have_written_is_text_and_nothing_else(browser, pages):
    for kind in ("hostile-run", "hostile-runs"):
        browser.open(pages[kind])
        odd = browser.run(
            "return [...document.querySelectorAll('*')].flatMap(e => [...e.attributes])"
            ".filter(a => a.name.startsWith('on') || /^javascript:/.test(a.value)).length"
        )
        assert odd == 0
        assert browser.complaints() == []


def test_runs_are_served_with_links_to_each_and_back(browser):
    runs = segment_that_halves()

    def make(path: str) -> str | None:
        if not path:
            return render_runs(runs, place="/data", link=lambda past: f"runs/{past.run}")
        name = path.removeprefix("runs/")
        return next((render_run(past, home="../") for past in runs if past.run == name), None)

    with (server := PageServer(make)).serving():
        browser.open(server.url)
        link = browser.driver.find_element("css selector", "tbody a")
        link.click()
        assert browser.driver.title.startswith("410 of 480 rows landed")
        browser.driver.find_element("link text", "All runs").click()
        assert browser.run("return document.querySelector('h1').innerText") == "Runs"
        assert browser.complaints() == []
