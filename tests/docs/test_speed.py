"""What the pages say of speed is what the table of the measurement says."""

from __future__ import annotations

import pytest

from benchmarks.limits import CASES, USUAL_CASES
from target_constant_contact.batches.packer import OPEN_BYTES, OPEN_ROWS
from tests.docs import pages

PROMISED = ("none", "5", "30", "120", "one-by-one", "answers-1.5", "lists", "far-1")
OURS, START = "target-constant-contact", "`target-constant-contact --version`"


def measured(column: int) -> list[str]:
    """A column of the lines about the target, shape by shape."""
    return [cells[column] for cells in pages.rows(pages.marked("speed")) if cells[0] == OURS]


def at_the_limits(column: int) -> dict[str, str]:
    """A column of the table of runs from end to end, by what an import takes there."""
    return {cells[1]: cells[column] for cells in pages.rows(pages.marked("limits"))}


def test_every_usual_case_was_measured_at_the_limits():
    assert list(at_the_limits(1)) == [CASES[name].title for name in USUAL_CASES]


@pytest.mark.parametrize("name", PROMISED)
def test_a_run_takes_little_longer_than_the_least_that_is_possible(name):
    """A tenth; the start and two questions show where imports take no time, and in short runs.

    Who comes again takes an import more, and a poll before it.
    """
    case = CASES[name]
    most = 1.10 if case.seconds and case.part == 1 else 1.15
    if case.repeated:
        most = 1.25
    assert float(at_the_limits(4)[CASES[name].title]) <= most


def test_at_most_one_in_ten_requests_is_a_poll_while_there_is_something_to_send():
    """Where persons come again close by, nothing can be sent for a while at the end."""
    polled = at_the_limits(7)
    for title in (CASES[name].title for name in PROMISED):
        polls, requests = (int(part.replace(",", "")) for part in polled[title].split(" of "))
        assert polls <= requests / 10, title


def test_memory_stays_below_what_is_promised_at_the_limits():
    assert all(int(peak.removesuffix(" MiB")) < 200 for peak in at_the_limits(9).values())


def test_no_request_was_one_too_many():
    assert "refused" not in pages.marked("limits")


def test_every_shape_was_measured():
    headlines = [
        line.strip("*") for line in pages.marked("speed").splitlines() if line.startswith("**")
    ]
    assert headlines[0] == "one stream"
    assert len(headlines) == len(measured(1)) + 1
    assert headlines[-1] == "start-up"


@pytest.mark.parametrize(("shape", "least"), [(0, 13), (1, 10), (2, 10)])
def test_the_target_takes_the_share_of_the_time_that_is_promised(shape, least):
    assert float(measured(2)[shape].removeprefix("1/")) >= least


def test_the_readme_compares_like_with_like():
    """A tenth when both check records against their schema, less than a third when neither does."""
    one_stream = pages.rows(pages.marked("speed"))[:5]
    seconds = {cells[0]: float(cells[1].removesuffix(" s")) for cells in one_stream}

    assert "A tenth of the time of a stock singer-sdk target when both check" in pages.one_line(
        pages.read(pages.README)
    )
    assert round(seconds["stock singer-sdk target"] / seconds["the same, `validate_records`"]) >= 10
    assert seconds["the same without validation"] / seconds[OURS] >= 3


def test_csv_takes_hardly_more_of_the_processor_than_json():
    seconds = {
        cells[0]: float(cells[5].removesuffix(" s"))
        for cells in pages.rows(pages.marked("speed"))[:6]
    }
    assert seconds["the same, `import_format: csv`"] <= 1.05 * seconds[OURS]


def test_memory_stays_below_what_is_promised():
    assert all(int(peak.removesuffix(" MiB")) < 200 for peak in measured(6))


def test_the_start_is_not_much_slower_than_that_of_singer_sdk():
    (ratio,) = [cells[2] for cells in pages.rows(pages.marked("speed")) if cells[0] == START]
    assert float(ratio) <= 1.5


def test_what_open_batches_may_hold_is_what_the_code_lets_them():
    limits = f"{OPEN_BYTES // 1_000_000} MB or {OPEN_ROWS:,} members"
    assert limits in pages.one_line(pages.read(pages.page_of("speed")))
