"""A real Chromium, and pages to look at with it."""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from target_constant_contact.pages.run_page import render_run
from target_constant_contact.pages.runs_page import render_runs
from tests.support import reports

if TYPE_CHECKING:
    from collections.abc import Iterator

FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--disable-dev-shm-usage", "--hide-scrollbars", "--force-color-profile=srgb"),
)
PICTURES = Path(__file__).parents[2] / "build" / "pages"
SERIOUS = {"serious", "critical"}


class Browser:
    """What the tests ask of a browser."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        self.driver = driver
        self._axe = _axe()

    def open(self, address: str, width: int = 1280, *, dark: bool = False, media: str = "") -> None:
        """Open a page, at this width and with these colours."""
        self._command(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False},
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._command("Emulation.setEmulatedMedia", {"media": media, "features": [scheme]})
        self.driver.get_log("browser")
        self.driver.get(address)

    def run(self, script: str, *arguments: Any) -> Any:
        """What a script returns."""
        return self.driver.execute_script(script, *arguments)

    def complaints(self) -> list[str]:
        """What the console has said since the page was opened."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def findings(self) -> list[str]:
        """What axe finds that is serious or worse."""
        self.run(self._axe)
        found = self.driver.execute_async_script(
            "const done = arguments[0]; axe.run(document).then(done, e => done({failed: '' + e}))"
        )
        assert "failed" not in found, found
        return [
            f"{one['id']}: {one['nodes'][0]['html']}"
            for one in found["violations"]
            if one["impact"] in SERIOUS
        ]

    def picture(self, name: str) -> None:
        """Keep a picture of the whole page, to be looked at."""
        height = self.run("return document.documentElement.scrollHeight")
        width = self.run("return window.innerWidth")
        self._command(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False},
        )
        PICTURES.mkdir(parents=True, exist_ok=True)
        self.driver.save_screenshot(str(PICTURES / f"{name}.png"))

    def printed(self) -> bytes:
        """The page as a PDF on A4."""
        answer = self._command(
            "Page.printToPDF",
            {"printBackground": False, "paperWidth": 8.27, "paperHeight": 11.69},
        )
        return bytes(answer["data"], "ascii")

    def _command(self, name: str, arguments: dict[str, Any]) -> Any:
        return self.driver.execute_cdp_cmd(name, arguments)


def _axe() -> str:
    # Without importing it, which would want a browser driver of its own.
    spec = find_spec("axe_playwright_python")
    assert spec
    assert spec.submodule_search_locations
    folder = Path(spec.submodule_search_locations[0])
    return (folder / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser that nobody has used before."""
    options = webdriver.ChromeOptions()
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.binary_location = next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome")))
    )
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options, Service(shutil.which("chromedriver")))
    driver.set_page_load_timeout(30)
    driver.set_script_timeout(60)
    try:
        yield Browser(driver)
    finally:
        driver.quit()


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Addresses of one page of each kind."""
    folder = tmp_path_factory.mktemp("pages")
    runs = segment_that_halves()
    found = {
        "load": render_run(reports.past()),
        "failed": render_run(
            reports.past(
                status="failed",
                error="The service has refused the token; sign in again with: login",
                unsettled_imports=[{"activity_id": "an-import", "stream": "vips", "rows": 40}],
            )
        ),
        "sweep": render_run(reports.sweep()),
        "dry-run": render_run(dry_run()),
        "unfinished": render_run(reports.of_document(None)),
        "many": render_run(reports.many()),
        "runs": render_runs(runs, place="/data/runs", link=lambda past: f"{past.run}.html"),
        "no-runs": render_runs([], place="/data/runs", link=lambda _: ""),
        "hostile-run": render_run(reports.hostile()[0]),
        "wordy-run": render_run(reports.hostile()[reports.HOSTILE.index(reports.LONG_WORD)]),
        "hostile-runs": render_runs(reports.hostile(), place="/data", link=lambda _: ""),
    }
    for name, page in found.items():
        (folder / f"{name}.html").write_text(page, encoding="utf-8")
    return {name: (folder / f"{name}.html").as_uri() for name in found}


def segment_that_halves() -> list[Any]:
    """Runs of one segment, the newest first."""
    sizes = [1_000, 1_040, 1_030, 1_080, 1_100, 1_090, 480]
    runs = []
    for day, size in enumerate(sizes, 1):
        counts = reports.COUNTS | {"read": size, "landed": size - 70}
        places = [
            {"stream": "vips", "lists": [reports.NEWSLETTER], **counts},
            {"stream": "members", "lists": [{"id": "b", "name": "Members"}], **reports.COUNTS},
        ]
        moment = f"2026-05-{day:02}T04:00:00+00:00"
        members = {"started_at": moment, "ended_at": moment.replace("04:00", "04:02")}
        run = reports.name_of(day)
        members["streams"] = ["vips", "members"]
        runs.append(reports.past(run, destinations=places, totals=counts, **members))
    return runs[::-1]


def dry_run() -> Any:
    """What a load would change: on a list, on a new one, and on one that could not be compared."""
    lists = [
        reports.planned(),
        reports.planned(
            list_id="b", list_name="Members", is_new=True, added=960, updated=0, unchanged=0
        ),
        reports.planned(list_id="c", list_name="Closed", fault="HTTP 403 of its export", people=12),
    ]
    counts = {**reports.COUNTS, "landed": 0, "refused": 0, "unsettled": 935}
    places = [{"stream": "vips", "lists": [reports.NEWSLETTER], **counts}]
    return reports.past(
        status="dry run",
        planned={"lists": lists, "effort": reports.effort()},
        totals=counts,
        destinations=places,
        imports=[],
        findings=[],
    )
